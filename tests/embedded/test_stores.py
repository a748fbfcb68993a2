from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from shared.backends import BackendSettings, connect
from shared.embedded.clock import parse_now
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.run_store import SqliteRunStore
from shared.errors import Conflict, NotFound, Rejected, Unavailable
from shared.ports import PlayerOutcome, Run, RunState, Statement
from shared.schemas.predictions import REJECTED_MESSAGES

DAY = date(2025, 3, 19)


def run(run_id: str) -> Run:
    return Run(run_id, DAY, RunState.CREATED, datetime.now(UTC), 0, {"force": True})


@pytest.fixture
def store(tmp_path: Path) -> SqliteRunStore:
    return SqliteRunStore(tmp_path / "runs.sqlite")


def test_one_active_run_per_date_and_the_loser_learns_the_holder(store: SqliteRunStore) -> None:
    store.open(run("a"))
    with pytest.raises(Conflict) as lost:
        store.open(run("b"))
    assert lost.value.holder == "a"
    assert store.advance("a", [RunState.CREATED], RunState.FAILED, note="why")
    store.open(run("b"))
    assert [r.run_id for r in store.runs(game_date=DAY)] == ["b", "a"]
    assert (store.get("a").note, store.get("a").closed_at is not None) == ("why", True)
    assert store.get("b").request == {"force": True}


def test_of_many_callers_one_moves_a_run_on(store: SqliteRunStore) -> None:
    store.open(run("a"))
    moved: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda: moved.append(store.advance("a", [RunState.CREATED], RunState.PUBLISHED))
        )
        for _ in range(8)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(moved) == [False] * 7 + [True]


def test_the_first_outcome_of_an_expected_player_stays(store: SqliteRunStore) -> None:
    store.open(run("a"))
    store.expect("a", {"x": "g1", "y": "g2"})
    assert store.record("a", [PlayerOutcome("x", "predicted", {"moving_average": "predicted"})]) == 1
    assert store.record("a", [PlayerOutcome("x", "failed:late"), PlayerOutcome("stranger", "predicted")]) == 1
    assert store.record("a", [PlayerOutcome("y", "skipped:no_features")]) == 0
    outcomes = store.outcomes("a")
    assert {p: o.outcome for p, o in outcomes.items() if o} == {"x": "predicted", "y": "skipped:no_features"}
    assert store.games("a") == {"x": "g1", "y": "g2"}
    with pytest.raises(NotFound, match="'none'"):
        store.record("none", [])
    with pytest.raises(NotFound, match="'none'"):
        store.get("none")


def test_a_file_of_a_later_version_is_refused(store: SqliteRunStore, tmp_path: Path) -> None:
    import sqlite3

    store.open(run("a"))
    with sqlite3.connect(tmp_path / "runs.sqlite") as con:
        con.execute("PRAGMA user_version = 99")
    con.close()
    with pytest.raises(Unavailable, match="schema version 99, this program knows 1"):
        SqliteRunStore(tmp_path / "runs.sqlite").get("a")
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    warehouse.query(Statement("SELECT 1 AS one"))
    warehouse.transact([Statement("INSERT INTO schema_version VALUES (99)")])
    with pytest.raises(Unavailable, match="schema version 99"):
        DuckDbWarehouse(tmp_path / "w.duckdb").query(Statement("SELECT 1 AS one"))


def test_a_transaction_is_whole_or_not_at_all(tmp_path: Path) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    table = "nba_predictions.feature_snapshots"
    insert = (
        f"INSERT INTO {table} (snapshot_id, game_date, as_of, mode, rows_built, created_at) "
        "VALUES ('s', @d, @now, 'LIVE', 1, @now)"
    )
    params = {"d": DAY, "now": datetime.now(UTC)}
    broken = Statement(f"INSERT INTO {table} (snapshot_id) VALUES (@d)", {"d": DAY})
    with pytest.raises(Exception, match="NOT NULL"):
        warehouse.transact([Statement(insert, params), broken])
    assert warehouse.query(Statement(f"SELECT * FROM {table}")).num_rows == 0
    assert warehouse.transact([Statement(insert, params)]) == [1]


def test_many_writers_never_see_a_lock_error(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    rows = pa.Table.from_pylist(
        [
            {
                "rejected_date": now.date(),
                "rejected_at": now,
                "service": "s",
                "reason": "r",
                "body": "b",
                "body_bytes": 1,
            }
        ],
        schema=REJECTED_MESSAGES.arrow_schema,
    )

    def write() -> None:
        for _ in range(5):
            DuckDbWarehouse(tmp_path / "w.duckdb").append(REJECTED_MESSAGES, rows)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    found = DuckDbWarehouse(tmp_path / "w.duckdb").query(
        Statement("SELECT COUNT(*) AS n FROM nba_predictions.rejected_messages")
    )
    assert found["n"][0].as_py() == 20


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match=r"PROPS_HOME .*file/home: cannot be made"):
        connect(BackendSettings(props_home=tmp_path / "file" / "home"))
    with pytest.raises(Unavailable, match=r"runs\.sqlite"):
        SqliteRunStore(tmp_path / "file" / "runs.sqlite").get("a")
    with pytest.raises(Unavailable, match=r"w\.duckdb"):
        DuckDbWarehouse(tmp_path / "file" / "w.duckdb").query(Statement("SELECT 1 AS one"))


def test_a_fixed_now_needs_a_zone() -> None:
    assert parse_now("2025-03-19T18:00:00-04:00") == datetime(2025, 3, 19, 22, tzinfo=UTC)
    with pytest.raises(Rejected, match="no time zone"):
        parse_now("2025-03-19T18:00:00")
    with pytest.raises(Rejected, match="'noon'"):
        parse_now("noon")
