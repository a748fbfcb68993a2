from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from shared.application.backfill import model_choice, prediction_backfill
from shared.application.backfill.checkpoints import Checkpoint, list_executions
from shared.application.backfill.model_choice import BackfillModels, ChosenModels
from shared.application.backfill.prediction_backfill import JOB, BackfillOptions
from shared.application.backfill.results import DateResult, Status
from shared.application.features.build import BuildOptions
from shared.application.models.registry import Registry
from shared.domain.systems.catalog import MODEL_SYSTEMS, SYSTEM_IDS, required_models
from shared.domain.vocabulary import RunMode, RunState
from shared.embedded.model_store import DirectoryModelStore
from shared.embedded.sample_league import AFTER_GAMES, DEMO_NOW
from shared.errors import Rejected
from shared.model_registry.bundle import Bundle
from shared.model_registry.loading import LoadedModel
from shared.ports import Run
from tests.application.jobs import InProcess
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY

BUT_V8 = tuple(s for s in SYSTEM_IDS if s != "catboost_v8")
"""The systems whose models the tests have."""

OWN = {"prediction_id", "run_id", "created_at", "activated_at", "build_commit"}


@pytest.fixture
def here(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Jobs:
    return Jobs(copy_of(loaded, tmp_path), model_paths)


def test_a_backfill_gives_what_serving_gives_row_by_row(
    here: Jobs, loaded: Path, tmp_path: Path, models: dict[str, LoadedModel]
) -> None:
    assert here.predict(systems=BUT_V8).status is Status.SUCCESS
    served = Jobs(copy_of(loaded, tmp_path / "served"), {})
    run = InProcess(served.warehouse, tmp_path / "served", models).run(systems=list(BUT_V8))
    assert run.state is RunState.COMPLETE
    mine, theirs = here.active(), served.active()
    assert len(mine) == len(theirs) > 500
    for a, b in zip(mine, theirs, strict=True):
        assert {k: v for k, v in a.items() if k not in OWN} == {k: v for k, v in b.items() if k not in OWN}


def test_the_second_time_there_is_nothing_to_do_and_force_replaces_everything(here: Jobs) -> None:
    first = here.predict(systems=BUT_V8)
    assert first.rows_written == len(here.active())
    assert first.minutes_to_first_tipoff == 120
    assert here.predict(systems=BUT_V8).status is Status.NOTHING_TO_DO
    forced = here.predict(systems=BUT_V8, force=True, reason="better model")
    assert (forced.status, forced.rows_superseded) == (Status.SUCCESS, first.rows_written)
    assert {r["run_id"] for r in here.active()} == {forced.run_id}
    (audit,) = here.rows("SELECT * FROM nba_predictions.prediction_regeneration_audit")
    assert (audit["reason"], audit["forced"], audit["superseded_count"]) == (
        "better model", True, first.rows_written
    )  # fmt: skip


def test_only_missing_keys_are_filled_without_force(here: Jobs) -> None:
    one = here.predict(systems=("moving_average",))
    assert one.status is Status.SUCCESS
    rest = here.predict(systems=("moving_average", "zone_matchup_v1"))
    assert (rest.status, rest.rows_superseded) == (Status.SUCCESS, 0)
    assert {(r["system_id"], r["run_id"]) for r in here.active()} == {
        ("moving_average", one.run_id),
        ("zone_matchup_v1", rest.run_id),
    }


def test_started_games_are_left_alone_unless_asked_for(here: Jobs, results_folder: Path) -> None:
    after = here.at(AFTER_GAMES)
    got = after.predict(systems=BUT_V8)
    assert got.status is Status.STARTED
    assert got.note is not None
    assert "--allow-started" in got.note
    assert got.minutes_to_first_tipoff is not None
    assert got.minutes_to_first_tipoff < 0
    after.reveal(results_folder)
    assert after.predict(systems=BUT_V8, allow_started=True).status is Status.REFUSED_MLFS
    after.build(DAY, DAY)
    assert after.predict(systems=BUT_V8, allow_started=True).status is Status.SUCCESS
    assert {(r["prediction_run_mode"], r["prediction_made_before_game"]) for r in after.active()} == {
        ("BACKFILL", False)
    }


def test_some_games_started_is_a_partial_date(here: Jobs) -> None:
    between = here.at(DEMO_NOW + timedelta(hours=3))
    got = between.predict(systems=BUT_V8)
    assert got.status is Status.PARTIAL
    assert got.note is not None
    assert "of 6 games have started" in got.note
    assert 0 < len({r["game_id"] for r in between.active()}) < 6


def test_days_without_games_are_no_failure(here: Jobs) -> None:
    quiet = date(2025, 8, 1)
    (result,) = here.predictions([quiet], BackfillOptions())
    assert (result.status, result.minutes_to_first_tipoff) == (Status.NO_GAMES, None)


def test_a_gap_in_the_feature_store_is_refused_or_named(here: Jobs) -> None:
    lost = [r["player_lookup"] for r in here.rows(
        "SELECT player_lookup FROM nba_predictions.ml_feature_store_v2 ORDER BY player_lookup LIMIT 30"
    )]  # fmt: skip
    for player in lost:
        here.change(
            "DELETE FROM nba_predictions.ml_feature_store_v2 WHERE game_date = @d AND player_lookup = @p",
            d=DAY,
            p=player,
        )
    refused = here.predict(systems=BUT_V8)
    assert refused.status is Status.REFUSED_MLFS
    assert here.active() == []
    assert refused.left_out == {"row_lost": lost}
    assert refused.note is not None
    assert "props features build --dates 2025-03-19" in refused.note
    assert here.predict(systems=BUT_V8, least=0.5).status is Status.PARTIAL
    got = here.predict(systems=BUT_V8, skip_mlfs_check=True, force=True)
    assert (got.status, got.left_out["no_features"]) == (Status.PARTIAL, lost)
    assert not {r["player_lookup"] for r in here.active()} & set(lost)
    (audit,) = here.rows("SELECT * FROM nba_predictions.prediction_regeneration_audit")
    assert audit["mlfs_check_skipped"]
    assert audit["mlfs_verdict"] == "broken"
    assert audit["without_features"].split(",") == lost


def test_skipping_the_check_still_needs_features(here: Jobs) -> None:
    here.change("DELETE FROM nba_predictions.feature_snapshots WHERE game_date = @d", d=DAY)
    got = here.predict(systems=BUT_V8, skip_mlfs_check=True, force=True)
    assert got.status is Status.FAILED
    assert got.note is not None
    assert "props features build" in got.note
    assert here.rows("SELECT * FROM nba_predictions.prediction_regeneration_audit") == []


def test_a_dry_run_writes_nothing(here: Jobs) -> None:
    got = here.predict(systems=BUT_V8, dry_run=True)
    assert (got.status, got.players > 90, got.rows_written) == (Status.SUCCESS, True, 0)
    assert here.active() == []
    assert here.runs.runs() == []
    assert list_executions(here.documents, JOB) == []
    here.predict(systems=BUT_V8)
    again = here.predict(systems=BUT_V8[:2], dry_run=True)
    assert again.status is Status.NOTHING_TO_DO


# --- models


def trained_on(here: Jobs) -> Jobs:
    """The same folder one day back in the calendar of its models: they were trained on the date."""
    league_day = DAY - timedelta(days=1)
    here.build(league_day, league_day, BuildOptions(RunMode.BACKFILL))
    return here


def test_a_game_inside_a_models_training_is_refused(here: Jobs) -> None:
    day = DAY - timedelta(days=1)
    trained_on(here)
    (got,) = here.predictions([day], BackfillOptions(systems=BUT_V8, allow_started=True))
    assert got.status is Status.FAILED
    assert got.note is not None
    assert "catboost_v9-20250318" in got.note
    assert "trained to 2025-03-18" in got.note
    assert here.rows("SELECT * FROM nba_predictions.player_prop_predictions") == []
    (fine,) = here.predictions(
        [day], BackfillOptions(systems=("catboost_v9_2026_02", "moving_average"), allow_started=True)
    )
    assert fine.status is Status.SUCCESS


def test_a_job_that_trusted_every_model_would_be_caught(here: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal above is what keeps such rows away: without knowing the training they would be active."""

    def trusting(self: BackfillModels, system: str, path: str) -> LoadedModel:
        return replace(model_choice.load_model(self._store, system, path), manifest=None)

    monkeypatch.setattr(BackfillModels, "_load", trusting)
    trained_on(here)
    (got,) = here.predictions([DAY - timedelta(days=1)], BackfillOptions(systems=BUT_V8, allow_started=True))
    assert got.status is not Status.FAILED
    assert here.rows("SELECT 1 FROM nba_predictions.player_prop_predictions WHERE system_id = 'catboost_v9'")


def test_the_systems_refuse_as_well_where_the_job_would_not(
    here: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_backfill, "_in_sample_message", lambda *_: None)

    def lenient(self: BackfillModels, day: date, systems: Sequence[str], train: bool = True) -> ChosenModels:
        chosen = whole(self, day, systems, train)
        return ChosenModels({**chosen.models, **chosen.in_sample}, chosen.off)

    whole = BackfillModels.__call__
    monkeypatch.setattr(BackfillModels, "__call__", lenient)
    trained_on(here)
    here.predictions([DAY - timedelta(days=1)], BackfillOptions(systems=BUT_V8, allow_started=True))
    assert here.rows(
        "SELECT 1 FROM nba_predictions.player_prop_predictions WHERE system_id = 'moving_average'"
    )
    assert not here.rows("SELECT 1 FROM nba_predictions.prediction_staging WHERE system_id = 'catboost_v9'")


def test_in_sample_rows_are_marked_never_active_and_replace_nothing(here: Jobs) -> None:
    day = DAY - timedelta(days=1)
    trained_on(here)
    honest = ("catboost_v9_2026_02", "moving_average")
    here.predictions([day], BackfillOptions(systems=honest, allow_started=True))
    before = here.rows(
        "SELECT * FROM nba_predictions.player_prop_predictions WHERE is_active ORDER BY prediction_id"
    )
    (got,) = here.predictions(
        [day], BackfillOptions(systems=BUT_V8, allow_started=True, in_sample=True, force=True)
    )
    assert got.status is Status.SUCCESS
    assert (
        here.rows(
            "SELECT * FROM nba_predictions.player_prop_predictions WHERE is_active ORDER BY prediction_id"
        )
        == before
    )
    marked = here.rows("SELECT * FROM nba_predictions.player_prop_predictions WHERE role = 'in_sample'")
    assert {r["system_id"] for r in marked} == set(BUT_V8)
    here.grade(day, day)
    graded = here.rows("SELECT DISTINCT system_id, role FROM nba_predictions.prediction_accuracy ORDER BY 1")
    assert graded == [{"system_id": s, "role": "champion"} for s in honest]


def test_without_named_models_the_newest_registered_before_the_date_serves(
    here: Jobs, model_paths: dict[str, Path], bundles: list[Bundle]
) -> None:
    here.registry.add(bundles)
    here.registry.add(bundles)
    assert len(here.registry.models()) == 3
    bare = Jobs(here.folder, {})
    assert bare.predict(systems=BUT_V8).status is Status.SUCCESS
    assert {r["model_id"] for r in bare.active() if r["model_id"]} == {p.stem for p in model_paths.values()}
    day = date(2025, 3, 18)  # catboost_v9 was trained to this very date
    assert set(here.registry.newest_before(day)) == {"catboost_v9_2026_02"}
    here.change("UPDATE nba_predictions.model_registry SET state = 'blocked' WHERE system_id = 'catboost_v9'")
    assert set(here.registry.newest_before(DAY)) == {"catboost_v9_2026_02", "line_anchored_v1"}
    assert here.registry.champion("catboost_v9") is None


def test_a_system_that_cannot_be_trained_is_named_off(here: Jobs) -> None:
    tried = []

    def train(windows: list[model_choice.Window]) -> dict[str, Bundle]:
        tried.append(windows[0].system_id)
        raise Rejected("12 complete player-games, expected at least 500")

    choose = BackfillModels(DirectoryModelStore(), Registry(here.warehouse), {}, {}, train)
    first = choose(DAY, SYSTEM_IDS)
    assert set(first.off) == set(MODEL_SYSTEMS)
    assert first.off["catboost_v8"].startswith("12 complete")
    choose(DAY + timedelta(days=1), SYSTEM_IDS)
    assert len(tried) == 4
    assert choose(DAY, ["moving_average"]).off == {}
    assert required_models(["ensemble_v1"]) == ["catboost_v9"]
    off = Jobs(here.folder, {}).predict(systems=("moving_average", "catboost_v9"))
    assert (off.status, off.systems_off) == (
        Status.PARTIAL, {"catboost_v9": "no model is named or registered"}
    )  # fmt: skip


# --- dying and colliding


def test_a_run_whose_process_died_is_carried_on_by_the_same_command(here: Jobs) -> None:
    options = BackfillOptions(systems=BUT_V8)
    checkpoint = here.predictions._checkpoint([DAY], options, resume=True)
    request = {
        "game_date": DAY.isoformat(), "mode": "LIVE", "force": False, "skip_mlfs_check": True,
        "systems": list(BUT_V8), "min_minutes": 8.0, "reason": None, "in_sample": False,
        "job": checkpoint.job_id,
    }  # fmt: skip
    here.runs.open(Run("died", DAY, RunState.CREATED, datetime.now(UTC), 0, request))
    got = here.predict(systems=BUT_V8)
    assert (got.status, got.run_id) == (Status.SUCCESS, "died")
    assert {r["run_id"] for r in here.active()} == {"died"}


@pytest.mark.parametrize("state", [RunState.CREATED, RunState.PUBLISHED, RunState.ACTIVATING])
def test_a_dead_run_of_another_command_is_ended_and_does_not_block_the_date(
    here: Jobs, state: RunState
) -> None:
    request = {
        "game_date": DAY.isoformat(), "mode": "LIVE", "force": True, "skip_mlfs_check": True,
        "systems": ["moving_average"], "min_minutes": 8.0, "reason": None, "in_sample": False, "job": "gone",
    }  # fmt: skip
    here.runs.open(Run("dead", DAY, RunState.CREATED, datetime.now(UTC), 0, request))
    here.runs.advance("dead", [RunState.CREATED], state)
    got = here.predict(systems=BUT_V8)
    assert (got.status, got.run_id != "dead") == (Status.SUCCESS, True)
    assert here.runs.get("dead").closed_at is not None


def test_a_checkpoint_remembers_until_the_job_has_ended(here: Jobs) -> None:
    def checkpoint(resume: bool = True) -> Checkpoint:
        return Checkpoint(here.documents, "job", {"a": 1}, resume)

    first = checkpoint()
    first.write({DAY: DateResult(DAY, Status.SUCCESS, players=3).plain()})
    second = checkpoint()
    assert (second.job_id, second.resumed) == (first.job_id, True)
    assert {
        d: DateResult.of(r).players
        for d, r in second.recorded_results([DAY, DAY + timedelta(days=1)]).items()
    } == {DAY: 3}
    assert checkpoint(resume=False).recorded_results([DAY]) == {}
    second.end()
    assert checkpoint().resumed is True  # the round begun by resume=False has not ended
    (listed,) = list_executions(here.documents, "job")
    assert listed["dates"] == {}


def backfill(folder: Path, named: dict[str, Path], force: bool) -> None:
    got = Jobs(folder, named).predict(systems=BUT_V8, force=force)
    assert got.status in (Status.SUCCESS, Status.NOTHING_TO_DO), got.note


def test_two_backfills_and_a_served_run_at_once_leave_one_active_row_per_key(
    here: Jobs, model_paths: dict[str, Path], models: dict[str, LoadedModel]
) -> None:
    served = InProcess(here.warehouse, here.folder, models)
    started = served.start(systems=list(BUT_V8), force=True)
    context = multiprocessing.get_context("spawn")
    pair = [
        context.Process(target=backfill, args=(here.folder, model_paths, force)) for force in (True, False)
    ]
    for process in pair:
        process.start()

    def serve() -> None:
        served.work(served.take_jobs())
        for ready in served.reports():
            served.record(ready)

    worker = threading.Thread(target=serve)
    worker.start()
    for process in pair:
        process.join(60)
    worker.join(60)
    assert [p.exitcode for p in pair] == [0, 0]
    assert served.runs.get(started.run_id).state is RunState.COMPLETE
    rows = here.active()
    keys = {(r["game_id"], r["player_lookup"], r["system_id"]) for r in rows}
    assert len(keys) == len(rows) > 500
    assert [r.state for r in here.runs.runs()].count(RunState.COMPLETE) == len(here.runs.runs())
