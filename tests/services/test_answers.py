"""What the services answer is what their OpenAPI documents show, to the last key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from fastapi import FastAPI

from services.prediction_coordinator import responses as coordinator
from services.prediction_worker import responses as worker
from services.prediction_worker.app import build
from shared.domain.features.context import CONTEXT
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.run_store import SqliteRunStore
from shared.model_registry.loading import LoadedModel
from shared.web.health import Health, Ready
from shared.web.openapi import ResponseModel
from tests.application.worlds import Jobs
from tests.conftest import DAY
from tests.domain.batches import STAR
from tests.services.clients import ask
from tests.services.in_memory import Bench as WorkerBench
from tests.services.test_coordinator import Bench as CoordinatorBench

Model = TypeVar("Model")

COORDINATOR: dict[str, type[ResponseModel]] = {
    "POST /start": coordinator.Started,
    "GET /runs": coordinator.Runs,
    "GET /runs/{run_id}": coordinator.Run,
    "POST /check-stalled": coordinator.Ended,
    "GET /predictions/{game_date}": coordinator.ActivePredictions,
    "GET /signals/{game_date}": coordinator.Signals,
    "GET /coverage": coordinator.Coverages,
    "GET /health": Health,
    "GET /ready": Ready,
    "GET /heartbeat": coordinator.CoordinatorHeartbeat,
}
WORKER: dict[str, type[ResponseModel]] = {
    "POST /predict/batch": worker.Predictions,
    "GET /health": Health,
    "GET /ready": Ready,
    "GET /heartbeat": worker.WorkerHeartbeat,
    "GET /models": worker.Models,
}

TOLD = {
    "GET /runs": "/runs",
    "GET /runs/{run_id}": "/runs/RUN",
    "GET /predictions/{game_date}": f"/predictions/{DAY}",
    "GET /signals/{game_date}": f"/signals/{DAY}",
    "GET /coverage": f"/coverage?start_date={DAY - timedelta(days=7)}&end_date={DAY}",
    "GET /health": "/health",
    "GET /ready": "/ready",
    "GET /heartbeat": "/heartbeat",
    "POST /check-stalled": "/check-stalled",
}


def fits(model: type[Model], text: str) -> Model:
    """The response as its model, which must declare every key, also of the dataclasses inside."""
    found = msgspec.json.decode(text, type=model)
    assert keys(msgspec.to_builtins(found)) == keys(msgspec.json.decode(text))
    return found


def keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: keys(v) for k, v in value.items()}
    return [keys(v) for v in value] if isinstance(value, list | tuple) else None


def test_a_coordinator_over_a_graded_fortnight_answers_as_its_document_shows(graded_copy: Jobs) -> None:
    bench = CoordinatorBench(graded_copy.warehouse, graded_copy.folder)
    run = SqliteRunStore(graded_copy.folder / "runs.sqlite").runs(game_date=DAY)[0].run_id
    found: dict[str, Any] = {}
    for route, path in TOLD.items():
        answer = bench.call(route.split(" ")[0], path.replace("RUN", run))
        assert answer.status_code == 200, answer.text
        found[route] = fits(COORDINATOR[route], answer.text)
    assert len(found["GET /predictions/{game_date}"].predictions) > 100
    assert any(s.evidence for s in found["GET /signals/{game_date}"].signals)
    assert found["GET /coverage"].systems
    assert found["GET /runs/{run_id}"].outcomes
    assert found["GET /ready"].checks
    assert COORDINATOR.keys() - TOLD.keys() == {"POST /start"}


def test_a_start_is_answered_as_the_document_shows(warehouse: DuckDbWarehouse, tmp_path: Path) -> None:
    answer = CoordinatorBench(warehouse, tmp_path).call("POST", "/start", json={"game_date": "TODAY"})
    assert answer.status_code == 202
    fits(coordinator.Started, answer.text)


ROWS = {
    "rows": [
        {
            "features": STAR | dict.fromkeys(CONTEXT, 1.0),
            "line": 24.5,
            "over_price": -110,
            "under_price": -110,
        },
        {"features": {}, "line": None},
    ]
}


def test_a_worker_answers_as_its_document_shows(
    warehouse: DuckDbWarehouse, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    app = build(WorkerBench(warehouse, tmp_path, models).make)
    for route in WORKER:
        method, path = route.split(" ")
        given = {"json": ROWS} if method == "POST" else {}
        answer = ask(app, method, path, **given)
        assert answer.status_code == 200, answer.text
        told = fits(WORKER[route], answer.text)
        if isinstance(told, worker.Predictions):
            shapes = {kind.__struct_fields__: kind for kind in worker.PREDICTIONS}
            said = [said for row in told.predictions for said in row.values()]
            kinds = {shapes[tuple(one)] for one in said if msgspec.convert(one, shapes[tuple(one)])}
            assert kinds == set(worker.PREDICTIONS)
        if isinstance(told, worker.Models):
            assert len(told.models) == len(models)


def test_every_key_is_declared(graded_copy: Jobs) -> None:
    text = CoordinatorBench(graded_copy.warehouse, graded_copy.folder).call("GET", "/health").text
    with pytest.raises(msgspec.ValidationError, match="unknown field `more`"):
        fits(Health, text.replace("{", '{"more":1,', 1))


@pytest.mark.parametrize("models", [COORDINATOR, WORKER])
def test_every_route_that_answers_json_has_its_shape(
    models: dict[str, type[ResponseModel]], warehouse: DuckDbWarehouse, tmp_path: Path
) -> None:
    bench = WorkerBench(warehouse, tmp_path, {})
    app: FastAPI = build(bench.make) if models is WORKER else CoordinatorBench(warehouse, tmp_path / "o").app
    document = app.openapi()
    assert document is app.openapi()
    shown = {
        f"{method.upper()} {path}": told["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for code, told in operation["responses"].items()
        if code.startswith("2") and "application/json" in told.get("content", {})
    }
    assert shown == {route: model.__name__ for route, model in models.items()}
    assert set(shown.values()) <= document["components"]["schemas"].keys()
