"""kill -9 at any write of any job, then the same command again: the tables of an undisturbed run."""

from __future__ import annotations

import os
import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.application.features.build import BuildOptions
from shared.backends import path_variable
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.domain.vocabulary import RunMode
from shared.embedded.sample_league import AFTER_GAMES
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY
from tests.infra.commands import ROOT
from tests.programs import run_program

PROPS = "backfill_jobs.cli.main"
BACKFILL = "backfill_jobs.prediction.player_prop_predictions_backfill"
GRADE = "backfill_jobs.grading.prediction_accuracy.prediction_accuracy_grading_backfill"
BUT_V8 = ",".join(s for s in SYSTEM_IDS if s != "catboost_v8")


def command(world: Jobs, kill_at: int | None, module: str, *arguments: str) -> int:
    """Give the command once; its return code, -9 where it was killed."""
    environment = {
        **os.environ,
        "PROPS_HOME": str(world.folder),
        "PROPS_NOW": world.now.isoformat(),
        **{path_variable(s): str(p) for s, p in world.named.items()},
    }
    words = (
        [module, *arguments] if kill_at is None else ["tests.jobs.killer", str(kill_at), module, *arguments]
    )
    ended = run_program(words[0], words[1:], environment, ROOT, seconds=100)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode


VOLATILE = {
    "prediction_id", "run_id", "superseded_by", "created_at", "activated_at", "superseded_at", "predicted_at",
    "graded_at", "feature_snapshot_id", "snapshot_id", "as_of",
}  # fmt: skip


def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in r.items() if k not in VOLATILE} for r in rows]


def features(world: Jobs) -> list[dict[str, Any]]:
    """What a reader of the store sees: the rows of the newest finished snapshot."""
    return plain(
        world.rows(
            "SELECT f.* FROM nba_predictions.ml_feature_store_v2 AS f JOIN (SELECT snapshot_id FROM "
            "nba_predictions.feature_snapshots WHERE game_date = @d ORDER BY created_at DESC LIMIT 1) AS s "
            "ON s.snapshot_id = f.snapshot_id WHERE f.game_date = @d ORDER BY f.player_lookup",
            d=DAY,
        )
    )


@pytest.mark.slow
def test_building_features(loaded: Path, tmp_path: Path) -> None:
    arguments = ("features", "build", "--dates", DAY.isoformat())
    calm = Jobs(copy_of(loaded, tmp_path / "calm"), {})
    assert command(calm, None, PROPS, *arguments) == 0
    for at in (2, 3, 4, 8, 9, 10, 11, 12):
        world = Jobs(copy_of(loaded, tmp_path / f"k{at}"), {})
        before = features(world)
        assert command(world, at, PROPS, *arguments) == -signal.SIGKILL, at
        assert features(world) == before
        assert command(world, None, PROPS, *arguments) == 0
        assert features(world) == features(calm)
        assert world.doctor(DAY, DAY)[DAY].verdict == "ready"


@pytest.fixture
def calm(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Jobs:
    world = Jobs(copy_of(loaded, tmp_path / "calm"), model_paths)
    assert command(world, None, BACKFILL, *PREDICT) == 0
    return world


PREDICT = ("--dates", DAY.isoformat(), "--force", "--systems", BUT_V8, "--reason", "new model")


@pytest.mark.slow
def test_predicting_with_force(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path], calm: Jobs
) -> None:
    wanted = plain(calm.active())
    died = 0
    for at in range(2, 31, 3):  # 32 dies after the last write: the command has ended
        world = Jobs(copy_of(loaded, tmp_path / f"k{at}"), model_paths)
        code = command(world, at, BACKFILL, *PREDICT)
        died += code == -signal.SIGKILL
        active = world.active()
        assert not active or len(active) == len(wanted), f"half a date at {at}"
        assert command(world, None, BACKFILL, *PREDICT) == 0
        assert plain(world.active()) == wanted, at
        if code == -signal.SIGKILL:
            everything = world.rows("SELECT 1 FROM nba_predictions.player_prop_predictions")
            assert len(everything) == len(wanted), f"rows superseded by the repeat at {at}"
            assert len(world.rows("SELECT 1 FROM nba_predictions.prediction_regeneration_audit")) == 1, at
        assert {r.closed_at is None for r in world.runs.runs()} == {False}
    assert died >= 8


PAST = [DAY - timedelta(days=n) for n in range(6, 0, -1)]
TOGETHER = (
    "--start-date", PAST[0].isoformat(), "--end-date", PAST[-1].isoformat(), "--allow-started", "--force",
    "--systems", "moving_average,zone_matchup_v1,catboost_v9_2026_02", "--reason", "new model",
)  # fmt: skip


def used(world: Jobs) -> list[dict[str, Any]]:
    return world.rows(
        "SELECT * FROM nba_predictions.player_prop_predictions WHERE game_date BETWEEN @first AND @last "
        "AND is_active ORDER BY game_date, player_lookup, system_id",
        first=PAST[0],
        last=PAST[-1],
    )


@pytest.mark.slow
def test_predicting_dates_that_run_together(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    """What was done of them is all or nothing for each date, and the repeat does the rest."""
    built = Jobs(copy_of(loaded, tmp_path / "built"), model_paths)
    built.build(PAST[0], PAST[-1], BuildOptions(RunMode.BACKFILL))
    start = built.folder / "warehouse.duckdb"
    calm = Jobs(copy_of(start, tmp_path / "calm"), model_paths)
    assert command(calm, None, BACKFILL, *TOGETHER) == 0
    wanted = plain(used(calm))
    sizes = Counter(r["game_date"] for r in wanted)
    assert len(sizes) == 4
    died = 0
    for at in (4, 9, 16, 29, 30, 35, 41, 48, 49, 50, 52, 59, 63):
        world = Jobs(copy_of(start, tmp_path / f"d{at}"), model_paths)
        code = command(world, at, BACKFILL, *TOGETHER)
        died += code == -signal.SIGKILL
        assert Counter(r["game_date"] for r in used(world)).items() <= sizes.items(), f"half a date at {at}"
        assert command(world, None, BACKFILL, *TOGETHER) == 0
        assert plain(used(world)) == wanted, at
        if code == -signal.SIGKILL:
            everything = world.rows("SELECT 1 FROM nba_predictions.player_prop_predictions")
            assert len(everything) == len(wanted), f"rows superseded by the repeat at {at}"
            assert len(world.rows("SELECT 1 FROM nba_predictions.prediction_regeneration_audit")) == 4, at
        assert {r.closed_at is None for r in world.runs.runs()} == {False}
    assert died >= 10


def test_grading(tmp_path: Path, calm: Jobs, results_folder: Path) -> None:
    after = calm.at(AFTER_GAMES)
    after.reveal(results_folder)
    arguments = ("--start-date", DAY.isoformat(), "--end-date", DAY.isoformat())
    for at in (2, 3, 4):
        world = Jobs(copy_of(after.folder / "warehouse.duckdb", tmp_path / f"g{at}"), {}, AFTER_GAMES)
        command(world, at, GRADE, *arguments)
        assert command(world, None, GRADE, *arguments) == 0
        assert {c.level for s, c in world.coverage(DAY, DAY).items() if c.predictions} == {"OK"}
        rows = world.accuracy()
        assert len(rows) == len(world.active()) == len({(r["player_id"], r["system_id"]) for r in rows})


@pytest.mark.slow
def test_loading(tmp_path: Path, league_folder: Path, loaded: Path) -> None:
    count = "SELECT COUNT(*) AS n, SUM(points) AS points FROM nba_analytics.player_game_summary"
    quotes = "SELECT COUNT(*) AS n FROM nba_raw.odds_api_player_points_props"
    whole = Jobs(copy_of(loaded, tmp_path / "whole"), {})
    for at in (1, 3, 6, 7):
        (tmp_path / f"l{at}").mkdir()
        world = Jobs(tmp_path / f"l{at}", {})
        assert command(world, at, PROPS, "load", str(league_folder)) == -signal.SIGKILL
        assert command(world, None, PROPS, "load", str(league_folder)) == 0
        assert world.rows(count) == whole.rows(count)
        assert world.rows(quotes) == whole.rows(quotes)
