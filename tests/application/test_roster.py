"""Who belongs to which game of a date, from loaded files to the slate."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.application.features.slate import Slate, read_slate
from shared.domain.vocabulary import RunMode
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.ports import Statement
from tests.application.day_folder import DayFolder, Rows
from tests.conftest import CLOCK, DAY

NOW = CLOCK.now()


@pytest.fixture
def bare(warehouse: DuckDbWarehouse) -> DuckDbWarehouse:
    """The league without the date's quotes and reports."""
    for table in ("nba_raw.odds_api_player_points_props", "nba_raw.nbac_injury_report"):
        warehouse.transact([Statement(f"DELETE FROM {table} WHERE game_date = DATE '{DAY}'")])
    return warehouse


@pytest.fixture
def day(league_folder: Path, tmp_path: Path) -> DayFolder:
    return DayFolder(league_folder, tmp_path / "in")


@pytest.fixture
def quotes(day: DayFolder) -> Rows:
    """Main quotes of one player of the date."""
    rows = day.main_quotes()
    return [r for r in rows if r["player_id"] == rows[0]["player_id"]]


def other_game(day: DayFolder, row: dict[str, Any]) -> dict[str, Any]:
    return next(g for g in day.rows("games") if row["game_id"] != g["game_id"])


def moved(row: dict[str, Any], game: dict[str, Any], team: str | None) -> dict[str, Any]:
    to = {k: game[k] for k in ("game_id", "home_team", "away_team")}
    return row | to | {"team": team, "opponent": None}


def seats(slate: Slate, lookup: str) -> list[tuple[str, str, bool, bool]]:
    return [
        (
            str(slate.games["game_id"][c.game].as_py()),
            str(slate.targets.team[i]),
            c.expected,
            slate.quote[i] >= 0,
        )
        for i, c in enumerate(slate.candidates)
        if slate.lookups[i] == lookup
    ]


def slate_of(warehouse: DuckDbWarehouse, now: datetime = NOW) -> Slate:
    return read_slate(warehouse, DAY, DAY, now, RunMode.LIVE)


def lookup_of(row: dict[str, Any]) -> str:
    return str(row["player_name"]).replace(" ", "").lower()


def test_a_traded_player_is_expected_in_the_game_he_is_quoted_in_and_only_there(
    day: DayFolder, bare: DuckDbWarehouse, quotes: Rows
) -> None:
    game = other_game(day, quotes[0])
    day.load(bare, prop_lines=[moved(q, game, game["away_team"]) for q in quotes])
    ours = f"{DAY:%Y%m%d}_{game['away_team']}_{game['home_team']}"
    assert seats(slate_of(bare), lookup_of(quotes[0])) == [(ours, game["away_team"], True, True)]


def test_a_quote_that_was_not_captured_yet_moves_nobody(
    day: DayFolder, bare: DuckDbWarehouse, quotes: Rows
) -> None:
    game = other_game(day, quotes[0])
    before = seats(slate_of(bare), lookup_of(quotes[0]))
    later = NOW + timedelta(minutes=1)
    day.load(
        bare, prop_lines=[moved(q, game, game["away_team"]) | {"snapshot_time_utc": later} for q in quotes]
    )
    assert seats(slate_of(bare), lookup_of(quotes[0])) == before


def test_without_a_side_nobody_is_predicted(day: DayFolder, bare: DuckDbWarehouse, quotes: Rows) -> None:
    game = other_game(day, quotes[0])
    day.load(bare, prop_lines=[moved(q, game, None) for q in quotes])
    assert seats(slate_of(bare), lookup_of(quotes[0])) == []


def test_a_player_quoted_in_two_games_is_expected_in_the_newer_one(
    day: DayFolder, bare: DuckDbWarehouse, quotes: Rows
) -> None:
    game = other_game(day, quotes[0])
    new = [moved(q, game, game["home_team"]) for q in quotes]
    day.load(
        bare, prop_lines=[*quotes, *(q | {"snapshot_time_utc": NOW - timedelta(minutes=9)} for q in new)]
    )
    (seat,) = seats(slate_of(bare), lookup_of(quotes[0]))
    assert seat[1] == game["home_team"]


def test_a_quoted_player_without_history_is_expected_without_features(
    day: DayFolder, bare: DuckDbWarehouse, quotes: Rows
) -> None:
    day.load(bare, prop_lines=[q | {"player_id": 777777, "player_name": "Neo Rookson"} for q in quotes])
    (seat,) = seats(slate_of(bare), "neorookson")
    assert seat[1:] == (quotes[0]["team"], True, True)


def report(quote: dict[str, Any], status: str, hours: float, **other: Any) -> dict[str, Any]:
    named = {k: quote[k] for k in ("game_date", "game_id", "player_id", "player_name", "team")}
    return named | {"status": status, "reported_at_utc": NOW - timedelta(hours=hours)} | other


@pytest.mark.parametrize(
    ("quoted_hours_ago", "later_report", "is_expected"),
    [(1.0, True, True), (1.0, False, False), (3.5, True, False)],
    ids=["gone and quoted", "no later report", "not quoted since"],
)
def test_an_absence_is_taken_back_by_a_later_report_without_it_and_a_quote_since(
    quoted_hours_ago: float,
    later_report: bool,
    is_expected: bool,
    day: DayFolder,
    bare: DuckDbWarehouse,
    quotes: Rows,
) -> None:
    mate = {"player_id": 777777, "player_name": "Neo Rookson"}
    later = [report(quotes[0], "GTD", 2, **mate)] if later_report else []
    day.load(
        bare,
        prop_lines=[q | {"snapshot_time_utc": NOW - timedelta(hours=quoted_hours_ago)} for q in quotes],
        injury_report=[report(quotes[0], "OUT", 3), *later],
    )
    slate = slate_of(bare)
    (seat,) = seats(slate, lookup_of(quotes[0]))
    assert seat[2] is is_expected
    status = slate.status[slate.lookups.index(lookup_of(quotes[0]))]
    assert status == ("" if is_expected else "out")
