"""Stores in memory that run the adapters' own SQL, and a slate to predict in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from shared.application.features.snapshot_rows import feature_hash
from shared.domain.features.contract import FEATURES
from shared.embedded.duckdb_warehouse import DuckDbWarehouse, prepare
from shared.embedded.run_store import SqliteRunStore
from shared.embedded.sqlite import SqliteFile
from shared.model_registry.typical_players import typical_rows
from shared.ports import Statement, Warehouse
from shared.schemas.feature_store import FEATURE_SNAPSHOTS, ML_FEATURE_STORE, UPCOMING_PLAYER_GAME_CONTEXT
from shared.schemas.messages import FEATURE_VERSION
from shared.schemas.reference import NBA_SCHEDULE
from shared.schemas.table import Table

DAY = date(2025, 3, 19)
NOW = datetime(2025, 3, 19, 20, tzinfo=UTC)
TIPOFF = NOW + timedelta(hours=3)
GAMES = ("20250319_AAA_BBB", "20250319_CCC_DDD")
PLAYERS = tuple(f"player{letter}" for letter in "abcdeegh")
"""Two of different games are spelled alike."""

INCOMPLETE, FEATURELESS = "playerg", "playerh"
"""A player without a required feature, and one who is expected and has no features at all."""

WRITTEN = (
    "prediction_staging", "player_prop_predictions", "prediction_key_outcomes", "prediction_runs",
    "daily_prediction_signals", "rejected_messages",
)  # fmt: skip


class MemoryWarehouse(DuckDbWarehouse):
    """The embedded warehouse on one connection that stays open: no file, no lock, no parts. Its only catalog
    has the name of the one in which statements look for what is kept in parts."""

    def __init__(self) -> None:
        super().__init__(Path("memory"))
        self._con = duckdb.connect(":memory:", config={"threads": 1})
        self._con.execute("SET TimeZone='UTC'")
        prepare(self._con, Path("memory"))
        lay_out(self, PLAYERS)

    @contextmanager
    def _open(self) -> Iterator[duckdb.DuckDBPyConnection]:
        yield self._con

    def rows(self, table: str) -> list[dict[str, Any]]:
        return list(self.query(Statement(f"SELECT * FROM nba_predictions.{table}")).to_pylist())

    def clear(self) -> None:
        """The slate as it was before any run."""
        for table in WRITTEN:
            self._con.execute(f"DELETE FROM nba_predictions.{table}")


class _OpenFile(SqliteFile):
    """One connection to a database in memory, for whichever thread has its turn."""

    def __init__(self, like: SqliteFile) -> None:
        super().__init__(Path("memory"), like._schema, like._version)
        self._con = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._con.row_factory = sqlite3.Row
        self._prepare_locked(self._con)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        yield self._con

    def close(self) -> None:
        self._con.close()


class MemoryRunStore(SqliteRunStore):
    def __init__(self) -> None:
        super().__init__(Path("memory"))
        self._file: _OpenFile = _OpenFile(self._file)

    def batched_writes(self) -> AbstractContextManager[None]:
        """Step by step, so that others come between and what is inside can break half-way."""
        return nullcontext()

    def close(self) -> None:
        self._file.close()


def lay_out(warehouse: Warehouse, players: Sequence[str]) -> None:
    """Write a slate of these players."""
    slate: dict[Table, list[dict[str, Any]]] = {
        NBA_SCHEDULE: [_game(g) for g in GAMES],
        FEATURE_SNAPSHOTS: [
            {"snapshot_id": "snapshot", "game_date": DAY, "as_of": NOW, "mode": "LIVE", "rows_built": 7}
            | {"created_at": NOW}
        ],
        UPCOMING_PLAYER_GAME_CONTEXT: [_expected(i, p) for i, p in enumerate(players)],
        ML_FEATURE_STORE: [_features(i, p) for i, p in enumerate(players) if p != FEATURELESS],
    }
    for table, rows in slate.items():
        warehouse.append(table, pa.Table.from_pylist(rows, schema=table.arrow_schema))


def _game(game_id: str) -> dict[str, Any]:
    _, away, home = game_id.split("_")
    return {
        "game_id": game_id,
        "game_date": DAY,
        "season": "2024-25",
        "season_type": "Regular Season",
        "game_start_utc": TIPOFF,
        "home_team_tricode": home,
        "away_team_tricode": away,
    }


def _player(i: int, player: str) -> dict[str, Any]:
    game_id = GAMES[i % len(GAMES)]
    _, away, home = game_id.split("_")
    return {
        "snapshot_id": "snapshot",
        "game_date": DAY,
        "game_id": game_id,
        "player_lookup": player,
        "player_id": i + 1,
        "team_abbr": home,
        "opponent_team_abbr": away,
        "as_of": NOW,
        "created_at": NOW,
    }


def _expected(i: int, player: str) -> dict[str, Any]:
    return _player(i, player) | {
        "home_game": True,
        "expected": True,
        "roster_reason": "minutes",
        "avg_minutes_last_14_days": 30.0,
        "has_prop_line": i % 2 == 0,
    }


def _features(i: int, player: str) -> dict[str, Any]:
    """Those of a player who scores about twelve; the first tells the first players apart."""
    values = typical_rows(FEATURES)[2] + np.random.default_rng(i).uniform(0.0, 0.5, 33).round(2)
    values[0] = np.nan if player == INCOMPLETE else 10.0 + min(i, 9)
    line: dict[str, Any] = {"line_value": 12.5, "line_book": "draftkings", "line_quote_id": f"q{i}"}
    line |= {"line_over_price": -110, "line_under_price": -110, "line_precision": "requested"}
    return _player(i, player) | {
        **{f"feature_{n}_value": None if np.isnan(v) else float(v) for n, v in enumerate(values)},
        **(line if i % 2 == 0 else {}),
        "feature_version": FEATURE_VERSION,
        "feature_quality_score": 90.0,
        "feature_hash": feature_hash(values, np.array([])),
        "league_def_rating": 112.0,
        "days_rest": 1.0,
        "recent": [],
        "context": [],
        "data_source": "test",
    }
