"""State of a version that told players apart by their spelling gets the ids that are known."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from shared.domain.vocabulary import PREDICTED, Outcome, RunState
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.run_store import SqliteRunStore
from shared.ports import ExpectedPlayer, PlayerOutcome, Run, Statement
from shared.schemas.feature_store import (
    ML_FEATURE_STORE,
    PLAYER_DAILY_CACHE,
    UPCOMING_PLAYER_GAME_CONTEXT,
)
from shared.schemas.predictions import PLAYER_PROP_PREDICTIONS, PREDICTION_ACCURACY, PREDICTION_KEY_OUTCOMES
from shared.schemas.table import Table
from tests.contracts.test_warehouse import DAY, full_row, rows_of

FILLED = (PLAYER_PROP_PREDICTIONS, PREDICTION_ACCURACY, PREDICTION_KEY_OUTCOMES, PLAYER_DAILY_CACHE)
PLAYERS = (("ann", 1), ("bea", 2), ("twin", 3), ("twin", 4))


def put(warehouse: DuckDbWarehouse, table: Table, *rows: dict[str, Any]) -> None:
    every = [full_row(table) | row for row in rows]
    warehouse.append(
        table, rows_of(table, [{k: v for k, v in r.items() if k in table.column_names} for r in every])
    )


def earlier_version(path: Path) -> None:
    """A file of version 6 in which no row but those of snapshots has an id."""
    warehouse = DuckDbWarehouse(path)
    for lookup, player in PLAYERS:
        of_player = {
            "player_lookup": lookup, "player_id": player, "snapshot_id": "snap", "feature_snapshot_id": "snap",
            "game_id": "g", "prediction_id": f"{lookup}{player}", "system_id": "s", "run_id": "r",
        }  # fmt: skip
        for table in (ML_FEATURE_STORE, UPCOMING_PLAYER_GAME_CONTEXT):
            put(warehouse, table, of_player)
        for table in FILLED:
            put(warehouse, table, of_player | {"player_id": None})
    warehouse.transact([Statement("UPDATE schema_version SET version = 6")])


def ids(warehouse: DuckDbWarehouse, table: Table) -> list[tuple[str, int | None]]:
    sql = f"SELECT player_lookup, player_id FROM {table.full_name} ORDER BY player_lookup, player_id"
    return [(r["player_lookup"], r["player_id"]) for r in warehouse.query(Statement(sql)).to_pylist()]


@pytest.mark.slow
def test_rows_get_the_id_of_the_one_player_of_their_spelling(tmp_path: Path) -> None:
    earlier_version(tmp_path / "w.duckdb")
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    for table in FILLED:
        assert ids(warehouse, table) == [("ann", 1), ("bea", 2), ("twin", None), ("twin", None)], table.name


def test_a_file_of_the_first_version_is_filled_too(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA nba_predictions")
        con.execute(
            "CREATE TABLE nba_predictions.player_prop_predictions (prediction_id VARCHAR, player_id BIGINT)"
        )
        con.execute("INSERT INTO nba_predictions.player_prop_predictions VALUES ('p1', 7)")
        con.execute(
            "CREATE TABLE nba_predictions.prediction_accuracy (prediction_id VARCHAR, player_lookup VARCHAR)"
        )
        con.execute("INSERT INTO nba_predictions.prediction_accuracy VALUES ('p1', 'ann'), ('p2', 'bea')")
        con.execute("CREATE TABLE schema_version (version INTEGER)")
        con.execute("INSERT INTO schema_version VALUES (1)")
    assert ids(DuckDbWarehouse(path), PREDICTION_ACCURACY) == [("ann", 7), ("bea", None)]


VERSION_1 = """
CREATE TABLE runs (
  run_id TEXT PRIMARY KEY, game_date TEXT NOT NULL, state TEXT NOT NULL, opened_at TEXT NOT NULL,
  request TEXT NOT NULL, closed_at TEXT, note TEXT);
CREATE TABLE players (
  run_id TEXT NOT NULL, player_lookup TEXT NOT NULL, game_id TEXT NOT NULL, outcome TEXT, systems TEXT,
  PRIMARY KEY (run_id, player_lookup)) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def test_runs_of_version_1_keep_players_and_outcomes_and_can_be_carried_on(tmp_path: Path) -> None:
    path, opened = tmp_path / "runs.sqlite", datetime(2025, 3, 19, 16, tzinfo=UTC)
    with sqlite3.connect(path) as con:
        con.executescript(VERSION_1)
        con.execute(
            "INSERT INTO runs (run_id, game_date, state, opened_at, request) VALUES ('r', ?, 'PUBLISHED', ?, '{}')",
            (DAY.isoformat(), opened.isoformat()),
        )
        con.execute(
            "INSERT INTO players VALUES ('r', 'ann', 'g1', 'predicted', ?)", (json.dumps({"s": "predicted"}),)
        )
        con.execute("INSERT INTO players VALUES ('r', 'bea', 'g2', NULL, NULL)")
    con.close()
    store = SqliteRunStore(path)
    ann, bea = ExpectedPlayer("ann", None, "g1"), ExpectedPlayer("bea", None, "g2")
    assert store.get("r") == Run("r", DAY, RunState.PUBLISHED, opened, 2)
    done = PlayerOutcome(None, "ann", PREDICTED, {"s": "predicted"})
    assert store.outcomes("r") == {ann: done, bea: None}
    late = PlayerOutcome(None, "bea", Outcome.parse("failed:late"))
    assert store.record("r", [late]) == 0
    assert SqliteRunStore(path).outcomes("r") == {ann: done, bea: late}
