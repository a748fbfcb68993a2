"""The sample files of feeds, imported over the real data: every expected value is what the warehouse holds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.application.importing.import_files import ImportFiles, ImportResult
from shared.application.importing.sources import PathSource
from shared.application.ingestion.load import LoadFolder
from shared.domain.market.bookmakers import book_key
from shared.embedded.clock import FixedClock
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import Rejected
from shared.ports import Statement
from tests.conftest import made_once
from tests.feeds.nba_files import game, schedule, team
from tests.realdata.feed_files import FOLDER, needs_feed_files

pytestmark = [*needs_feed_files, pytest.mark.slow]

CLOCK = FixedClock(datetime(2026, 2, 1, tzinfo=UTC))
SCHEDULES = ("unlicensed/kaggle/LeagueSchedule24_25.csv", "unlicensed/kaggle/LeagueSchedule25_26_cut.csv")
PLAYER_OF = {
    "test-avery-2019-include-inactive.csv": "Avery Bradley",
    "test-avery-2019.csv": "Avery Bradley",
    "test-westbrook-playoffs-2020-include-inactive.csv": "Russell Westbrook",
}
"""The player of the files that name none."""

STORED_BEFORE = {"unlicensed/kaggle/LeagueSchedule24_25.csv": "game_start_utc"}
"""A column that keeps the value of the real data: only NBA.com changes a stored game."""

TABLES = {
    "games": (
        "nba_reference.nba_schedule",
        {
            "game_id": "nba_game_id", "start_time_utc": "game_start_utc", "home_team": "home_team_tricode",
            "away_team": "away_team_tricode", "home_points": "home_team_score", "away_points": "away_team_score",
        },
    ),
    "player_game_logs": (
        "nba_analytics.player_game_summary",
        {
            "team": "team_abbr", "opponent": "opponent_team_abbr", "starter": "starter_flag",
            "minutes": "minutes_played", "fgm": "fg_makes", "fga": "fg_attempts", "fg3m": "three_pt_makes",
            "fg3a": "three_pt_attempts", "ftm": "ft_makes", "fta": "ft_attempts", "oreb": "offensive_rebounds",
            "dreb": "defensive_rebounds", "ast": "assists", "stl": "steals", "blk": "blocks",
            "tov": "turnovers", "pf": "personal_fouls", "usage_pct": "usage_rate",
        },
    ),
    "prop_lines": (
        "nba_raw.odds_api_player_points_props",
        {
            "line": "points_line", "snapshot_time_utc": "captured_at", "snapshot_precision": "captured_precision",
        },
    ),
}  # fmt: skip
"""Table and columns of the warehouse by file of ``expected.json``."""

ELSEWHERE = {"game_id", "reb", "bref_slug", "player_name", "home_team", "away_team", "did_play"}
"""Fields that are checked by other columns or that the table does not have."""

Imported = Callable[..., tuple[DuckDbWarehouse, ImportResult]]


@pytest.fixture(scope="session")
def real_world(
    real_data: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    def make(folder: Path) -> None:
        warehouse = DuckDbWarehouse(folder / "warehouse.duckdb")
        LoadFolder(warehouse, CLOCK)(real_data)
        unlisted = game(
            "0022500165", gameDateTimeEst="2025-11-04T19:30:00Z", gameDateTimeUTC="2025-11-05T00:30:00Z",
            homeTeam=team("TOR", 128), awayTeam=team("MIL", 100),
        )  # fmt: skip
        path = folder / "schedule.json"
        path.write_bytes(schedule(unlisted).body)
        ImportFiles(warehouse, CLOCK)([*(PathSource(FOLDER / s) for s in SCHEDULES), PathSource(path)])

    return made_once("real-feeds", make, tmp_path_factory, request) / "warehouse.duckdb"


@pytest.fixture
def imported(real_world: Path, tmp_path: Path) -> Imported:
    def run(*paths: str) -> tuple[DuckDbWarehouse, ImportResult]:
        warehouse = DuckDbWarehouse(Path(shutil.copy(real_world, tmp_path / "warehouse.duckdb")))
        sources = [PathSource(FOLDER / p, player=PLAYER_OF.get(Path(p).name)) for p in paths]
        return warehouse, ImportFiles(warehouse, CLOCK)(sources)

    return run


def _expected() -> dict[str, list[dict[str, Any]]]:
    path = FOLDER / "expected.json"
    entries = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    by_file: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        by_file.setdefault(entry["file"], []).append(entry)
    return by_file


@pytest.mark.parametrize("path", sorted(_expected()))
def test_each_expected_row_is_stored(path: str, imported: Imported) -> None:
    warehouse, result = imported(path)
    for entry in _expected()[path]:
        table, columns = TABLES[entry["table"]]
        row = entry["row"]
        wanted = {columns.get(c, c): v for c, v in row.items() if c not in ELSEWHERE}
        if "bookmaker" in wanted:
            wanted["bookmaker"] = book_key(wanted["bookmaker"])
        if "game_id" in row and entry["table"] == "games":
            wanted["nba_game_id"] = row["game_id"]
        if "home_team" in row and entry["table"] == "prop_lines":
            day = date.fromisoformat(row["game_date"])
            wanted["game_id"] = f"{day:%Y%m%d}_{row['away_team']}_{row['home_team']}"
        if "did_play" in row:
            wanted["is_dnp"] = not row["did_play"]
        if "game_date" not in wanted:
            wanted["game_date"] = _date_of(warehouse, row["game_id"])
        wanted.pop(STORED_BEFORE.get(path, ""), None)
        if entry["table"] == "prop_lines":  # the real data has some of these quotes from another source
            wanted["source"] = result.files[0].feed
        found = _rows(warehouse, table, wanted)
        assert len(found) == 1, (wanted, found)


def _date_of(warehouse: DuckDbWarehouse, source_id: str) -> str:
    sql = f"SELECT game_date FROM nba_reference.nba_schedule WHERE nba_game_id = '{source_id}'"
    (row,) = warehouse.query(Statement(sql)).to_pylist()
    return str(row["game_date"])


def _rows(warehouse: DuckDbWarehouse, table: str, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    unknown = {c for c in ("is_home", "player_id") if wanted.get(c, 0) is None}
    wanted = {c: v for c, v in wanted.items() if c not in unknown}
    sql = f"SELECT {', '.join(wanted)} FROM {table} WHERE game_date = DATE '{wanted['game_date']}'"
    rows = warehouse.query(Statement(sql)).to_pylist()
    return [r for r in rows if all(_same(r[k], v) for k, v in wanted.items())]


def _same(stored: Any, wanted: Any) -> bool:
    if isinstance(stored, datetime):
        return wanted is not None and stored == datetime.fromisoformat(wanted)
    if isinstance(stored, date):
        return stored.isoformat() == wanted
    if isinstance(stored, float) and wanted is not None:
        return abs(stored - wanted) < 1e-3
    return bool(stored == wanted)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("licensed/nba_api/boxscoreadvancedv3.json", "WNBA"),
        ("unlicensed/espn_hoopr/wehoop_player_box_2024_cut.csv", "WNBA"),
    ],
)
def test_another_league_is_refused_by_name(path: str, text: str, imported: Imported) -> None:
    with pytest.raises(Rejected, match=text):
        imported(path)


def test_a_file_of_threes_gives_no_row_and_the_reason(imported: Imported) -> None:
    _, result = imported("unlicensed/oddsapi/myles_wide_2025-03-06_player_threes.csv")
    (file,) = result.files
    assert (file.rows, result.read) == ({}, {})
    assert file.notes
