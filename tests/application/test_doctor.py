from __future__ import annotations

from pathlib import Path

from shared.application.models.registry import State
from shared.application.operations.doctor import Doctor
from shared.application.operations.heartbeats import Heartbeats
from shared.domain.findings import Finding, Severity
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.model_registry.bundle import read_bundle
from tests.application.worlds import Jobs, copy_of


def doctor(jobs: Jobs, paths: dict[str, Path], sha256: dict[str, str] | None = None) -> dict[str, Finding]:
    named = {s: str(p) for s, p in paths.items()}
    found = Doctor(jobs.warehouse, jobs.documents, DirectoryModelStore(), named, sha256 or {})()
    return {f.check: f for f in found}


def test_a_whole_installation(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> None:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    Heartbeats(jobs.documents).beat("prediction-worker", {})
    found = doctor(jobs, model_paths)
    assert {f.severity for f in found.values()} == {Severity.OK, Severity.INFO}
    assert found["model:catboost_v8"].evidence == (
        "off in the services: CATBOOST_V8_MODEL_PATH is not set; props predict takes a registered model or"
        " trains one"
    )
    assert model_paths["catboost_v9"].stem in found["model:catboost_v9"].evidence
    assert found["inputs:feature_snapshots"].evidence == "1 rows, the last of 2025-03-19"
    assert found["heartbeat:prediction-worker"].severity is Severity.OK


def test_an_empty_store_says_what_to_load(tmp_path: Path) -> None:
    found = doctor(Jobs(tmp_path, {}), {})
    assert found["inputs:games"].remedy == "props load DIR"
    assert found["inputs:feature_snapshots"].remedy == "props features build --dates D"


def test_a_model_that_is_not_the_one_meant_is_named(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    paths = {"catboost_v9": model_paths["catboost_v9"], "catboost_v8": tmp_path / "absent.cbm"}
    found = doctor(jobs, paths, {"catboost_v9": "0000"})
    assert found["model:catboost_v9"].severity is Severity.CRITICAL
    assert "expected 0000" in found["model:catboost_v9"].evidence
    assert "no such model file" in found["model:catboost_v8"].evidence


def test_a_configured_model_that_is_not_the_champion_is_critical(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    jobs.registry.add([read_bundle(DirectoryModelStore(), str(model_paths["catboost_v9"]))])
    jobs.registry.change_state(model_paths["catboost_v9"].stem, State.CHAMPION, "test")
    assert doctor(jobs, model_paths)["models:champion"].severity is Severity.OK
    jobs.change("UPDATE nba_predictions.model_registry SET sha256 = 'x', model_id = 'better' WHERE TRUE")
    found = doctor(jobs, model_paths)["models:champion"]
    assert found.severity is Severity.CRITICAL
    assert found.evidence == f"catboost_v9 serves {model_paths['catboost_v9'].stem}, the champion is better"


def test_a_store_that_does_not_answer_is_said(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_text("not a database")
    jobs = Jobs(tmp_path, {})
    assert isinstance(jobs.warehouse, DuckDbWarehouse)
    found = doctor(jobs, {})
    assert found["store"].severity is Severity.CRITICAL
    assert "inputs:games" not in found
