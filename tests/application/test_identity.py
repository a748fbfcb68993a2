"""Players are told apart by ``player_id``; a spelling is for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.application.backfill.prediction_backfill import BackfillOptions
from shared.application.backfill.results import DateResult
from shared.application.features.slate import read_roster
from shared.application.views.player import Namesakes, PlayerView, ShowPlayer
from shared.domain.vocabulary import RunMode, RunState
from shared.embedded.sample_league import AFTER_GAMES
from shared.errors import NotFound, Rejected
from shared.ports import ExpectedPlayer, Statement
from shared.schemas.messages import PredictionReady
from shared.warehouse.statements import statement
from tests.application.jobs import InProcess
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY

NAME, LOOKUP = "Jonas Alder", "jonasalder"
SYSTEM = "moving_average"
TABLES = ("nba_analytics.player_game_summary", "nba_raw.odds_api_player_points_props")
RENAME = "UPDATE {} SET player_lookup = @lookup WHERE player_id = @p AND game_date BETWEEN @first AND @last"


@pytest.fixture
def here(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Jobs:
    return Jobs(copy_of(loaded, tmp_path), model_paths)


def predict(world: Jobs, **options: Any) -> DateResult:
    return world.predict(systems=(SYSTEM,), **options)


def candidates(world: Jobs) -> list[dict[str, Any]]:
    """Expected players by game, those with most minutes first."""
    return world.rows(
        "SELECT player_id, player_lookup, game_id FROM nba_analytics.upcoming_player_game_context "
        "WHERE game_date = @d AND expected ORDER BY game_id, avg_minutes_last_14_days DESC",
        d=DAY,
    )


def rename(world: Jobs, player: int, lookup: str, first: Any = None, last: Any = None) -> None:
    bounds = {"first": first or DAY.replace(year=2000), "last": last or DAY.replace(year=2100)}
    for table in TABLES:
        world.change(RENAME.format(table), p=player, lookup=lookup, **bounds)


def points(world: Jobs) -> dict[int, int]:
    rows = world.rows(
        "SELECT player_id, points FROM nba_analytics.player_game_summary WHERE game_date = @d AND NOT is_dnp",
        d=DAY,
    )
    return {r["player_id"]: r["points"] for r in rows}


def graded(world: Jobs, player: int) -> set[int | None]:
    """Points on which the player's current rows are graded."""
    return {r["actual_points"] for r in world.accuracy() if r["player_id"] == player and r["is_current"]}


@pytest.fixture
def three(here: Jobs) -> list[int]:
    """Players of one spelling: two of one game, one of another."""
    first, *others = candidates(here)
    same = next(c for c in others if c["game_id"] == first["game_id"])
    other = next(c for c in others if c["game_id"] != first["game_id"])
    ids = [c["player_id"] for c in (first, same, other)]
    for player in ids:
        rename(here, player, LOOKUP)
    here.build(DAY, DAY)
    return ids


def test_namesakes_are_each_predicted_active_and_graded_on_their_own_points(
    here: Jobs, three: list[int], results_folder: Path
) -> None:
    result = predict(here)
    assert (result.status, result.left_out) == ("SUCCESS", {})
    active = [r for r in here.active() if r["player_lookup"] == LOOKUP and r["system_id"] == SYSTEM]
    assert sorted(r["player_id"] for r in active) == sorted(three)
    assert len({r["prediction_id"] for r in active}) == 3
    assert here.warehouse.query(statement("active_duplicates", first=DAY, last=DAY)).num_rows == 0
    after = here.at(AFTER_GAMES)
    after.reveal(results_folder)
    after.grade(DAY, DAY)
    scored = points(after)
    assert {p: graded(after, p) for p in three} == {p: {scored.get(p)} for p in three}
    assert len({scored.get(p) for p in three}) > 1
    assert after.coverage(DAY, DAY)[SYSTEM].coverage == 1.0


def test_a_run_again_for_namesakes_replaces_each_ones_rows_with_his_own(here: Jobs, three: list[int]) -> None:
    predict(here)
    assert predict(here).status == "NOTHING_TO_DO"
    again = predict(here, force=True, reason="again")
    assert again.rows_written == again.rows_superseded
    active = here.active()
    assert {r["run_id"] for r in active} == {again.run_id}
    assert len(active) == len({(r["game_id"], r["player_id"], r["system_id"]) for r in active})
    assert {r["player_id"] for r in active if r["player_lookup"] == LOOKUP} == set(three)


def test_one_row_under_another_players_name_changes_neither_the_run_nor_the_grades(
    here: Jobs, results_folder: Path
) -> None:
    star, other = candidates(here)[:2]
    newest = here.rows(
        "SELECT MAX(game_date) AS d FROM nba_analytics.player_game_summary "
        "WHERE player_id = @p AND NOT is_dnp",
        p=other["player_id"],
    )[0]["d"]
    rename(here, other["player_id"], star["player_lookup"], newest, newest)
    here.build(DAY, DAY)
    assert predict(here).status == "SUCCESS"
    after = here.at(AFTER_GAMES)
    after.reveal(results_folder)
    rename(after, other["player_id"], star["player_lookup"], DAY, DAY)
    after.grade(DAY, DAY)
    scored = points(after)
    for player in (star["player_id"], other["player_id"]):
        assert graded(after, player) == {scored.get(player)}


def test_a_box_score_that_writes_jr_grades_the_predictions(here: Jobs, results_folder: Path) -> None:
    predict(here)
    after = here.at(AFTER_GAMES)
    after.reveal(results_folder)
    scored = points(after)
    player = next(c for c in candidates(here) if c["player_id"] in scored)
    rename(after, player["player_id"], f"{player['player_lookup']}jr", DAY, DAY)
    after.grade(DAY, DAY)
    assert graded(after, player["player_id"]) == {scored[player["player_id"]]}
    rename(after, player["player_id"], player["player_lookup"], DAY, DAY)
    assert after.grade(DAY, DAY).changed == 0


def test_the_spelling_of_the_newest_game_before_the_as_of_is_shown(here: Jobs, results_folder: Path) -> None:
    player = candidates(here)[0]
    of_player = {"p": player["player_id"]}
    days = [
        r["game_date"]
        for r in here.rows(
            "SELECT game_date FROM nba_analytics.player_game_summary WHERE player_id = @p AND NOT is_dnp "
            "ORDER BY game_date DESC LIMIT 3",
            **of_player,
        )
    ]
    rename(here, player["player_id"], "oldspelling", None, days[1])
    rename(here, player["player_id"], "newspelling", days[0], days[0])
    after = here.at(AFTER_GAMES)
    after.reveal(results_folder)
    rename(after, player["player_id"], "futurespelling", DAY, DAY)
    after.build(DAY, DAY)
    (row,) = after.rows(
        "SELECT f.player_lookup FROM nba_predictions.ml_feature_store_v2 AS f "
        "JOIN nba_predictions.feature_snapshots AS s ON s.snapshot_id = f.snapshot_id AND s.mode = 'BACKFILL' "
        "WHERE f.game_date = @d AND f.player_id = @p",
        d=DAY,
        **of_player,
    )
    assert row["player_lookup"] == "newspelling"
    (roster,) = read_roster(after.warehouse, DAY, DAY, after.clock.now(), RunMode.BACKFILL).values()
    assert [p.player_lookup for p in roster.expected if p.player_id == player["player_id"]] == ["newspelling"]


def test_a_spelling_that_changes_between_two_runs_leaves_one_row_per_key(here: Jobs) -> None:
    predict(here)
    player = candidates(here)[0]
    rename(here, player["player_id"], "anotherspelling")
    here.build(DAY, DAY)
    assert predict(here).status == "NOTHING_TO_DO"
    predict(here, force=True, reason="again")
    mine = [r for r in here.active() if r["player_id"] == player["player_id"] and r["system_id"] == SYSTEM]
    assert [r["player_lookup"] for r in mine] == ["anotherspelling"]


def test_two_active_rows_of_one_id_are_found_and_those_of_two_namesakes_are_no_duplicates(
    here: Jobs, three: list[int]
) -> None:
    predict(here)
    copied = (
        "CREATE TEMP TABLE copied AS SELECT * REPLACE ('copy' AS prediction_id, 'other' AS player_lookup) "
        "FROM nba_predictions.player_prop_predictions WHERE is_active AND system_id = ? AND player_id = ?"
    )
    with here.warehouse._open() as con:
        con.execute(copied, [SYSTEM, three[0]])
        con.execute("INSERT INTO nba_predictions.player_prop_predictions SELECT * FROM copied")
    found = here.warehouse.query(statement("active_duplicates", first=DAY, last=DAY)).to_pylist()
    assert [(r["player_id"], r["system_id"], r["active_rows"]) for r in found] == [(three[0], SYSTEM, 2)]


def test_the_doctor_names_the_namesake_whose_row_is_lost(here: Jobs, three: list[int]) -> None:
    here.change(
        "DELETE FROM nba_predictions.ml_feature_store_v2 WHERE game_date = @d AND player_id = @p",
        d=DAY,
        p=three[1],
    )
    missing = here.doctor(DAY, DAY)[DAY].missing
    assert {p.player_id: why for p, why in missing.items()} == {three[1]: "row_lost"}
    (result,) = here.predictions([DAY], BackfillOptions(skip_mlfs_check=True, systems=(SYSTEM,)))
    assert result.left_out == {"no_features": [LOOKUP]}
    predicted = {r["player_id"] for r in here.active() if r["player_lookup"] == LOOKUP}
    assert predicted == set(three) - {three[1]}


def test_the_page_of_a_spelling_offers_its_players_and_an_id_shows_one(here: Jobs, three: list[int]) -> None:
    predict(here)
    show = ShowPlayer(here.warehouse, here.clock)
    found = show("Jonas Alder")
    assert isinstance(found, Namesakes)
    assert sorted(p.player_id for p in found.players) == sorted(three)
    for player in three:
        view = show(str(player))
        assert isinstance(view, PlayerView)
        (coming,) = {s.game_id for s in view.predictions if s.game_date == DAY}
        (row,) = {r["game_id"] for r in here.active() if r["player_id"] == player}
        assert coming == row
    with pytest.raises(NotFound, match="'nobody'"):
        show("nobody")


@pytest.fixture
def world(here: Jobs, three: list[int], tmp_path: Path, models: Any) -> InProcess:
    assert len(three) == 3
    return InProcess(here.warehouse, tmp_path / "served", models)


def test_reports_of_namesakes_end_each_ones_wait(world: InProcess, three: list[int]) -> None:
    run = world.run(systems=[SYSTEM])
    assert run.state is RunState.COMPLETE
    outcomes = {p.player_id: o for p, o in world.runs.outcomes(run.run_id).items()}
    assert {outcomes[p].outcome.text for p in three if outcomes[p]} == {"predicted"}
    rows = world.predictions(f"is_active AND player_lookup = '{LOOKUP}'")
    assert sorted(r["player_id"] for r in rows) == sorted(three)


def old_report(run_id: str, lookup: str) -> PredictionReady:
    """What a worker of release 0.1.0 sends."""
    return PredictionReady(1, run_id, lookup, "predicted", {SYSTEM: "predicted"})


def test_a_report_without_an_id_counts_for_the_one_player_of_its_spelling(
    world: InProcess, three: list[int]
) -> None:
    started = world.start(systems=[SYSTEM])
    jobs = world.take_jobs()
    world.work(jobs)
    with pytest.raises(Rejected, match="player_id: none, expected one of"):
        world.record(old_report(started.run_id, LOOKUP))
    for job in jobs:
        if job.player_id not in three:
            world.record(old_report(started.run_id, job.player_lookup))
    waiting = {p.player_id for p, o in world.runs.outcomes(started.run_id).items() if o is None}
    assert waiting == set(three)
    for ready in world.reports():
        world.record(ready)
    assert world.runs.get(started.run_id).state is RunState.COMPLETE


def test_a_run_that_kept_spellings_alone_is_activated_by_id(here: Jobs, tmp_path: Path, models: Any) -> None:
    world = InProcess(here.warehouse, tmp_path / "served", models)
    started = world.start(systems=[SYSTEM])
    world.work(world.take_jobs())
    with world.runs._file.writing() as con:
        con.execute("UPDATE expected_players SET player_id = NULL")
    assert {p.player_id for p in world.runs.players(started.run_id)} == {None}
    for ready in world.reports():
        world.record(ready)
    assert world.runs.get(started.run_id).state is RunState.COMPLETE
    rows = world.predictions("is_active")
    assert len(rows) == started.expected_players
    (no_id,) = here.warehouse.query(
        Statement("SELECT COUNTIF(player_id IS NULL) AS n FROM nba_predictions.prediction_key_outcomes")
    ).to_pylist()
    assert no_id == {"n": 0}


def test_an_expected_player_sorts_by_spelling_and_then_id() -> None:
    players = [ExpectedPlayer("b", 1, "g"), ExpectedPlayer("a", 3, "g"), ExpectedPlayer("a", 2, "g")]
    assert [p.player_id for p in sorted(players)] == [2, 3, 1]
