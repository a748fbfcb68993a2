from __future__ import annotations

import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from shared.backends import BackendSettings, connect
from shared.domain.vocabulary import RunState
from shared.embedded.broker.store import MessageStore
from shared.embedded.clock import parse_now
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.locks import FileLocks
from shared.embedded.publisher import StorePublisher
from shared.embedded.run_store import SqliteRunStore
from shared.errors import Rejected, Unavailable
from shared.ports import ExpectedPlayer, OutgoingMessage, Run, Statement
from shared.schemas.predictions import PREDICTION_ACCURACY, REJECTED_MESSAGES

DAY = date(2025, 3, 19)


def run(run_id: str) -> Run:
    return Run(run_id, DAY, RunState.CREATED, datetime.now(UTC), 0, {"force": True})


@pytest.fixture
def store(tmp_path: Path) -> SqliteRunStore:
    return SqliteRunStore(tmp_path / "runs.sqlite")


@pytest.mark.slow
def test_a_file_that_many_open_first_at_once_loses_nothing(tmp_path: Path) -> None:
    for n in range(50):
        new = SqliteDocuments(tmp_path / f"{n}.sqlite")
        with ThreadPoolExecutor(12) as pool:
            list(pool.map(lambda i, to=new: to.merge("jobs", "x", {f"day{i}": i}), range(12)))
        assert new.get("jobs", "x") == {f"day{i}": i for i in range(12)}


def test_a_file_of_a_later_version_is_refused(store: SqliteRunStore, tmp_path: Path) -> None:
    import sqlite3

    store.open(run("a"))
    with sqlite3.connect(tmp_path / "runs.sqlite") as con:
        con.execute("PRAGMA user_version = 99")
    con.close()
    with pytest.raises(Unavailable, match="schema version 99, expected at most 2"):
        SqliteRunStore(tmp_path / "runs.sqlite").get("a")
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    warehouse.query(Statement("SELECT 1 AS one"))
    warehouse.transact([Statement("INSERT INTO schema_version VALUES (99)")])
    with pytest.raises(Unavailable, match="schema version 99"):
        DuckDbWarehouse(tmp_path / "w.duckdb").query(Statement("SELECT 1 AS one"))


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_a_store_that_is_away_and_leaves_what_was_there(tmp_path: Path) -> None:
    warehouse, runs = DuckDbWarehouse(tmp_path / "w.duckdb"), SqliteRunStore(tmp_path / "runs.sqlite")
    now = datetime.now(UTC)
    row = {"rejected_date": DAY, "rejected_at": now, "service": "s", "message_id": "1", "reason": "r"}
    row |= {"body": "b", "body_bytes": 1}
    rows = pa.Table.from_pylist([row], schema=REJECTED_MESSAGES.arrow_schema)
    later = pa.Table.from_pylist([row | {"reason": "later"}], schema=REJECTED_MESSAGES.arrow_schema)
    change = Statement("UPDATE nba_predictions.rejected_messages SET reason = 'changed' WHERE TRUE")
    warehouse.append(REJECTED_MESSAGES, rows)
    runs.open(run("a"))
    writes: list[Callable[[], object]] = [
        lambda: warehouse.append(REJECTED_MESSAGES, rows),
        lambda: warehouse.upsert(REJECTED_MESSAGES, later),
        lambda: warehouse.transact([change, change]),
        lambda: runs.expect("a", [ExpectedPlayer("x", 1, "g1")]),
        lambda: runs.record("a", []),
    ]
    for write in writes:
        with full_disk(), pytest.raises(Unavailable, match=f"{tmp_path}.*(too large|I/O error)"):
            write()
    found = warehouse.query(Statement("SELECT reason FROM nba_predictions.rejected_messages"))
    assert found["reason"].to_pylist() == ["r"]
    assert runs.players("a") == []
    assert warehouse.transact([change]) == [1]


@pytest.mark.slow
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
    with pytest.raises(Unavailable, match=r"PROPS_HOME .*file/home: cannot be created"):
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


def accuracy(**values: Any) -> pa.Table:
    row = {
        "game_date": DAY, "game_id": "g", "player_lookup": "p", "player_id": 1, "system_id": "s",
        "model_key": "m", "counted_as": "LIVE", "outcome": "HIT", "actual_points": 21, "is_current": True, "is_voided": False,
        "prediction_id": "1", "role": "champion", "prediction_run_mode": "LIVE", "predicted_points": 20.0,
        "confidence_score": 90.0, "recommendation": "OVER", "graded_at": datetime(2025, 3, 20, tzinfo=UTC),
    } | values  # fmt: skip
    return pa.Table.from_pylist([row], schema=PREDICTION_ACCURACY.arrow_schema)


def test_a_file_of_an_earlier_version_gets_what_was_added_since(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE SCHEMA nba_predictions")
        con.execute("CREATE TABLE nba_predictions.prediction_accuracy (game_date DATE, outcome VARCHAR)")
        con.execute("INSERT INTO nba_predictions.prediction_accuracy VALUES (DATE '2025-03-18', 'HIT')")
        con.execute("CREATE TABLE schema_version (version INTEGER)")
        con.execute("INSERT INTO schema_version VALUES (1)")
    warehouse = DuckDbWarehouse(path)
    assert warehouse.upsert(PREDICTION_ACCURACY, accuracy()) == 1
    rows = warehouse.query(
        Statement("SELECT outcome, counted_as FROM nba_predictions.prediction_accuracy ORDER BY game_date")
    )
    assert rows.to_pylist() == [
        {"outcome": "HIT", "counted_as": None}, {"outcome": "HIT", "counted_as": "LIVE"}
    ]  # fmt: skip
    tables = warehouse.query(Statement("SELECT COUNT(*) AS n FROM nba_predictions.model_registry"))
    assert tables.to_pylist() == [{"n": 0}]


def test_a_folder_of_locks_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="file"), FileLocks(tmp_path / "file").hold("date", 0.1):
        pass


def test_a_jobs_messages_wait_in_the_store_for_the_broker(tmp_path: Path) -> None:
    store = MessageStore(tmp_path / "broker.sqlite")
    StorePublisher(store).publish("predictions-complete", [OutgoingMessage(b"one"), OutgoingMessage(b"two")])
    assert store.counts()["predictions-complete"]["pending"] == 2


def test_a_broker_file_of_the_version_before_keeps_its_messages(tmp_path: Path) -> None:
    path = tmp_path / "broker.sqlite"
    with sqlite3.connect(path) as con:
        con.executescript(
            "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, data TEXT NOT NULL,"
            " published_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending',"
            " attempts INTEGER NOT NULL DEFAULT 0, last_answer TEXT);"
            "INSERT INTO messages (topic, data, published_at) VALUES ('jobs', 'b25l', '2026-01-01T00:00:00+00:00');"
            "PRAGMA user_version=1;"
        )
    store = MessageStore(path)
    StorePublisher(store).publish("jobs", [OutgoingMessage(b"two", {"run_id": "r"})])
    assert [(m.data, dict(m.attributes)) for m in store.pending("jobs")] == [
        ("b25l", {}),
        ("dHdv", {"run_id": "r"}),
    ]
