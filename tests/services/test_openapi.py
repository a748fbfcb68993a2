"""What the OpenAPI documents promise is what the services do, whatever a machine thinks of sending."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import CHECKS
from schemathesis.generation import GenerationMode

from services.prediction_coordinator.app import build as coordinator
from services.prediction_worker.app import build as worker
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.web.authentication import AuthPolicy
from shared.web.id_tokens import TokenPolicy
from tests.services.in_memory import Bench as WorkerBench
from tests.services.test_coordinator import Bench as CoordinatorBench

CLOSED = AuthPolicy(TokenPolicy(frozenset({"a"}), frozenset({"e"}), frozenset({"i"})))
CONFORM = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")


class Caller:
    """One service for many calls: its lifespan lasts as long as the tests of this module."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        self.app, self._runner = app, runner
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://127.0.0.1"
        )
        self._lifespan = app.router.lifespan_context(app)
        runner.run(self._lifespan.__aenter__())

    def close(self) -> None:
        self._runner.run(self._lifespan.__aexit__(None, None, None))
        self._runner.run(self._client.aclose())

    def send(self, case: schemathesis.Case) -> httpx.Response:
        kwargs = case.as_transport_kwargs(base_url="http://127.0.0.1")
        kwargs = {k: v for k, v in kwargs.items() if k in SENT}
        plain = requests.Request(**kwargs).prepare()
        headers = dict(plain.headers)
        request = httpx.Request(str(plain.method), str(plain.url), headers=headers, content=plain.body)
        return self._runner.run(self._client.send(request))


SENT = ("method", "url", "headers", "params", "data", "json", "files", "cookies")


@pytest.fixture(scope="module")
def callers(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Caller]]:
    with asyncio.Runner() as runner:
        made: dict[str, Caller] = {}
        folder = tmp_path_factory.mktemp("openapi")
        warehouse = DuckDbWarehouse(Path(shutil.copy(loaded, folder / "warehouse.duckdb")))
        bench = WorkerBench(warehouse, folder, {})
        made["worker"] = Caller(worker(bench.make), runner)
        made["closed worker"] = Caller(worker(bench.make, CLOSED), runner)
        other = CoordinatorBench(warehouse, folder)
        made["coordinator"] = Caller(other.app, runner)
        made["closed coordinator"] = Caller(coordinator(other.app.state.coordinator, CLOSED), runner)
        yield made
        for caller in made.values():
            caller.close()


def check_every_operation(caller: Caller, mode: GenerationMode, examples: int) -> set[int]:
    """Every status that came. Not every operation can be asked wrongly."""
    schema = schemathesis.openapi.from_dict(caller.app.openapi())
    checks: Any = [CHECKS.get_one(name) for name in CONFORM]
    seen: set[int] = set()
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=examples,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def conforms(case: schemathesis.Case) -> None:
            answer = caller.send(case)
            seen.add(answer.status_code)
            assert answer.status_code != 500, answer.text
            case.validate_response(answer, checks=checks)

        with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
            conforms()
    return seen


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("name", ["coordinator", "worker"])
def test_every_answer_is_one_that_the_document_names(
    callers: dict[str, Caller], name: str, mode: GenerationMode
) -> None:
    seen = check_every_operation(callers[name], mode, 15)
    assert seen >= ({200, 204} if mode is GenerationMode.POSITIVE else {204, 400, 422})


@pytest.mark.parametrize("name", ["closed coordinator", "closed worker"])
def test_who_may_not_come_in_is_told_what_the_document_names(callers: dict[str, Caller], name: str) -> None:
    assert check_every_operation(callers[name], GenerationMode.POSITIVE, 2) <= {200, 401}
