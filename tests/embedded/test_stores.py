from __future__ import annotations

import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from shared.backends import BackendSettings, connect
from shared.embedded.broker.store import MessageStore
from shared.embedded.clock import parse_now
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.locks import FileLocks
from shared.embedded.publisher import StorePublisher
from shared.embedded.run_store import SqliteRunStore
from shared.errors import Conflict, InvalidStatement, NotFound, Rejected, Unavailable
from shared.ports import Outgoing, PlayerOutcome, Run, RunState, Statement
from shared.schemas.predictions import PREDICTION_ACCURACY, REJECTED_MESSAGES

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


def test_a_run_that_has_ended_expects_nobody_more(store: SqliteRunStore) -> None:
    store.open(run("a"))
    store.expect("a", {"x": "g1"})
    store.advance("a", [RunState.CREATED], RunState.FAILED)
    store.expect("a", {"y": "g1"})
    assert store.games("a") == {"x": "g1"}


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
        lambda: runs.expect("a", {"x": "g1"}),
        lambda: runs.record("a", []),
    ]
    for write in writes:
        with full_disk(), pytest.raises(Unavailable, match=f"{tmp_path}.*(too large|I/O error)"):
            write()
    found = warehouse.query(Statement("SELECT reason FROM nba_predictions.rejected_messages"))
    assert found["reason"].to_pylist() == ["r"]
    assert runs.games("a") == {}
    assert warehouse.transact([change]) == [1]


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


def accuracy(**values: Any) -> pa.Table:
    row = {
        "game_date": DAY, "game_id": "g", "player_lookup": "p", "system_id": "s", "model_key": "m",
        "counted_as": "LIVE", "outcome": "HIT", "actual_points": 21, "is_current": True, "is_voided": False,
        "prediction_id": "1", "role": "champion", "prediction_run_mode": "LIVE", "predicted_points": 20.0,
        "confidence_score": 90.0, "recommendation": "OVER", "graded_at": datetime(2025, 3, 20, tzinfo=UTC),
    } | values  # fmt: skip
    return pa.Table.from_pylist([row], schema=PREDICTION_ACCURACY.arrow_schema)


def test_a_stamp_alone_is_no_difference_and_only_replace_forgets_a_value(tmp_path: Path) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    later = datetime(2025, 3, 21, tzinfo=UTC)
    assert warehouse.upsert(PREDICTION_ACCURACY, accuracy()) == 1
    assert warehouse.upsert(PREDICTION_ACCURACY, accuracy(graded_at=later)) == 0
    void = accuracy(outcome="VOID", actual_points=None, graded_at=later)
    assert warehouse.upsert(PREDICTION_ACCURACY, void) == 1
    sql = Statement("SELECT outcome, actual_points, graded_at FROM nba_predictions.prediction_accuracy")
    assert warehouse.query(sql).to_pylist() == [{"outcome": "VOID", "actual_points": 21, "graded_at": later}]
    assert warehouse.upsert(PREDICTION_ACCURACY, void, replace=True) == 1
    assert warehouse.query(sql).to_pylist()[0]["actual_points"] is None
    assert warehouse.upsert(PREDICTION_ACCURACY, void, replace=True) == 0


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


def test_documents_keep_fields_apart_and_collections_apart(tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "d.sqlite")
    assert documents.get("phase4_completion", "2025-03-19") is None
    documents.merge("phase4_completion", "2025-03-19", {"a": {"n": 1}, "b": None})
    documents.merge("phase4_completion", "2025-03-19", {"a": {"n": 2}})
    documents.merge("jobs", "x", {"state": "running"})
    assert documents.get("phase4_completion", "2025-03-19") == {"a": {"n": 2}, "b": None}
    assert documents.every("jobs") == {"x": {"state": "running"}}
    assert documents.every("nothing") == {}


def test_a_lock_is_had_by_one_and_given_up_at_the_end(tmp_path: Path) -> None:
    first, second = FileLocks(tmp_path / "locks"), FileLocks(tmp_path / "locks")
    with (
        first.hold("date", 0.1),
        pytest.raises(Unavailable, match="another process works on it"),
        second.hold("date", 0.1),
    ):
        pass
    with second.hold("date", 0.1):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="file"), FileLocks(tmp_path / "file").hold("date", 0.1):
        pass


def test_a_jobs_messages_wait_in_the_store_for_the_broker(tmp_path: Path) -> None:
    store = MessageStore(tmp_path / "broker.sqlite")
    StorePublisher(store).publish("predictions-complete", [Outgoing(b"one"), Outgoing(b"two")])
    assert store.counts()["predictions-complete"]["pending"] == 2


def test_a_statement_that_is_wrong_is_not_a_store_that_is_away(tmp_path: Path) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    with pytest.raises(InvalidStatement, match="nothing"):
        warehouse.query(Statement("SELECT * FROM nba_predictions.nothing"))
    with pytest.raises(InvalidStatement):
        warehouse.query(Statement("SELECT CAST('x' AS INT64) AS n"))


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
    StorePublisher(store).publish("jobs", [Outgoing(b"two", {"run_id": "r"})])
    assert [(m.data, dict(m.attributes)) for m in store.pending("jobs")] == [
        ("b25l", {}),
        ("dHdv", {"run_id": "r"}),
    ]
