"""What loaded rows did not meet: said by the load, by the daily validation and by the doctor."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shared.application.ingestion.problems import Note
from shared.application.ingestion.reconciliation import (
    LINES,
    LOGS,
    load_notes,
    open_reports,
    record_load,
    unmatched_rows,
)
from shared.domain.findings import Finding, Severity
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from tests.application.day_folder import DayFolder, Rows
from tests.application.worlds import Jobs, copy_of
from tests.conftest import CLOCK, DAY

QUOTES = "nba_raw.odds_api_player_points_props"


@pytest.fixture
def here(loaded: Path, tmp_path: Path) -> Jobs:
    jobs = Jobs(copy_of(loaded, tmp_path / "world"), {})
    jobs.change(f"DELETE FROM {QUOTES} WHERE game_date = @d", d=DAY)
    return jobs


@pytest.fixture
def day(league_folder: Path, tmp_path: Path) -> DayFolder:
    return DayFolder(league_folder, tmp_path / "in")


def findings(jobs: Jobs, day: date = DAY) -> dict[str, Finding]:
    kinds = (
        "quotes:no_",
        "quotes:players",
        "quotes:side",
        "quotes:new",
        "quotes:two",
        "injury_report:",
        "box_scores:",
        "load:",
        "reconciliation",
    )
    return {f.check: f for f in jobs.validate(day) if f.check.startswith(kinds)}


def warnings(jobs: Jobs, day: date = DAY) -> dict[str, str]:
    return {c: f.evidence for c, f in findings(jobs, day).items() if f.severity is Severity.WARNING}


def test_a_day_whose_rows_met_their_match_has_nothing_to_say(here: Jobs, day: DayFolder) -> None:
    loaded = day.load(here.warehouse, prop_lines=day.main_quotes())
    assert loaded.notes == ()
    assert warnings(here) == {}
    assert findings(here)["reconciliation"].severity is Severity.OK


def test_quotes_matched_by_name_and_unmatched_ones_are_counted(here: Jobs, day: DayFolder) -> None:
    first, *others = [r | {"player_id": None} for r in day.main_quotes()]
    day.load(here.warehouse, prop_lines=[first | {"player_name": "Neo Rookson"}, *others])
    assert warnings(here) == {
        "quotes:players": f"{len(others) + 1} rows had no player id: {len(others)} matched by name, 1 unmatched, "
        f"the first: neorookson in {DAY:%Y%m%d}_{first['away_team']}_{first['home_team']}"
    }


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"game_id": "20250319_AAA_BBB"}, "quotes:no_game"),
        ({"game_date": DAY + timedelta(days=1)}, "quotes:no_game"),
        ({"over_price": None, "under_price": None, "book_type": "sportsbook"}, "quotes:no_price"),
        ({"over_price": None, "book_type": "sportsbook"}, "quotes:no_price"),
        ({"player_id": None}, "quotes:players"),
    ],
)
def test_a_stored_quote_without_a_match_is_a_finding_and_a_note(
    change: dict[str, Any], check: str, here: Jobs, day: DayFolder
) -> None:
    day.load(here.warehouse, prop_lines=day.main_quotes()[:1])
    sets = ", ".join(f"{column} = @{column}" for column in change)
    if None in change.values():
        sets = ", ".join(f"{c} = NULL" if v is None else f"{c} = '{v}'" for c, v in change.items())
        change = {}
    here.change(f"UPDATE {QUOTES} SET {sets} WHERE game_date = @d", d=DAY, **change)
    assert set(warnings(here)) == {check}
    notes = load_notes(unmatched_rows(here.warehouse, DAY, DAY + timedelta(days=1)))
    assert [n.rows for n in notes] == ([] if check == "quotes:players" else [1])


def test_a_box_score_of_no_game_is_a_finding_for_thirty_days(here: Jobs) -> None:
    before = DAY - timedelta(days=3)
    here.change(
        "UPDATE nba_analytics.player_game_summary SET game_id = '20250316_KSX_AAA' "
        "WHERE game_date BETWEEN @b AND @d AND team_abbr = 'KST'",
        b=before,
        d=DAY,
    )
    assert set(warnings(here)) == {"box_scores:no_game"}
    assert findings(here)["box_scores:no_game"].remedy == "props load DIR"
    assert warnings(here, DAY + timedelta(days=31)) == {}


def test_a_warning_on_quotes_stands_on_its_own_dates(here: Jobs) -> None:
    day = DAY - timedelta(days=2)
    note = Note(Severity.WARNING, LINES, "several main lines", 2, "row 1", (day, day))
    record(here.warehouse, DAY - timedelta(days=9), DAY, note)
    assert set(warnings(here, day)) == {"load:prop_lines"}
    assert warnings(here) == {}


def moved(day: DayFolder, team: str | None) -> Rows:
    first = day.main_quotes()[0]
    game = next(g for g in day.rows("games") if g["game_id"] != first["game_id"])
    to = {k: game[k] for k in ("game_id", "home_team", "away_team")}
    return [first | to | {"team": team and game[team], "opponent": None}]


def test_a_quoted_player_who_changed_teams_is_named(here: Jobs, day: DayFolder) -> None:
    (quote,) = moved(day, "home_team")
    day.load(here.warehouse, prop_lines=[quote])
    (evidence,) = warnings(here).values()
    lookup = quote["player_name"].replace(" ", "").lower()
    assert evidence.startswith(f"1 quoted players last played for another team: {lookup}, ")
    assert evidence.endswith(f" to {quote['team']}")


def test_a_quoted_player_without_a_side_is_named(here: Jobs, day: DayFolder) -> None:
    (quote,) = moved(day, None)
    day.load(here.warehouse, prop_lines=[quote])
    (found,) = warnings(here).items()
    assert found[0] == "quotes:side_unknown"
    assert quote["player_name"].replace(" ", "").lower() in found[1]


def test_the_doctor_names_why_no_line_is_usable(here: Jobs, day: DayFolder) -> None:
    rows = [r | {"over_price": None, "book_type": "sportsbook"} for r in day.main_quotes()]
    day.load(here.warehouse, prop_lines=rows)
    here.build(DAY, DAY)
    cause = here.doctor(DAY, DAY)[DAY].features["vegas_points_line"].cause
    assert cause is not None
    assert "no usable line" in cause
    assert "without both prices" in cause


def test_the_doctor_names_box_scores_without_a_game(here: Jobs) -> None:
    here.change(
        "UPDATE nba_analytics.player_game_summary SET game_id = '20250316_KSX_AAA' WHERE game_date < @d",
        d=DAY,
    )
    found = here.doctor(DAY, DAY)[DAY]
    assert found.expected == 0
    assert "their game is not in the schedule" in str(found.cause)


NOTE = Note(Severity.WARNING, LOGS, "team code KSX read as KST", 7, "row 3")


def record(warehouse: DuckDbWarehouse, first: date, last: date, *notes: Note) -> None:
    rows = pa.table({"game_date": pa.array([first, last], pa.date32())})
    record_load(warehouse, CLOCK.now(), {notes[0].file if notes else LOGS: rows}, notes)


def test_a_warning_of_a_load_stays_open_for_thirty_days(here: Jobs) -> None:
    record(here.warehouse, DAY - timedelta(days=2), DAY, NOTE)
    assert set(warnings(here)) == {"load:player_game_logs"}
    assert "team code KSX read as KST; the first: row 3" in warnings(here)["load:player_game_logs"]
    assert set(warnings(here, DAY + timedelta(days=30))) == {"load:player_game_logs"}
    assert warnings(here, DAY + timedelta(days=31)) == {}


@pytest.mark.parametrize(
    ("first", "notes", "is_open"),
    [(DAY - timedelta(days=2), [], False), (DAY, [], True), (DAY - timedelta(days=2), [NOTE], True)],
    ids=["covered without it", "covered in part", "covered with it"],
)
def test_a_later_load_of_the_file_settles_a_warning(
    first: date, notes: list[Note], is_open: bool, warehouse: DuckDbWarehouse
) -> None:
    record(warehouse, DAY - timedelta(days=2), DAY, NOTE)
    record(warehouse, first, DAY, *notes)
    reports = open_reports(warehouse, DAY - timedelta(days=30), DAY)
    assert [r["reason"] for r in reports] == ([NOTE.reason] if is_open else [])


def test_every_load_keeps_what_it_covered(here: Jobs, day: DayFolder) -> None:
    quotes = day.main_quotes()
    day.load(here.warehouse, prop_lines=quotes)
    (kept,) = here.rows(
        "SELECT severity, reason, row_count, first_game_date, last_game_date FROM nba_raw.load_reconciliation "
        f"WHERE file_name = '{LINES}' ORDER BY loaded_at DESC LIMIT 1"
    )
    assert kept == {
        "severity": "OK",
        "reason": "",
        "row_count": len(quotes),
        "first_game_date": DAY,
        "last_game_date": DAY,
    }
