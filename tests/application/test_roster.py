"""Who belongs to which game of a date, from loaded files to the slate."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from shared.application.ingestion.load import LoadFolder
from shared.application.known import Mode
from shared.application.slate import Slate, read_slate
from shared.embedded.clock import FixedClock
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.ports import Statement
from tests.conftest import CLOCK, DAY

NOW = CLOCK.now()
FILES = ("games", "player_game_logs", "prop_lines", "injury_report")
Rows = list[dict[str, Any]]


@pytest.fixture
def bare(warehouse: DuckDbWarehouse) -> DuckDbWarehouse:
    """The league without the date's quotes and reports."""
    for table in ("nba_raw.odds_api_player_points_props", "nba_raw.nbac_injury_report"):
        warehouse.transact([Statement(f"DELETE FROM {table} WHERE game_date = DATE '{DAY}'")])
    return warehouse


@pytest.fixture
def load(bare: DuckDbWarehouse, league_folder: Path, tmp_path: Path) -> Callable[..., None]:
    """Load the date's games with the rows given, which are made of rows of the league."""

    def load(**rows: Rows) -> None:
        folder = tmp_path / "in"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in FILES:
            table = pq.read_table(league_folder / f"{name}.parquet")
            of_day = table.filter(pc.equal(table["game_date"], pa.scalar(DAY)))
            if name != "games":
                of_day = pa.Table.from_pylist(rows.get(name, []), schema=table.schema)
            pq.write_table(of_day, folder / f"{name}.parquet")
        LoadFolder(bare, FixedClock(NOW))(folder)

    return load


@pytest.fixture
def quotes(league_folder: Path) -> Rows:
    """Main quotes of one player of the date with an early and a late capture."""
    table = pq.read_table(league_folder / "prop_lines.parquet")
    day = pc.and_(pc.equal(table["game_date"], pa.scalar(DAY)), table["is_main"])
    rows = table.filter(pc.and_(day, pc.is_valid(table["over_price"]))).to_pylist()
    rows = [r for r in rows if r["under_price"] and r["snapshot_time_utc"] < NOW]
    player = rows[0]["player_id"]
    return sorted((r for r in rows if r["player_id"] == player), key=lambda r: r["snapshot_time_utc"])


def other_game(league_folder: Path, row: dict[str, Any]) -> dict[str, Any]:
    games = pq.read_table(league_folder / "games.parquet").to_pylist()
    return next(g for g in games if g["game_date"] == DAY and row["game_id"] != g["game_id"])


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
    return read_slate(warehouse, DAY, DAY, now, Mode.LIVE)


def lookup_of(row: dict[str, Any]) -> str:
    return str(row["player_name"]).replace(" ", "").lower()


def test_a_traded_player_is_expected_in_the_game_he_is_quoted_in_and_only_there(
    load: Callable[..., None], bare: DuckDbWarehouse, quotes: Rows, league_folder: Path
) -> None:
    game = other_game(league_folder, quotes[0])
    load(prop_lines=[moved(q, game, game["away_team"]) for q in quotes])
    ours = f"{DAY:%Y%m%d}_{game['away_team']}_{game['home_team']}"
    assert seats(slate_of(bare), lookup_of(quotes[0])) == [(ours, game["away_team"], True, True)]


def test_a_quote_that_was_not_captured_yet_moves_nobody(
    load: Callable[..., None], bare: DuckDbWarehouse, quotes: Rows, league_folder: Path
) -> None:
    game = other_game(league_folder, quotes[0])
    before = seats(slate_of(bare), lookup_of(quotes[0]))
    later = NOW + timedelta(minutes=1)
    load(prop_lines=[moved(q, game, game["away_team"]) | {"snapshot_time_utc": later} for q in quotes])
    assert seats(slate_of(bare), lookup_of(quotes[0])) == before


def test_without_a_side_nobody_is_predicted(
    load: Callable[..., None], bare: DuckDbWarehouse, quotes: Rows, league_folder: Path
) -> None:
    game = other_game(league_folder, quotes[0])
    load(prop_lines=[moved(q, game, None) for q in quotes])
    assert seats(slate_of(bare), lookup_of(quotes[0])) == []


def test_a_player_quoted_in_two_games_is_expected_in_the_newer_one(
    load: Callable[..., None], bare: DuckDbWarehouse, quotes: Rows, league_folder: Path
) -> None:
    game = other_game(league_folder, quotes[0])
    new = [moved(q, game, game["home_team"]) for q in quotes]
    load(prop_lines=[*quotes, *(q | {"snapshot_time_utc": NOW - timedelta(minutes=9)} for q in new)])
    (seat,) = seats(slate_of(bare), lookup_of(quotes[0]))
    assert seat[1] == game["home_team"]


def test_a_quoted_player_without_history_is_expected_without_features(
    load: Callable[..., None], bare: DuckDbWarehouse, quotes: Rows
) -> None:
    load(prop_lines=[q | {"player_id": 777777, "player_name": "Neo Rookson"} for q in quotes])
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
    load: Callable[..., None],
    bare: DuckDbWarehouse,
    quotes: Rows,
) -> None:
    mate = {"player_id": 777777, "player_name": "Neo Rookson"}
    later = [report(quotes[0], "GTD", 2, **mate)] if later_report else []
    load(
        prop_lines=[q | {"snapshot_time_utc": NOW - timedelta(hours=quoted_hours_ago)} for q in quotes],
        injury_report=[report(quotes[0], "OUT", 3), *later],
    )
    slate = slate_of(bare)
    (seat,) = seats(slate, lookup_of(quotes[0]))
    assert seat[2] is is_expected
    status = slate.status[slate.lookups.index(lookup_of(quotes[0]))]
    assert status == ("" if is_expected else "out")
