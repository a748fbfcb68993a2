"""A later file may take a value back; every earlier version stays, and what was graded on it is graded again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from shared.application.grading.grade import GradeStatus
from shared.application.ingestion.load import LoadFolder, LoadResult
from shared.embedded.sample_league import AFTER_GAMES
from tests.application.folders import Rows, changed, every, folder_of, those
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY


@pytest.fixture
def here(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Jobs:
    return Jobs(copy_of(loaded, tmp_path), model_paths)


@pytest.fixture
def graded(here: Jobs, results_folder: Path) -> Jobs:
    here.predict()
    after = here.at(AFTER_GAMES)
    after.reveal(results_folder)
    after.grade(DAY, DAY)
    return after


def load(jobs: Jobs, source: Path, **changes: Any) -> LoadResult:
    where = jobs.folder / "in" / str(len(list(jobs.folder.glob("in/*"))))
    return LoadFolder(jobs.warehouse, jobs.clock)(folder_of(where, source, **changes))


def versions(jobs: Jobs, table: str) -> Rows:
    """Earlier versions of rows of the day, as they were."""
    rows = jobs.rows(
        "SELECT row_json FROM nba_raw.row_versions WHERE game_date = @d AND table_name = @t ORDER BY row_key",
        d=DAY,
        t=table,
    )
    return [json.loads(r["row_json"]) for r in rows]


def test_a_score_taken_back_takes_back_what_was_graded_on_it(graded: Jobs, results_folder: Path) -> None:
    source_id = pq.read_table(results_folder / "games.parquet")["game_id"][0].as_py()
    (before,) = graded.rows(
        "SELECT game_id, home_team_score AS score FROM nba_reference.nba_schedule "
        "WHERE game_date = @d AND nba_game_id = @g",
        d=DAY,
        g=source_id,
    )

    def taken_back(rows: Rows) -> Rows:
        return [changed(r, home_points=None, away_points=None) for r in rows if r["game_id"] == source_id]

    load(graded, results_folder, games=taken_back)
    got = graded.grade(DAY, DAY)
    assert [d.status for d in got.dates] == [GradeStatus.PARTIAL]
    mine = [r for r in graded.accuracy() if r["game_id"] == before["game_id"]]
    assert mine
    assert not [r for r in mine if r["is_current"]]
    scored = [v for v in versions(graded, "nba_reference.nba_schedule") if v["home_team_score"] is not None]
    assert [(v["game_id"], v["home_team_score"]) for v in scored] == [(before["game_id"], before["score"])]

    load(graded, results_folder, games=those(game_id=source_id))
    assert [d.status for d in graded.grade(DAY, DAY).dates] == [GradeStatus.GRADED]
    again = [r for r in graded.accuracy() if r["game_id"] == before["game_id"]]
    assert all(r["is_current"] for r in again)


def test_a_tip_off_taken_back_is_unknown_again(here: Jobs, league_folder: Path) -> None:
    def without(rows: Rows) -> Rows:
        return [changed(r, start_time_utc=None) for r in rows if r["game_date"] == DAY]

    assert load(here, league_folder, games=without).changed["nba_schedule"] == 6
    tipoffs = here.rows("SELECT game_start_utc FROM nba_reference.nba_schedule WHERE game_date = @d", d=DAY)
    assert {r["game_start_utc"] for r in tipoffs} == {None}
    assert len(versions(here, "nba_reference.nba_schedule")) == 6


def test_a_player_who_did_not_play_after_all_has_no_points(graded: Jobs, results_folder: Path) -> None:
    hit = next(r for r in graded.accuracy() if r["outcome"] == "HIT")
    numbers = ["points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "tov", "minutes"]

    def sat(rows: Rows) -> Rows:
        mine = [r for r in rows if r["player_name"].lower().replace(" ", "") == hit["player_lookup"]]
        return [changed(r, did_play=False, dnp_reason=None, **dict.fromkeys(numbers)) for r in mine]

    load(graded, results_folder, player_game_logs=sat)
    graded.grade(DAY, DAY)
    now = next(r for r in graded.accuracy() if r["prediction_id"] == hit["prediction_id"])
    assert (now["outcome"], now["void_reason"], now["actual_points"]) == ("VOID", "did not play", None)
    (version,) = versions(graded, "nba_analytics.player_game_summary")
    assert (version["points"], version["is_dnp"]) == (hit["actual_points"], False)
    (row,) = graded.rows(
        "SELECT points, is_dnp FROM nba_analytics.player_game_summary WHERE game_date = @d "
        "AND player_lookup = @p",
        d=DAY,
        p=hit["player_lookup"],
    )
    assert row == {"points": None, "is_dnp": True}


def quote_of(league_folder: Path) -> dict[str, Any]:
    rows = pq.read_table(league_folder / "prop_lines.parquet").to_pylist()
    return next(r for r in rows if r["game_date"] == DAY and r["is_main"] and r["over_price"] is not None)


def standing(jobs: Jobs, quote: dict[str, Any]) -> list[float]:
    rows = jobs.rows(
        "SELECT points_line FROM nba_raw.odds_api_player_points_props WHERE game_date = @d AND is_main "
        "AND player_id = @p AND bookmaker = @b AND captured_at = @t AND withdrawn_at IS NULL",
        d=DAY,
        p=quote["player_id"],
        b=quote["bookmaker"],
        t=quote["snapshot_time_utc"],
    )
    return [r["points_line"] for r in rows]


def test_a_quote_corrected_for_the_same_instant_replaces_the_earlier_one(
    here: Jobs, league_folder: Path
) -> None:
    quote = quote_of(league_folder)
    other = changed(quote, line=quote["line"] + 2.0)
    assert standing(here, quote) == [quote["line"]]
    assert load(here, league_folder, prop_lines=lambda _: [other]).changed == {
        "nba_schedule": 0,
        "player_game_summary": 0,
        "odds_api_player_points_props": 2,
        "nbac_injury_report": 0,
    }
    assert standing(here, quote) == [other["line"]]
    assert (
        load(here, league_folder, prop_lines=lambda _: [other]).changed["odds_api_player_points_props"] == 0
    )
    load(here, league_folder, prop_lines=lambda _: [quote])
    assert standing(here, quote) == [quote["line"]]
    assert {v["points_line"] for v in versions(here, "nba_raw.odds_api_player_points_props")} == {
        quote["line"],
        other["line"],
    }


def test_a_quote_of_another_instant_replaces_nothing(here: Jobs, league_folder: Path) -> None:
    quote = quote_of(league_folder)
    later = changed(quote, snapshot_time_utc=quote["snapshot_time_utc"].replace(second=59), line=9.5)
    load(here, league_folder, prop_lines=lambda _: [later])
    assert standing(here, quote) == [quote["line"]]
    assert standing(here, later) == [9.5]


def test_an_injury_report_may_be_corrected(here: Jobs, league_folder: Path) -> None:
    rows = pq.read_table(league_folder / "injury_report.parquet").to_pylist()
    report = next(r for r in rows if r["game_date"] == DAY)
    new = "available" if report["status"] != "available" else "out"
    load(here, league_folder, games=every, injury_report=lambda _: [changed(report, status=new)])
    (version,) = versions(here, "nba_raw.nbac_injury_report")
    assert version["injury_status"] == report["status"]


def test_a_file_without_an_optional_column_takes_nothing_back(here: Jobs, league_folder: Path) -> None:
    here.change(
        "UPDATE nba_analytics.player_game_summary SET birth_date = DATE '2000-01-01' "
        "WHERE game_date BETWEEN '2025-03-01' AND '2025-03-31'"
    )
    where = folder_of(here.folder / "few", league_folder, player_game_logs=lambda rows: rows[-20:])
    logs = pq.read_table(where / "player_game_logs.parquet")
    pq.write_table(logs.drop_columns(["birth_date"]), where / "player_game_logs.parquet")
    assert LoadFolder(here.warehouse, here.clock)(where).changed["player_game_summary"] == 0
    assert versions(here, "nba_analytics.player_game_summary") == []
