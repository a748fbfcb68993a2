"""The warehouse on a DuckDB file with Parquet parts: BigQuery's SQL, one unit of work at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path

import duckdb
import pyarrow as pa
import sqlglot
from duckdb import DuckDBPyConnection as Connection
from sqlglot import ErrorLevel, exp

from shared.embedded.duckdb_file import BUSY_WAIT_SECONDS, NAME, DuckDbFile
from shared.embedded.googlesql.translation import parse_bigquery, translate
from shared.embedded.migrations import PLAYER_IDS_SINCE, fill_player_ids
from shared.embedded.parquet_parts import UNION_CATALOG, ParquetParts
from shared.errors import InvalidStatement, Unavailable
from shared.ports import Statement
from shared.schemas.catalog import TABLES
from shared.schemas.predictions import PREDICTION_STAGING
from shared.schemas.table import Table, ddl
from shared.warehouse.merge import merge, require_distinct_keys

SCHEMA_VERSION = 9

PARTS_TABLE = PREDICTION_STAGING
"""Append-only table stored in parts: a season's backfill writes most of its rows there."""


@lru_cache(maxsize=512)
def to_duckdb(sql: str) -> str:
    """Return the statement in DuckDB's dialect, with ``PARTS_TABLE`` read from file and parts;
    ``InvalidStatement`` if it is not valid in BigQuery's."""
    try:
        tree = translate(parse_bigquery(sql))
        for table in tree.find_all(exp.Table):
            if f"{table.db}.{table.name}" == PARTS_TABLE.full_name:
                table.set("catalog", exp.to_identifier(UNION_CATALOG))
        return str(tree.sql(dialect="duckdb"))
    except sqlglot.errors.SqlglotError as exc:
        raise InvalidStatement(str(exc).splitlines()[0]) from exc


class DuckDbWarehouse:
    """Opens the file for each unit of work, since one process at a time may have it open.

    Raises ``Unavailable`` as ``DuckDbFile`` does, and for a file of a later version.
    """

    def __init__(self, path: Path, busy_wait: float = BUSY_WAIT_SECONDS) -> None:
        self._parts = ParquetParts(path.with_suffix(".parts"), PARTS_TABLE)
        self._file = DuckDbFile(path, lambda con: self._prepare_instance(con, path), busy_wait)

    def query(self, statement: Statement) -> pa.Table:
        with self._open() as con:
            try:
                return _with_int64_sums(con.execute(*_bound(statement)).to_arrow_table())
            except (duckdb.ProgrammingError, duckdb.DataError, pa.ArrowInvalid) as exc:
                raise InvalidStatement(_error_message(exc)) from exc

    def append(self, table: Table, rows: pa.Table) -> None:
        columns = ", ".join(rows.column_names)
        with self._open() as con:
            if self._parts.accepts(table, rows):
                self._parts.add(rows)
                return
            with _registered(con, rows) as incoming:
                con.execute(f"INSERT INTO {table.full_name} ({columns}) SELECT {columns} FROM {incoming}")

    def upsert(self, table: Table, rows: pa.Table, *, replace: bool = False) -> int:
        require_distinct_keys(table, rows)
        with self._open() as con, _registered(con, rows) as incoming:
            sql = to_duckdb(merge(table, rows.column_names, incoming, replace=replace))
            result = con.execute(sql).fetchone()
        return int(result[0]) if result else 0

    def transact(self, statements: Sequence[Statement]) -> list[int]:
        with self._open() as con:
            con.begin()
            try:
                changed = [_rows_changed(con, s) for s in statements]
                con.commit()
            except BaseException:
                with suppress(duckdb.TransactionException):  # a commit that failed has rolled back already
                    con.rollback()
                raise
        return changed

    def shared_connection(self) -> AbstractContextManager[None]:
        return self._file.shared_connection()

    def _open(self) -> AbstractContextManager[Connection]:
        return self._file.opened()

    def _prepare_instance(self, con: Connection, path: Path) -> None:
        prepare(con, path)
        self._parts.create_view(con, NAME)


@contextmanager
def _registered(con: Connection, rows: pa.Table) -> Iterator[str]:
    """Register rows as a table of the connection for the block; yield its name."""
    con.register("incoming", rows)
    try:
        yield "incoming"
    finally:
        with suppress(duckdb.Error):
            con.unregister("incoming")


UNKNOWN_COLUMN = re.compile(
    r'(?:Alias with name|Column|Referenced column) "([^"]+)" '
    r"(?:exists, but aliases cannot|referenced that exists in the SELECT|not found in FROM)"
)
"""DuckDB's messages for an unknown column; the first two if the translation gave its name to a result."""

SIMILAR_COLUMNS = re.compile(r"Candidate bindings: :? ?(.+)")
"""Names in DuckDB's message that are similar to an unknown column."""


def _error_message(exc: Exception) -> str:
    """Return the first line of DuckDB's message, with a clear one for an unknown column."""
    line = str(exc).splitlines()[0]
    unknown = UNKNOWN_COLUMN.search(line)
    if unknown is None:
        return line
    similar = SIMILAR_COLUMNS.search(str(exc))
    expected = f", expected a column such as {similar[1]}" if similar else ""
    return f'column "{unknown[1]}" is in no table of the query{expected}'


def _with_int64_sums(rows: pa.Table) -> pa.Table:
    """Cast sums of integers to 64 bits, as in BigQuery; DuckDB widens them to 128."""
    wide = pa.decimal128(38, 0)
    fields = [f.with_type(pa.int64()) if f.type == wide else f for f in rows.schema]
    return rows.cast(pa.schema(fields))


def _bound(statement: Statement) -> tuple[str, dict[str, object]]:
    return to_duckdb(statement.sql), dict(statement.params)


def _rows_changed(con: Connection, statement: Statement) -> int:
    row = con.execute(*_bound(statement)).fetchone()
    return int(row[0]) if row else 0


def prepare(con: Connection, path: Path) -> None:
    """Create or upgrade the tables; ``Unavailable`` for a file of a later version."""
    con.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER)")
    row = con.execute("SELECT MAX(version) FROM schema_version").fetchone()
    version = row[0] if row else None
    if version is not None and version > SCHEMA_VERSION:
        raise Unavailable(
            f"warehouse {path.name}: schema version {version}, expected at most {SCHEMA_VERSION}"
        )
    if version == SCHEMA_VERSION:
        return
    for dataset in sorted({t.dataset for t in TABLES}):
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {dataset}")
    for table in TABLES:
        con.execute(_ddl_to_duckdb(ddl(table)))
        _add_columns(con, table)
    if version is not None and version < PLAYER_IDS_SINCE:
        fill_player_ids(con)
    con.execute("INSERT INTO schema_version VALUES (?)", [SCHEMA_VERSION])


def _add_columns(con: Connection, table: Table) -> None:
    """Add columns declared since the file was created; existing rows hold NULL."""
    existing = {row[0] for row in con.execute(f"DESCRIBE {table.full_name}").fetchall()}
    for c in table.columns:
        if c.name not in existing:
            con.execute(_ddl_to_duckdb(f"ALTER TABLE {table.full_name} ADD COLUMN {c.name} {c.sql_type}"))


@cache
def _ddl_to_duckdb(statement: str) -> str:
    """Return the statement in DuckDB's dialect, without partitions and clusters: DuckDB has none."""
    return str(sqlglot.transpile(statement, "bigquery", "duckdb", unsupported_level=ErrorLevel.IGNORE)[0])
