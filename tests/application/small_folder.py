"""A folder of four small files for tests of loading: one game that is over, one that is tonight."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shared.application.ingestion.load import LoadFolder, LoadResult
from shared.embedded.clock import FixedClock
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.ports import Statement

PLAYED, TONIGHT = date(2025, 3, 17), date(2025, 3, 19)
NOW = datetime(2025, 3, 19, 21, tzinfo=UTC)
TIPOFFS = {
    PLAYED: datetime(2025, 3, 17, 23, 30, tzinfo=UTC),
    TONIGHT: datetime(2025, 3, 20, 0, 0, tzinfo=UTC),
}

Rows = list[dict[str, Any]]


def game(day: date, home: str, away: str, source_id: str, points: int | None = None) -> dict[str, Any]:
    return {
        "season": "2024-25", "season_type": "Regular Season", "game_id": source_id, "game_date": day,
        "start_time_utc": TIPOFFS[day], "home_team": home, "away_team": away, "home_points": points,
        "away_points": points and points - 1, "lines_source": None,
    }  # fmt: skip


def log(player_id: int, name: str, team: str, opponent: str, is_home: bool) -> dict[str, Any]:
    return {
        "season": "2024-25", "game_id": "0022400001", "game_date": PLAYED, "player_id": player_id,
        "player_name": name, "team": team, "opponent": opponent, "is_home": is_home, "did_play": True,
        "minutes": 34.2, "points": 20, "fgm": 8, "fga": 15, "fg3m": 2, "fg3a": 5, "ftm": 2, "fta": 2,
        "oreb": 1, "tov": 2,
    }  # fmt: skip


def quote(
    line: float = 20.5, over: int | None = -110, under: int | None = -110, **other: Any
) -> dict[str, Any]:
    return {
        "game_id": "0022400002", "game_date": TONIGHT, "home_team": "PHX", "away_team": "BKN",
        "player_id": 1, "player_name": "Aron Aşık", "bookmaker": "draftkings", "book_type": "sportsbook",
        "line": line, "over_price": over, "under_price": under, "is_main": True,
        "snapshot_time_utc": datetime(2025, 3, 19, 18, tzinfo=UTC), "snapshot_precision": "quote",
        "commence_time_utc": TIPOFFS[TONIGHT], "source": "s", "team": "PHX",
    } | other  # fmt: skip


def injury(**other: Any) -> dict[str, Any]:
    return {
        "game_id": "0022400002", "game_date": TONIGHT, "player_id": 2, "player_name": "Ben Bo", "team": "BKN",
        "status": "out", "reported_at_utc": datetime(2025, 3, 19, 17, tzinfo=UTC),
    } | other  # fmt: skip


def files() -> dict[str, Rows]:
    """Rows by file; a test changes what it is about."""
    return {
        "games": [game(PLAYED, "BKN", "PHX", "0022400001", 101), game(TONIGHT, "PHX", "BKN", "0022400002")],
        "player_game_logs": [log(1, "Aron Aşık", "PHX", "BKN", False), log(2, "Ben Bo", "BKN", "PHX", True)],
        "prop_lines": [quote()],
        "injury_report": [injury()],
    }


INSTANT, DAY = pa.timestamp("us", "UTC"), pa.date32()
TYPES = {
    "game_date": DAY, "start_time_utc": INSTANT, "snapshot_time_utc": INSTANT, "commence_time_utc": INSTANT,
    "reported_at_utc": INSTANT, "home_points": pa.int64(), "away_points": pa.int64(), "line": pa.float64(),
    "over_price": pa.int64(), "under_price": pa.int64(), "is_main": pa.bool_(), "player_id": pa.int64(),
}  # fmt: skip


def table(rows: Rows) -> pa.Table:
    return pa.table({n: pa.array([r[n] for r in rows], TYPES.get(n)) for n in rows[0]})


def write(folder: Path, tables: dict[str, Rows | pa.Table]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        pq.write_table(rows if isinstance(rows, pa.Table) else table(rows), folder / f"{name}.parquet")
    return folder


def with_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


class World:
    """A warehouse in a folder of its own, and loads into it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.warehouse = DuckDbWarehouse(root / "w.duckdb")

    def load(self, tables: dict[str, Any], now: datetime = NOW) -> LoadResult:
        folder = self.root / f"in-{len(list(self.root.iterdir()))}"
        return LoadFolder(self.warehouse, FixedClock(now))(write(folder, tables))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.warehouse.query(Statement(sql)).to_pylist()

    def is_empty(self) -> bool:
        tables = (
            "nba_reference.nba_schedule",
            "nba_analytics.player_game_summary",
            "nba_raw.odds_api_player_points_props",
            "nba_raw.nbac_injury_report",
        )
        return not any(self.rows(f"SELECT game_id FROM {t} WHERE game_date > '1900-01-01'") for t in tables)
