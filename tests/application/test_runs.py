from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pytest

from shared.application.features.build import BuildFeatures, BuildOptions
from shared.application.runs.activation import Activate
from shared.application.runs.run_to_activate import RunToActivate
from shared.domain.vocabulary import RunMode, RunState
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import Conflict, NotFound, Rejected, Unavailable
from shared.model_registry.loading import LoadedModel
from shared.ports import ExpectedPlayer, PlayerOutcome, Statement
from shared.schemas.messages import PredictionReady
from shared.warehouse.statements import statement
from tests.application.jobs import InProcess
from tests.conftest import CLOCK, DAY


@pytest.fixture
def world(warehouse: DuckDbWarehouse, tmp_path: Path, models: dict[str, LoadedModel]) -> InProcess:
    return InProcess(warehouse, tmp_path, models)


def by_id(outcomes: Mapping[ExpectedPlayer, PlayerOutcome | None]) -> dict[int | None, PlayerOutcome | None]:
    return {player.player_id: outcome for player, outcome in outcomes.items()}


def test_a_run_predicts_everybody_and_leaves_one_active_row_per_key(world: InProcess) -> None:
    run = world.run()
    assert run.state is RunState.COMPLETE
    outcomes = world.runs.outcomes(run.run_id)
    assert {o.outcome.text for o in outcomes.values() if o} == {"predicted"}
    assert len(outcomes) == run.expected >= 90
    rows = world.predictions("is_active")
    keys = {(r["game_id"], r["player_id"], r["system_id"]) for r in rows}
    assert len(keys) == len(rows)
    assert {r["run_id"] for r in rows} == {run.run_id}
    assert world.warehouse.query(statement("active_duplicates", first=DAY, last=DAY)).num_rows == 0


def test_what_is_stored_is_what_the_model_says_of_the_stored_features(
    world: InProcess, models: dict[str, LoadedModel]
) -> None:
    world.run()
    store = {r["player_id"]: r for r in world.rows("SELECT * FROM nba_predictions.ml_feature_store_v2")}
    rows = world.predictions("system_id = 'catboost_v9'")
    matrix = np.array(
        [[store[r["player_id"]][f"feature_{i}_value"] for i in range(33)] for r in rows], dtype=np.float64
    )
    stored = np.array([r["raw_prediction"] for r in rows])
    assert stored.tobytes() == models["catboost_v9"].model.predict(matrix).tobytes()
    assert {r["feature_hash"] == store[r["player_id"]]["feature_hash"] for r in rows} == {True}
    assert {r["model_sha256"] for r in rows} == {models["catboost_v9"].sha256}


def test_repeated_delivery_of_everything_changes_nothing(world: InProcess) -> None:
    world.start()
    jobs = world.take_jobs()
    world.work(jobs)
    world.work(jobs[::-1])
    reports = world.reports()
    for ready in [*reports, *reports]:
        world.record(ready)
    rows = world.predictions("is_active")
    assert len(rows) == len({(r["game_id"], r["player_id"], r["system_id"]) for r in rows})
    assert len(world.rows("SELECT * FROM nba_predictions.prediction_staging")) == 2 * len(rows)


def test_force_supersedes_and_keeps_the_earlier_rows(world: InProcess) -> None:
    first = world.run()
    before = world.predictions()
    second = world.run(force=True, reason="new lines")
    old = world.predictions(f"run_id = '{first.run_id}'")
    assert len(old) == len(before)
    assert {(r["is_active"], r["superseded_by"], r["superseded_reason"]) for r in old} == {
        (False, second.run_id, "new lines")
    }
    active = world.predictions("is_active")
    assert {r["run_id"] for r in active} == {second.run_id}
    assert len(active) == len(before)


def test_without_force_only_keys_without_an_active_row_are_predicted(world: InProcess) -> None:
    world.run(systems=["moving_average"])
    second = world.run(systems=["moving_average", "zone_matchup_v1"])
    assert {r["system_id"] for r in world.predictions(f"run_id = '{second.run_id}'")} == {"zone_matchup_v1"}
    third = world.run(systems=["moving_average", "zone_matchup_v1"])
    assert (third.state, third.expected) == (RunState.COMPLETE, 0)
    assert not world.predictions(f"run_id = '{third.run_id}'")


def test_with_force_a_skipped_key_loses_its_row_and_a_failed_one_keeps_it(world: InProcess) -> None:
    first = world.run(systems=["moving_average"])
    second = world.start(systems=["moving_average"], force=True)
    jobs = world.take_jobs()
    skipped, failed = jobs[0].player_lookup, jobs[1].player_lookup
    world.work(jobs[2:])
    for player, outcome in ((skipped, "skipped:player_out"), (failed, "failed:rejected_message")):
        world.record(PredictionReady(1, second.run_id, player, outcome, {}))
    for ready in world.reports():
        world.record(ready)
    assert world.runs.get(second.run_id).state is RunState.COMPLETE
    (gone,) = world.predictions(f"player_lookup = '{skipped}'")
    assert (gone["is_active"], gone["superseded_reason"]) == (False, "skipped:player_out")
    (kept,) = world.predictions(f"player_lookup = '{failed}'")
    assert (kept["is_active"], kept["run_id"]) == (True, first.run_id)


@pytest.mark.parametrize(
    ("share", "state", "activated"), [(0.7, RunState.PARTIAL, True), (0.4, RunState.FAILED, False)]
)
def test_too_few_predicted_is_partial_and_fewer_is_failed(
    world: InProcess, share: float, state: RunState, activated: bool
) -> None:
    started = world.start(systems=["moving_average"])
    jobs = world.take_jobs()
    cut = int(len(jobs) * share)
    world.work(jobs[:cut])
    for ready in world.reports():
        world.record(ready)
    for job in jobs[cut:]:
        world.record(PredictionReady(1, started.run_id, job.player_lookup, "failed:test", {}))
    assert world.runs.get(started.run_id).state is state
    assert len(world.predictions("is_active")) == (cut if activated else 0)


def test_a_stalled_run_is_brought_to_an_end_and_names_who_is_missing(world: InProcess) -> None:
    started = world.start(systems=["moving_average"])
    jobs = world.take_jobs()
    world.work(jobs[:-1])
    for ready in world.reports():
        world.record(ready)
    assert world.check_stalled(datetime.now(UTC)) == []
    assert world.check_stalled(datetime.now(UTC) + timedelta(minutes=16)) == [started.run_id]
    run = world.runs.get(started.run_id)
    assert run.state is RunState.COMPLETE
    late = by_id(world.runs.outcomes(started.run_id))[jobs[-1].player_id]
    assert late is not None
    assert late.outcome.text == "failed:deadline"
    world.work(jobs[-1:])  # its row arrives after the end: staged, and never active
    for ready in world.reports():
        world.record(ready)
    assert len(world.predictions("is_active")) == len(jobs) - 1


def test_of_two_starts_at_the_same_moment_one_wins(world: InProcess) -> None:
    ended: list[Any] = []
    gate = threading.Barrier(4)

    def go() -> None:
        gate.wait()
        try:
            ended.append(world.start(systems=["moving_average"]).run_id)
        except Conflict as exc:
            ended.append(exc)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    winners = [e for e in ended if isinstance(e, str)]
    assert len(winners) == 1
    assert {e.holder for e in ended if isinstance(e, Conflict)} == {winners[0]}


class FailsOnce(DuckDbWarehouse):
    broken = True

    def transact(self, statements: Any) -> list[int]:
        if self.broken:
            self.broken = False
            raise Unavailable("the warehouse is away")
        return super().transact(statements)


def test_an_activation_that_could_not_be_written_is_tried_again(
    warehouse: DuckDbWarehouse, tmp_path: Path
) -> None:
    world = InProcess(FailsOnce(tmp_path / "warehouse.duckdb"), tmp_path)
    started = world.start(systems=["moving_average"])
    world.work(world.take_jobs())
    *reports, last = world.reports()
    for ready in reports:
        world.record(ready)
    with pytest.raises(Unavailable):
        world.record(last)
    assert not world.predictions()
    world.record(last)
    assert world.runs.get(started.run_id).state is RunState.COMPLETE
    assert world.predictions("is_active")
    assert warehouse.query(statement("active_duplicates", first=DAY, last=DAY)).num_rows == 0


def test_an_activation_that_was_cut_off_after_its_commit_can_be_repeated(world: InProcess) -> None:
    run = world.run(systems=["moving_average"])
    before = world.predictions()
    ending = RunToActivate(run, world.runs.outcomes(run.run_id))
    (again,) = Activate(world.warehouse, world.outbox, CLOCK)([ending])
    assert again.state is RunState.COMPLETE
    assert world.predictions() == before


def test_rows_served_from_other_features_than_the_stored_are_never_activated(world: InProcess) -> None:
    world.start(systems=["moving_average"])
    world.work(world.take_jobs())
    with duckdb.connect(str(world.folder / "warehouse.duckdb")) as con:
        con.execute("UPDATE nba_predictions.prediction_staging SET feature_hash = 'other'")
    for ready in world.reports():
        world.record(ready)
    (run,) = world.runs.runs()
    assert run.state is RunState.FAILED
    assert "served features differ" in (run.note or "")
    assert not world.predictions()


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"game_date": "2025-07-01"}, NotFound, "no games"),
        ({"game_date": "2025-03-18"}, NotFound, "have started"),
        ({"game_date": "2025-03-20"}, Unavailable, "props features build"),
        ({"game_date": "19.3.2025"}, Rejected, "expected YYYY-MM-DD, TODAY"),
        ({"systems": ["catboost_v7"]}, Rejected, "catboost_v7"),
        ({"systems": []}, Rejected, "none"),
        ({"min_minutes": 90.0}, Rejected, "0 to 48"),
    ],
)
def test_a_start_that_is_refused_says_why_and_leaves_no_run(
    world: InProcess, asked: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        world.start(**asked)
    assert world.runs.runs() == []
    assert world.run(systems=["moving_average"]).state is RunState.COMPLETE


def test_expected_players_without_features_stop_the_run_unless_asked_to_go_on(world: InProcess) -> None:
    world.warehouse.transact(
        [
            Statement(
                "DELETE FROM nba_predictions.ml_feature_store_v2 WHERE game_date = @d AND team_abbr = 'ALB'",
                {"d": DAY},
            )
        ]
    )
    with pytest.raises(
        Unavailable, match=r"features for \d+ of \d+ expected players; missing .*props features"
    ):
        world.start()
    run = world.run(skip_mlfs_check=True, systems=["moving_average"])
    said = [o.outcome.text for o in world.runs.outcomes(run.run_id).values() if o]
    assert run.state is RunState.COMPLETE
    assert 5 < said.count("skipped:no_features") < 20
    assert set(said) == {"skipped:no_features", "predicted"}


def test_a_run_for_tomorrow_is_as_of_now(
    warehouse: DuckDbWarehouse, tmp_path: Path, documents: SqliteDocuments
) -> None:
    tomorrow = DAY + timedelta(days=2)
    BuildFeatures(warehouse, CLOCK, documents)(DAY, tomorrow)
    rows = InProcess(warehouse, tmp_path).rows(
        f"SELECT as_of, max_game_date_used FROM nba_predictions.ml_feature_store_v2 WHERE game_date > DATE '{DAY}'"
    )
    assert rows
    assert {r["as_of"] for r in rows} == {CLOCK.now()}
    assert max(r["max_game_date_used"] for r in rows) < DAY


def test_a_second_build_is_a_new_snapshot_and_the_first_stays(
    world: InProcess, documents: SqliteDocuments
) -> None:
    before = world.rows("SELECT snapshot_id FROM nba_predictions.feature_snapshots")
    (built,) = BuildFeatures(world.warehouse, CLOCK, documents)(DAY, DAY, BuildOptions(RunMode.LIVE))
    rows = world.rows(
        "SELECT snapshot_id, COUNT(*) AS n FROM nba_predictions.ml_feature_store_v2 GROUP BY snapshot_id"
    )
    assert len(before) == 1
    assert {r["snapshot_id"] for r in rows} == {before[0]["snapshot_id"], built.snapshot_id}
    assert len({r["n"] for r in rows}) == 1
    cache = world.rows("SELECT max_game_date_used, cache_date FROM nba_precompute.player_daily_cache")
    assert all(r["max_game_date_used"] < r["cache_date"] for r in cache)
    world.run(systems=["moving_average"])
    assert {r["feature_snapshot_id"] for r in world.predictions()} == {built.snapshot_id}


def test_a_job_for_an_unknown_player_is_never_activated_and_its_report_is_refused(world: InProcess) -> None:
    started = world.start(systems=["moving_average"])
    jobs = world.take_jobs()
    stranger = msgspec.structs.replace(jobs[0], player_id=-5, player_lookup="nosuchplayer")
    world.work([*jobs, stranger])
    for ready in world.reports():
        if ready.player_lookup == "nosuchplayer":
            with pytest.raises(NotFound, match="does not expect player 'nosuchplayer'"):
                world.record(ready)
        else:
            world.record(ready)
    assert world.runs.get(started.run_id).state is RunState.COMPLETE
    assert len(world.predictions()) == len(jobs)
