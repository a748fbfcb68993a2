"""The record of releases, the questions to a revision, and whether the warehouse has the schema."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.application.models.champion_check import describe_model
from shared.application.models.registry import Registry
from shared.application.operations.deployments import Deployment, Deployments
from shared.application.operations.release_check import CheckRevision, ExpectedRevision
from shared.application.operations.schema_check import schema_differences
from shared.application.prediction.batch_api import PredictRows
from shared.application.prediction.predict import Predict
from shared.domain.vocabulary import Role
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import Rejected
from shared.model_registry.bundle import Bundle
from shared.model_registry.loading import LoadedModel
from shared.schemas.catalog import TABLES
from shared.schemas.rows import read_rows
from shared.schemas.table import Column, Table

NOW = datetime(2025, 1, 15, 3, 30, tzinfo=UTC)
DONE = Deployment("d1", "prediction-worker", "deploy", "succeeded", "abc", "a@b", revision="w-1")


def test_a_deployment_is_kept_with_its_training_and_told_in_both_times(
    warehouse: DuckDbWarehouse, bundles: list[Bundle]
) -> None:
    Registry(warehouse).add(bundles[:1], experiment_id="e1")
    manifest = bundles[0].manifest
    kept = Deployments(warehouse)
    kept.record(Deployment(**{**vars(DONE), "model_sha256": manifest.sha256}), NOW)
    (row,) = kept.newest("prediction-worker")
    assert (row["model_id"], row["experiment_id"]) == (manifest.name, "e1")
    assert (row["deployed_at"], row["deployed_at_eastern"]) == (NOW, "2025-01-14T22:30:00-05:00")
    assert kept.newest("prediction-coordinator") == []


def test_a_record_that_is_repeated_is_the_first_one(warehouse: DuckDbWarehouse) -> None:
    kept = Deployments(warehouse)
    kept.record(DONE, NOW)
    kept.record(Deployment(**{**vars(DONE), "outcome": "refused"}), NOW)
    assert [r["outcome"] for r in kept.newest()] == ["succeeded"]


def test_an_outcome_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Rejected, match="outcome 'fine', expected one of succeeded, refused"):
        Deployment(**{**vars(DONE), "outcome": "fine"})


class Revision:
    """A worker that answers as it would over HTTP; ``instead`` replaces answers by path."""

    def __init__(self, models: dict[str, LoadedModel]) -> None:
        self._predict_rows = PredictRows(Predict(models))
        self.beat: dict[str, Any] = {
            "service": "prediction-worker", "commit": "abc", "revision": "w-1",
            "models": [describe_model(m, Role.CHAMPION) for m in models.values()],
        }  # fmt: skip
        self.instead: dict[str, tuple[int, Any]] = {}

    def __call__(self, path: str, body: Any = None) -> tuple[int, Any]:
        if path in self.instead:
            return self.instead[path]
        if path != "/predict/batch":
            return 200, self.beat if path == "/heartbeat" else {}
        return 200, {"predictions": self.predict(body["rows"], body["systems"])}

    def predict(self, rows: Any, systems: Any) -> Any:
        """The predictions, as a client reads them from the response."""
        body = msgspec.json.encode({"rows": rows, "systems": systems})
        request = self._predict_rows.build_request(read_rows(body))
        self._predict_rows.predict_together([request])
        return msgspec.json.decode(msgspec.json.encode(request.predictions))


@pytest.fixture
def answering(models: dict[str, LoadedModel]) -> Revision:
    return Revision(models)


def failed(ask: Revision, warehouse: DuckDbWarehouse, meant: ExpectedRevision) -> dict[str, str]:
    found = CheckRevision(ask, DirectoryModelStore(), warehouse)(meant)
    return {c.name: c.detail for c in found if not c.passed}


def test_a_worker_that_is_what_was_meant_passes_with_golden_rows_and_a_real_player(
    answering: Revision, warehouse: DuckDbWarehouse, models: dict[str, LoadedModel]
) -> None:
    v9 = models["catboost_v9"]
    meant = ExpectedRevision("prediction-worker", "abc", "w-1", v9.path, v9.sha256)
    found = CheckRevision(answering, DirectoryModelStore(), warehouse)(meant)
    assert [(c.name, c.passed) for c in found] == [
        ("ready", True), ("heartbeat", True), ("model", True), ("golden:catboost_v9", True),
        ("golden:catboost_v9_2026_02", True), ("prediction", True),
    ]  # fmt: skip
    assert "on 2025-03-19: catboost_v9, catboost_v9_2026_02, line_anchored_v1" in found[-1].detail


@pytest.mark.parametrize(
    ("wrong", "name", "said"),
    [
        ({"commit": "def"}, "heartbeat", "commit 'abc', expected 'def'"),
        ({"revision": "w-2"}, "heartbeat", "revision 'w-1', expected 'w-2'"),
        ({"service": "prediction-coordinator"}, "heartbeat", "service 'prediction-worker', expected"),
        ({"model_sha256": "00"}, "model", "expected 00"),
        ({"model_path": "gs://b/other.cbm"}, "model", "expected gs://b/other.cbm"),
    ],
)
def test_another_than_the_one_meant_fails(
    answering: Revision, warehouse: DuckDbWarehouse, wrong: dict[str, str], name: str, said: str
) -> None:
    found = failed(answering, warehouse, ExpectedRevision(**({"service": "prediction-worker"} | wrong)))
    assert said in found[name]


def test_a_worker_that_is_not_ready_is_asked_for_nothing_else(
    answering: Revision, warehouse: DuckDbWarehouse
) -> None:
    answering.instead["/ready"] = (503, {"detail": "model:catboost_v9: absent"})
    found = failed(answering, warehouse, ExpectedRevision("prediction-worker"))
    assert found == {"ready": "/ready answered 503: model:catboost_v9: absent"}


def test_golden_rows_that_come_out_differently_fail(answering: Revision, warehouse: DuckDbWarehouse) -> None:
    right = answering.predict

    def off(rows: Any, systems: Any) -> Any:
        return [
            {
                s: a if "reason" in a else a | {"raw_prediction": a["raw_prediction"] + 1e-9}
                for s, a in r.items()
            }
            for r in right(rows, systems)
        ]

    answering.predict = off  # type: ignore[method-assign]
    found = failed(answering, warehouse, ExpectedRevision("prediction-worker"))
    assert set(found) == {"golden:catboost_v9", "golden:catboost_v9_2026_02"}
    assert "a golden row gives" in found["golden:catboost_v9"]


def test_a_system_that_emits_nothing_for_a_real_player_fails(
    answering: Revision, warehouse: DuckDbWarehouse
) -> None:
    right = answering.predict

    def silent(rows: Any, systems: Any) -> Any:
        one = len(systems) > 1
        return [{s: {"reason": "off"} if one else a for s, a in r.items()} for r in right(rows, systems)]

    answering.predict = silent  # type: ignore[method-assign]
    found = failed(answering, warehouse, ExpectedRevision("prediction-worker"))
    assert set(found) == {"prediction"}
    assert found["prediction"].startswith("catboost_v9 emits nothing for ")


def test_without_a_feature_store_the_real_prediction_is_left_out_and_that_is_said(
    answering: Revision, tmp_path: Path
) -> None:
    found = CheckRevision(answering, DirectoryModelStore(), DuckDbWarehouse(tmp_path / "w.duckdb"))(
        ExpectedRevision("prediction-worker")
    )
    assert found[-1].detail == "left out: the feature store has no snapshot yet"


def test_the_schema_is_compared_column_by_column(tmp_path: Path) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    assert schema_differences(warehouse) == []
    (kept,) = [t for t in TABLES if t.name == "deployments"]
    more = Table(kept.full_name, "", (*kept.columns, Column("colour", "STRING", "")), kept.key, None)
    other = Table(kept.full_name, "", (Column("commit", "INT64", ""), *kept.columns[:1]), kept.key, None)
    absent = Table(f"{kept.dataset}.not_there", "", kept.columns, kept.key, None)
    found = schema_differences(warehouse, [more, other, absent])
    assert found[:2] == [
        "nba_predictions.deployments.colour: absent, expected string",
        "nba_predictions.deployments.commit: string, expected int64",
    ]
    assert found[2].startswith("nba_predictions.not_there: ")
