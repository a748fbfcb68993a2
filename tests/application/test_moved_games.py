"""The same source id on another date moves a game."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from shared.application.grading.grade import GradeStatus
from shared.application.ingestion.load import LoadFolder, LoadResult
from shared.domain.findings import Severity
from shared.embedded.sample_league import AFTER_GAMES, DEMO_NOW
from shared.errors import Rejected
from tests.application.folders import changed, folder_of, those
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY

NEXT = timedelta(days=2)


@pytest.fixture
def predicted(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Jobs:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    jobs.predict()
    return jobs


@pytest.fixture
def game(league_folder: Path) -> dict[str, Any]:
    """A game of the day as the source has it."""
    games = pq.read_table(league_folder / "games.parquet").to_pylist()
    return next(g for g in games if g["game_date"] == DAY)


def id_of(game: dict[str, Any]) -> str:
    return f"{game['game_date']:%Y%m%d}_{game['away_team']}_{game['home_team']}"


def moved(game: dict[str, Any], by: timedelta = NEXT) -> dict[str, Any]:
    return changed(game, game_date=game["game_date"] + by, start_time_utc=game["start_time_utc"] + by)


def load(jobs: Jobs, game: dict[str, Any], league_folder: Path, now: datetime | None = None) -> LoadResult:
    where = jobs.folder / "in" / f"{len(list(jobs.folder.glob('in/*')))}"
    folder = folder_of(where, league_folder, games=lambda _: [game])
    return LoadFolder(jobs.warehouse, jobs.at(now or jobs.now).clock)(folder)


def games_of(jobs: Jobs, source_id: str) -> list[dict[str, Any]]:
    return jobs.rows(
        "SELECT game_id, game_status FROM nba_reference.nba_schedule "
        "WHERE game_date >= '2025-01-01' AND nba_game_id = @g",
        g=source_id,
    )


def test_one_row_has_the_source_id_and_the_row_left_behind_names_it(
    predicted: Jobs, game: dict[str, Any], league_folder: Path
) -> None:
    got = load(predicted, moved(game), league_folder)
    old, new = id_of(game), id_of(moved(game))
    assert [(m.old, m.new) for m in got.moved] == [(old, new)]
    assert games_of(predicted, game["game_id"]) == [{"game_id": new, "game_status": 1}]
    left = predicted.rows(
        "SELECT game_status, moved_to, moved_at FROM nba_reference.nba_schedule WHERE game_id = @g "
        "AND game_date = @d",
        g=old,
        d=DAY,
    )
    assert left == [{"game_status": 4, "moved_to": new, "moved_at": DEMO_NOW}]
    again = load(predicted, moved(game), league_folder)
    assert (again.moved, sum(again.changed.values())) == ((), 0)


def test_predictions_of_the_dead_date_are_void_at_once_and_none_is_made_again(
    predicted: Jobs, game: dict[str, Any], league_folder: Path, results_folder: Path
) -> None:
    mine = [r["prediction_id"] for r in predicted.active() if r["game_id"] == id_of(game)]
    load(predicted, moved(game), league_folder, DEMO_NOW + timedelta(minutes=30))
    later = predicted.at(DEMO_NOW + timedelta(hours=1))
    assert id_of(game) not in {r["game_id"] for r in later.active()}
    assert later.predict(force=True).rows_written > 0
    assert id_of(game) not in {r["game_id"] for r in later.active()}

    got = later.grade(DAY, DAY)
    assert got.outcomes["VOID"] == len(mine) > 0
    voids = later.accuracy()
    assert {r["prediction_id"] for r in voids} == set(mine)
    assert {(r["outcome"], r["void_reason"], r["actual_points"]) for r in voids} == {
        ("VOID", "postponed", None)
    }
    cover = later.coverage(DAY, DAY)["catboost_v9"]
    assert cover.undue["void"] == sum(r["system_id"] == "catboost_v9" for r in voids)

    after = predicted.at(AFTER_GAMES)
    others = folder_of(
        predicted.folder / "results",
        results_folder,
        games=lambda rows: [r for r in rows if r["game_id"] != game["game_id"]],
        player_game_logs=lambda rows: [r for r in rows if r["game_id"] != game["game_id"]],
    )
    after.reveal(others)
    got = after.grade(DAY, DAY)
    assert [(d.status, d.pending) for d in got.dates] == [(GradeStatus.GRADED, 0)]


def test_a_box_score_under_the_old_date_does_not_count(
    predicted: Jobs, game: dict[str, Any], league_folder: Path, results_folder: Path
) -> None:
    load(predicted, moved(game), league_folder)
    after = predicted.at(AFTER_GAMES)
    after.reveal(
        folder_of(predicted.folder / "stray", results_folder, player_game_logs=those(game_id=game["game_id"]))
    )
    after.grade(DAY, DAY)
    mine = [r for r in after.accuracy() if r["game_id"] == id_of(game)]
    assert {(r["outcome"], r["void_reason"]) for r in mine} == {("VOID", "postponed")}


def test_the_validation_has_nothing_late_for_a_moved_game(
    predicted: Jobs, game: dict[str, Any], league_folder: Path
) -> None:
    after = predicted.at(AFTER_GAMES)
    late = next(f for f in after.validate(DAY) if f.check == "schedule:late")
    assert id_of(game) in late.evidence
    assert "the new date of a postponed game" in late.evidence
    load(after, moved(game), league_folder)
    found = {f.check: f for f in after.validate(DAY)}
    assert id_of(game) not in found["schedule:late"].evidence
    assert found["schedule:moved"].severity is Severity.INFO
    assert f"{id_of(game)} to {id_of(moved(game))}" in found["schedule:moved"].evidence


def test_a_game_moved_back_is_a_game_again(
    predicted: Jobs, game: dict[str, Any], league_folder: Path
) -> None:
    load(predicted, moved(game), league_folder)
    predicted.grade(DAY, DAY)
    back = load(predicted, game, league_folder)
    assert [(m.old, m.new) for m in back.moved] == [(id_of(moved(game)), id_of(game))]
    assert games_of(predicted, game["game_id"]) == [{"game_id": id_of(game), "game_status": 1}]
    later = predicted.at(DEMO_NOW + timedelta(minutes=10))
    later.predict()
    assert id_of(game) in {r["game_id"] for r in later.active()}
    later.grade(DAY, DAY)
    assert not [r for r in later.accuracy() if r["is_current"]]


def test_a_game_moved_twice_stands_on_its_last_date(
    predicted: Jobs, game: dict[str, Any], league_folder: Path
) -> None:
    load(predicted, moved(game), league_folder)
    last = moved(game, timedelta(days=5))
    load(predicted, last, league_folder)
    assert games_of(predicted, game["game_id"]) == [{"game_id": id_of(last), "game_status": 1}]
    got = predicted.grade(DAY, DAY)
    assert got.outcomes["VOID"] > 0


def test_home_and_away_swapped_is_the_same_game_listed_anew(
    predicted: Jobs, game: dict[str, Any], league_folder: Path
) -> None:
    swapped = changed(game, home_team=game["away_team"], away_team=game["home_team"])
    load(predicted, swapped, league_folder)
    assert games_of(predicted, game["game_id"]) == [{"game_id": id_of(swapped), "game_status": 1}]
    predicted.grade(DAY, DAY)
    assert {r["void_reason"] for r in predicted.accuracy()} == {"relisted"}


def test_another_tip_off_on_the_same_date_moves_nothing(
    predicted: Jobs, game: dict[str, Any], league_folder: Path
) -> None:
    later = changed(game, start_time_utc=game["start_time_utc"] + timedelta(hours=2))
    assert load(predicted, later, league_folder).moved == ()
    assert id_of(game) in {r["game_id"] for r in predicted.active()}


def test_an_id_of_two_other_teams_is_refused(
    predicted: Jobs, game: dict[str, Any], league_folder: Path
) -> None:
    other = changed(moved(game), home_team="XXA", away_team="XXB")
    with pytest.raises(Rejected, match=rf"games\.parquet: game_id {game['game_id']} is .*_XXB_XXA, expected"):
        load(predicted, other, league_folder)
    assert games_of(predicted, game["game_id"]) == [{"game_id": id_of(game), "game_status": 1}]


def test_a_run_that_was_under_way_when_its_game_was_moved_activates_nothing_for_it(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path], game: dict[str, Any], league_folder: Path
) -> None:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    upsert = jobs.warehouse.upsert
    jobs.warehouse.upsert = _move_first(jobs, game, league_folder, upsert)  # type: ignore[method-assign]
    jobs.predict()
    assert id_of(game) not in {r["game_id"] for r in jobs.active()}
    assert jobs.active()
    jobs.grade(DAY, DAY)
    assert {r["void_reason"] for r in jobs.accuracy()} == {"postponed"}


def _move_first(jobs: Jobs, game: dict[str, Any], league_folder: Path, upsert: Any) -> Any:
    """The warehouse's ``upsert``, before which a game is moved when a run's outcomes are written."""

    def moved_first(table: Any, rows: Any, **options: Any) -> int:
        if table.name == "prediction_key_outcomes":
            jobs.warehouse.upsert = upsert  # type: ignore[method-assign]
            load(jobs, moved(game), league_folder)
        return int(upsert(table, rows, **options))

    return moved_first
