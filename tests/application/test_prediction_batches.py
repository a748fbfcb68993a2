"""Batches of predictions are judged before they come into use, each system by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.application.backfill.prediction_backfill import BackfillOptions
from shared.application.backfill.results import Status
from shared.domain.arrays import Floats
from shared.domain.features.contract import INDEX
from shared.domain.findings import Severity
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.model_registry.loading import LoadedModel
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY

BUT_V8 = tuple(s for s in SYSTEM_IDS if s != "catboost_v8")  # no model is trained for it
ENSEMBLES = ("ensemble_v1", "ensemble_v1_1")


@dataclass(frozen=True)
class PointsPerMinute:
    """A model of another target with the features of the contract."""

    def predict(self, inputs: Floats) -> Floats:
        return np.asarray(inputs[:, INDEX["ppm_avg_last_10"]])


@dataclass(frozen=True)
class Minutes:
    def predict(self, inputs: Floats) -> Floats:
        return np.asarray(inputs[:, INDEX["minutes_avg_last_10"]])


@pytest.fixture
def jobs(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Jobs:
    return Jobs(copy_of(loaded, tmp_path / "props"), model_paths)


def serve(jobs: Jobs, monkeypatch: pytest.MonkeyPatch, models: Mapping[str, Any]) -> None:
    """Let other models serve some systems, whatever file is named."""
    load = jobs.predictions._models._load

    def replaced(system: str, path: str) -> LoadedModel:
        found = load(system, path)
        return replace(found, model=models[system]) if system in models else found

    monkeypatch.setattr(jobs.predictions._models, "_load", replaced)


def active(jobs: Jobs) -> dict[str, int]:
    rows = jobs.active()
    return {s: n for s in SYSTEM_IDS if (n := sum(r["system_id"] == s for r in rows))}


@pytest.mark.parametrize("model", [PointsPerMinute(), Minutes()], ids=["points per minute", "minutes"])
def test_a_model_of_another_target_is_held_and_the_others_come_into_use(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, model: Any
) -> None:
    serve(jobs, monkeypatch, {"catboost_v9": model})
    result = jobs.predict()
    assert result.status is Status.PARTIAL
    assert result.note is not None
    assert "catboost_v9: mean(predicted - line)" in result.note
    assert "expected -" in result.note
    assert "ensemble_v1: combines catboost_v9" in result.note
    assert f"props predict --dates {DAY} --systems catboost_v9,ensemble_v1,ensemble_v1_1" in result.note
    assert "--accept-findings" in result.note
    there = active(jobs)
    assert not {"catboost_v9", *ENSEMBLES} & there.keys()
    assert {"moving_average", "zone_matchup_v1", "catboost_v9_2026_02", "line_anchored_v1"} <= there.keys()
    staged = jobs.rows("SELECT DISTINCT system_id FROM nba_predictions.prediction_staging")
    assert {r["system_id"] for r in staged} >= {"catboost_v9", *ENSEMBLES}
    findings = {f.check: f for f in jobs.validate(DAY)}
    assert findings["held:catboost_v9"].severity is Severity.CRITICAL
    assert "mean(predicted - line)" in findings["held:catboost_v9"].evidence


def test_earlier_rows_stay_active_until_the_batch_is_accepted(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert jobs.predict(systems=BUT_V8).status is Status.SUCCESS
    before = {r["prediction_id"] for r in jobs.active() if r["system_id"] in ("catboost_v9", *ENSEMBLES)}
    serve(jobs, monkeypatch, {"catboost_v9": PointsPerMinute()})
    assert jobs.predict(force=True, systems=BUT_V8).status is Status.PARTIAL
    kept = {r["prediction_id"] for r in jobs.active() if r["system_id"] in ("catboost_v9", *ENSEMBLES)}
    assert kept == before
    result = jobs.predict(force=True, systems=BUT_V8, accept_findings=True)
    assert result.status is Status.SUCCESS
    assert "activated although catboost_v9: " in (result.note or "")
    points = [r["raw_prediction"] for r in jobs.active() if r["system_id"] == "catboost_v9"]
    assert max(points) < 3.0
    assert not [f for f in jobs.validate(DAY) if f.check.startswith("held:")]


def test_a_run_whose_every_system_is_held_activates_nothing_and_has_failed(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(jobs, monkeypatch, {"catboost_v9": PointsPerMinute()})
    result = jobs.predict(systems=("catboost_v9",))
    assert result.status is Status.FAILED
    assert (result.note or "").endswith("nothing activated")
    assert jobs.active() == []


def test_without_lines_and_without_a_past_the_players_own_points_judge(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of a bare system on a date without a single quote."""
    serve(jobs, monkeypatch, {"catboost_v9": PointsPerMinute()})
    jobs.change(
        "UPDATE nba_predictions.ml_feature_store_v2 SET line_value = NULL WHERE game_date = @d", d=DAY
    )
    result = jobs.predict(systems=("catboost_v9", "moving_average"))
    assert result.status is Status.PARTIAL
    assert "catboost_v9: mean(predicted - last ten games)" in (result.note or "")
    assert set(active(jobs)) == {"moving_average"}


def test_an_honest_run_is_not_held(jobs: Jobs) -> None:
    result = jobs.predict(systems=BUT_V8)
    assert result.status is Status.SUCCESS
    assert set(active(jobs)) == set(BUT_V8)
    assert [f.evidence for f in jobs.validate(DAY) if f.check == "held"] == [
        "no batch of predictions is held"
    ]


def test_a_bare_model_is_warned_of_in_the_commands_own_answer(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    bare = tmp_path / "bare.cbm"
    bare.write_bytes(model_paths["catboost_v9"].read_bytes())
    jobs = Jobs(copy_of(loaded, tmp_path / "props"), {"catboost_v9": bare})
    (result,) = jobs.predictions([DAY], BackfillOptions(systems=("catboost_v9",)))
    assert result.status is Status.SUCCESS
    (said,) = result.warnings
    assert said.startswith("WARNING catboost_v9: unverified-")
    assert "props train catboost_v9" in said
    (note,) = jobs.rows("SELECT note FROM nba_predictions.prediction_runs")
    assert said in note["note"]
    (finding,) = [f for f in jobs.validate(DAY) if f.check == "model:catboost_v9"]
    assert finding.severity is Severity.WARNING
    assert finding.remedy is not None
    assert finding.remedy.startswith("props train catboost_v9")
