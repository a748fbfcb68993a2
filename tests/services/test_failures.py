"""Whatever fails, and whatever kind of failure it is: a problem document, a line of the log, a count."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import services
import shared
from services.prediction_coordinator.console.runs import _start_advice
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import AppError, InvalidStatement
from shared.schemas.messages import PredictionReady, encode
from shared.web.problems import PROBLEMS, UNEXPECTED, error_response, problem_of
from tests.conftest import DAY, Logged
from tests.services import in_memory
from tests.services.clients import envelope
from tests.services.test_coordinator import Bench

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


class OfNoKind(AppError):
    """Deliberately without an entry in the table."""


class Strange(Exception):
    pass


FAILURES = [
    StopIteration("inner detail"),
    StopAsyncIteration("inner detail"),
    RecursionError("inner detail"),
    MemoryError("inner detail"),
    RuntimeError("inner detail"),
    ExceptionGroup("inner detail", [ValueError("inner detail")]),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "inner detail"),
    InvalidStatement("inner detail"),
    OfNoKind("inner detail"),
    Strange("inner detail"),
]


@pytest.fixture
def bench(warehouse: DuckDbWarehouse, tmp_path: Path) -> Bench:
    return Bench(warehouse, tmp_path)


@pytest.fixture
def worker(warehouse: DuckDbWarehouse, tmp_path: Path) -> in_memory.Bench:
    return in_memory.Bench(warehouse, tmp_path / "worker", {})


def kinds(of: type[AppError] = AppError) -> Iterator[type[AppError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_kind_of_failure_in_the_code_has_an_entry() -> None:
    for package in (shared, services):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    ours = [k for k in kinds() if k.__module__.startswith(("shared.", "services.", "backfill_jobs."))]
    assert len(ours) >= 12
    assert [k for k in ours if not any(parent in PROBLEMS for parent in k.__mro__)] == []


def test_a_kind_without_an_entry_has_an_answer_everywhere() -> None:
    failure = OfNoKind("inner detail")
    assert error_response(failure).status_code == 500
    assert problem_of(failure).advice == _start_advice(failure) == UNEXPECTED.advice


def raising(failure: Exception) -> Any:
    def fails(*_: object, **__: object) -> None:
        raise failure

    return fails


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: type(f).__name__)
def test_any_failure_is_a_logged_and_counted_problem_document(
    bench: Bench, logged: Logged, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(bench.world.runs, "runs", raising(failure))
    monkeypatch.setattr(bench.world.runs, "players", raising(failure))
    monkeypatch.setattr(bench.world.runs, "get", raising(failure))
    ready = envelope(encode(PredictionReady(1, "run", "p", "predicted", {})))
    for method, path, body in (
        ("GET", "/runs", b""), ("GET", "/console/runs", b""), ("GET", "/console/runs/x", b""),
        ("POST", "/complete", ready),
    ):  # fmt: skip
        vars(failure).pop("logged", None)
        before = len(logged())
        answer = bench.call(method, path, content=body, headers=TRACED)
        assert (answer.status_code, "inner detail" in answer.text) == (500, False), (path, answer.text)
        assert TRACE in answer.text
        lines = [line for line in logged()[before:] if line["severity"] == "ERROR"]
        assert len(lines) == 1, path
        assert lines[0]["logging.googleapis.com/trace"].endswith(TRACE)
        assert "inner detail" in lines[0]["exception"]
        route = "/console/runs/{run_id}" if path.endswith("/x") else path
        count = f'coordinator_request_seconds_count{{route="{route}",status="500"}} 1.0'
        assert count in bench.call("GET", "/metrics").text


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: type(f).__name__)
def test_the_bare_routes_of_the_worker_answer_like_the_others(
    worker: in_memory.Bench, logged: Logged, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    monkeypatch.setattr(worker.world.warehouse, "append", raising(failure))
    for body in (envelope(encode(worker.job)), b"not json"):
        vars(failure).pop("logged", None)
        before = len(logged())
        answer = worker.call("POST", "/predict", content=body, headers=TRACED)
        assert answer.status_code == 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert "inner detail" not in answer.text
        lines = [line for line in logged()[before:] if line["severity"] == "ERROR"]
        assert len(lines) == 1
        assert lines[0]["logging.googleapis.com/trace"].endswith(TRACE)


def test_an_answer_that_cannot_be_written_as_json_is_a_failure_like_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = bench.app.state.coordinator.queries
    monkeypatch.setattr(type(questions), "predictions", lambda *_: [{"x": object()}])
    answer = bench.call("GET", f"/predictions/{DAY}")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")


def test_a_path_or_method_that_there_is_not_is_a_problem_document(bench: Bench) -> None:
    for method, path, status in (
        ("GET", "/nothing", 404), ("GET", "/predictions/a/b", 404), ("DELETE", "/runs", 405),
        ("HEAD", "/runs", 405), ("OPTIONS", "/start", 405), ("PUT", "/console/runs", 405),
    ):  # fmt: skip
        answer = bench.call(method, path)
        assert answer.status_code == status, (method, path)
        assert answer.headers["content-type"] == "application/problem+json"
