from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import filelock
import pyarrow as pa
import pytest

from shared.embedded.duckdb_file import STORAGE_VERSION
from shared.embedded.duckdb_warehouse import DuckDbWarehouse, prepare
from shared.errors import InvalidStatement, Unavailable
from shared.ports import Statement
from shared.schemas.catalog import TABLES
from shared.schemas.predictions import REJECTED_MESSAGES
from shared.schemas.table import Column, Table
from tests.embedded.test_stores import full_disk

ONE = Statement("SELECT 1 AS one")
REASONS = Statement("SELECT reason FROM nba_predictions.rejected_messages ORDER BY reason")
CHANGE = Statement("UPDATE nba_predictions.rejected_messages SET reason = 'changed' WHERE TRUE")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it's.duckdb"


@pytest.fixture
def warehouse(path: Path) -> DuckDbWarehouse:
    made = DuckDbWarehouse(path)
    made.query(ONE)
    return made


def rejected(reason: str) -> pa.Table:
    row = {"rejected_date": date(2025, 3, 19), "rejected_at": datetime.now(UTC), "service": "s"}
    row |= {"message_id": reason, "reason": reason, "body": "b", "body_bytes": 1}
    return pa.Table.from_pylist([row], schema=REJECTED_MESSAGES.arrow_schema)


def reasons(warehouse: DuckDbWarehouse) -> list[str]:
    return list(warehouse.query(REASONS)["reason"].to_pylist())


TYPES = {
    "STRING": "VARCHAR", "INT64": "BIGINT", "FLOAT64": "DOUBLE", "BOOL": "BOOLEAN", "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
}  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.full_name)
def test_a_table_has_the_declared_columns_types_and_nulls(table: Table, tmp_path: Path) -> None:
    """Also a file of an earlier version, which lacks the last column."""
    new, earlier = duckdb.connect(), duckdb.connect()
    *kept, last = table.columns
    prepare(new, tmp_path / "new.duckdb")
    prepare(earlier, tmp_path / "earlier.duckdb")
    earlier.execute(f"ALTER TABLE {table.full_name} DROP COLUMN {last.name}; DELETE FROM schema_version")
    prepare(earlier, tmp_path / "earlier.duckdb")

    def described(columns: Sequence[Column]) -> list[tuple[str, str, str]]:
        return [
            (
                c.name,
                TYPES[c.type] + ("[]" if c.mode == "REPEATED" else ""),
                "NO" if c.mode == "REQUIRED" else "YES",
            )
            for c in columns
        ]

    described_new, described_earlier = (
        [row[:3] for row in con.execute(f"DESCRIBE {table.full_name}").fetchall()] for con in (new, earlier)
    )
    assert described_new == described(table.columns)
    assert described_earlier == described(
        [*kept, replace(last, mode=last.mode.replace("REQUIRED", "NULLABLE"))]
    )


def is_free(path: Path) -> bool:
    """Whether another process that asks the lock as we do, and one that knows of no lock, could open it."""
    lock = filelock.FileLock(f"{path}.lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        return False
    lock.release()
    told = subprocess.run(
        [sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1])", str(path)],
        check=False, capture_output=True,
    )  # fmt: skip
    return told.returncode == 0


def test_what_is_asked_together_has_the_file_from_the_first_statement_to_the_end(
    warehouse: DuckDbWarehouse, path: Path
) -> None:
    with warehouse.shared_connection():
        assert is_free(path)
        warehouse.query(ONE)
        assert not is_free(path)
        with warehouse.shared_connection():
            warehouse.append(REJECTED_MESSAGES, rejected("a"))
        assert not is_free(path)
        warehouse.append(REJECTED_MESSAGES, rejected("b"))
        assert reasons(warehouse) == ["a", "b"]
    assert is_free(path)
    assert not path.with_name(f"{path.name}.wal").exists()


def test_a_file_of_an_older_form_stays_readable_and_takes_todays_as_it_is_written(path: Path) -> None:
    with duckdb.connect(str(path), config={"storage_compatibility_version": "v1.0.0"}) as con:
        prepare(con, path)
        con.register("incoming", rejected("a"))
        con.execute(f"INSERT INTO {REJECTED_MESSAGES.full_name} BY NAME SELECT * FROM incoming")
    assert form_of(path) == "v1.0.0+"
    warehouse = DuckDbWarehouse(path)
    warehouse.append(REJECTED_MESSAGES, rejected("b"))
    assert reasons(warehouse) == ["a", "b"]
    assert form_of(path) == f"{STORAGE_VERSION}+"


def form_of(path: Path) -> str:
    with duckdb.connect(str(path)) as con:
        row = con.execute(
            "SELECT tags['storage_version'] FROM duckdb_databases() WHERE path = ?", [str(path)]
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_together_is_no_transaction(warehouse: DuckDbWarehouse, path: Path) -> None:
    def ask() -> None:
        with warehouse.shared_connection():
            warehouse.append(REJECTED_MESSAGES, rejected("a"))
            with pytest.raises(InvalidStatement):
                warehouse.query(Statement("SELECT nothing FROM (SELECT 1 AS one)"))
            with pytest.raises(Exception, match="reason"):
                warehouse.append(REJECTED_MESSAGES, rejected("b").drop_columns(["reason"]))
            warehouse.append(REJECTED_MESSAGES, rejected("c"))
            raise KeyError("of whoever asks")

    with pytest.raises(KeyError):
        ask()
    assert is_free(path)
    assert reasons(DuckDbWarehouse(path)) == ["a", "c"]


def test_a_transaction_that_is_broken_off_leaves_nothing_to_what_comes_next(
    warehouse: DuckDbWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    warehouse.append(REJECTED_MESSAGES, rejected("a"))
    with warehouse.shared_connection():
        with monkeypatch.context() as patched:
            patched.setattr("shared.embedded.duckdb_warehouse._rows_changed", interrupted)
            with pytest.raises(KeyboardInterrupt):
                warehouse.transact([CHANGE])
        assert warehouse.transact([CHANGE]) == [1]
    assert reasons(warehouse) == ["changed"]


def test_rows_are_those_of_each_call(warehouse: DuckDbWarehouse) -> None:
    with warehouse.shared_connection():
        for reason in "abc":
            rows = rejected(reason)
            warehouse.append(REJECTED_MESSAGES, rows)
            assert warehouse.upsert(REJECTED_MESSAGES, rows) == 0
        with pytest.raises(InvalidStatement, match="incoming"):
            warehouse.query(Statement("SELECT * FROM incoming"))
        assert reasons(warehouse) == ["a", "b", "c"]


def test_two_threads_take_turns(warehouse: DuckDbWarehouse) -> None:
    inside, most = 0, 0
    both = threading.Barrier(2)

    def ask(name: str) -> None:
        nonlocal inside, most
        both.wait()
        for n in range(5):
            with warehouse.shared_connection():
                warehouse.append(REJECTED_MESSAGES, rejected(f"{name}{n}"))
                inside += 1
                most = max(most, inside)
                warehouse.query(ONE)
                inside -= 1

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(ask, "ab"))
    assert most == 1
    assert reasons(warehouse) == [f"{name}{n}" for name in "ab" for n in range(5)]


def test_whoever_waits_too_long_is_told_and_can_ask_again(
    warehouse: DuckDbWarehouse, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.embedded.duckdb_file.LOCK_WAIT_SECONDS", 0.1)
    other = DuckDbWarehouse(path)
    with warehouse.shared_connection():
        warehouse.query(ONE)
        with pytest.raises(Unavailable, match="busy for"):
            other.query(ONE)
    assert other.query(ONE).num_rows == 1


def test_after_a_full_disk_the_next_statement_opens_it_anew(warehouse: DuckDbWarehouse, path: Path) -> None:
    writes: list[Callable[[], object]] = [
        lambda: warehouse.append(REJECTED_MESSAGES, rejected("b")),
        lambda: warehouse.transact([CHANGE]),
    ]
    warehouse.append(REJECTED_MESSAGES, rejected("a"))
    for write in writes:
        with warehouse.shared_connection():
            assert reasons(warehouse) == ["a"]
            with full_disk(), pytest.raises(Unavailable):
                write()
            assert reasons(warehouse) == ["a"]
    warehouse.append(REJECTED_MESSAGES, rejected("c"))
    assert is_free(path)
    assert reasons(DuckDbWarehouse(path)) == ["a", "c"]


def test_a_log_that_cannot_be_written_back_stays_and_is_read(warehouse: DuckDbWarehouse, path: Path) -> None:
    with contextlib.ExitStack() as disk, warehouse.shared_connection():
        warehouse.append(REJECTED_MESSAGES, rejected("a"))
        disk.enter_context(full_disk())
    assert is_free(path)
    assert reasons(DuckDbWarehouse(path)) == ["a"]


@pytest.mark.slow
def test_what_was_committed_together_survives_a_kill(path: Path) -> None:
    killed = (
        "import os, signal, sys; from pathlib import Path;"
        "from shared.embedded.duckdb_warehouse import DuckDbWarehouse;"
        "from shared.schemas.predictions import REJECTED_MESSAGES;"
        "from tests.embedded.test_duckdb_file import rejected\n"
        "warehouse = DuckDbWarehouse(Path(sys.argv[1]))\n"
        "with warehouse.shared_connection():\n"
        "    warehouse.append(REJECTED_MESSAGES, rejected('a'))\n"
        "    warehouse.append(REJECTED_MESSAGES, rejected('b'))\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    told = subprocess.run([sys.executable, "-c", killed, str(path)], check=False, capture_output=True)
    assert told.returncode == -9, told.stderr
    assert reasons(DuckDbWarehouse(path)) == ["a", "b"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nothing FROM (SELECT 1 AS one)",
        "SELECT nothing, COUNT(*) AS n FROM (SELECT 1 AS one) GROUP BY nothing",
        "SELECT nothing, COUNT(*) AS n FROM (SELECT 1 AS one) GROUP BY 1",
    ],
)
def test_an_unknown_column_is_named_as_one(warehouse: DuckDbWarehouse, sql: str) -> None:
    with pytest.raises(InvalidStatement) as refused:
        warehouse.query(Statement(sql))
    assert "nothing" in str(refused.value)
    assert "lias" not in str(refused.value)
    assert "referenced that exists" not in str(refused.value)


def test_an_unknown_column_is_answered_with_similar_ones(warehouse: DuckDbWarehouse) -> None:
    with pytest.raises(InvalidStatement) as refused:
        warehouse.query(Statement("SELECT team AS t FROM (SELECT 1 AS team_abbr)"))
    assert str(refused.value) == (
        'column "team" is in no table of the query, expected a column such as "team_abbr"'
    )
