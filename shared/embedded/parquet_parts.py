"""Large batches of an append-only table as Parquet files next to the warehouse file.

DuckDB's ``INSERT`` needs six times as long for these rows, which are mostly text, and more space.
"""

from __future__ import annotations

import glob
import os
import uuid
from pathlib import Path

import pyarrow as pa
from duckdb import DuckDBPyConnection as Connection

from shared.schemas.table import Table

UNION_CATALOG = "memory"
"""Catalog of the in-memory instance: a view with the table's name joins the file's rows and the parts."""

MIN_PART_ROWS = 2_000
"""Minimum rows of a batch that becomes a part. The worker's batches for a game date are smaller and stay in
the file, which limits the number of parts."""

_EMPTY_PART, _INCOMPLETE_PART = "none.parquet", "incoming"


class ParquetParts:
    """The parts of one table, in a folder of its name.

    A part is written atomically: under another name, synced and then renamed. The caller holds the lock of
    the warehouse. Raises ``OSError`` if a file cannot be written.
    """

    def __init__(self, folder: Path, table: Table) -> None:
        self._folder, self._table = folder / table.name, table

    def accepts(self, table: Table, rows: pa.Table) -> bool:
        """Return whether these rows become a part: many rows, in the table's exact schema. Other rows are
        inserted, which casts them or fails with a message."""
        schema = self._table.arrow_schema
        return (
            table is self._table
            and rows.num_rows >= MIN_PART_ROWS
            and rows.schema.equals(schema)
            and not any(rows[f.name].null_count for f in schema if not f.nullable)
        )

    def add(self, rows: pa.Table) -> None:
        self._write(rows, f"{uuid.uuid4()}.parquet")

    def create_view(self, con: Connection, file_catalog: str) -> None:
        """Create this table's view in ``UNION_CATALOG``; ``file_catalog`` is that of the warehouse file."""
        if not (self._folder / _EMPTY_PART).exists():  # a pattern without a matching file is an error
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._table.arrow_schema.empty_table(), _EMPTY_PART)
        columns, pattern = ", ".join(self._table.column_names), f"{glob.escape(str(self._folder))}/*.parquet"
        quoted = pattern.replace("'", "''")
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {UNION_CATALOG}.{self._table.dataset}")
        con.execute(
            f"CREATE OR REPLACE VIEW {UNION_CATALOG}.{self._table.full_name} AS "
            f"SELECT {columns} FROM {file_catalog}.{self._table.full_name} "
            f"UNION ALL SELECT {columns} FROM read_parquet('{quoted}')"
        )

    def _write(self, rows: pa.Table, name: str) -> None:
        from pyarrow import parquet  # most processes write no parts

        incomplete = self._folder / _INCOMPLETE_PART  # one name: replaces the rest of a killed process
        with incomplete.open("wb") as file:
            # Statements filter by date and run; no query uses the minimum and maximum of other columns.
            parquet.write_table(rows, file, compression="lz4", write_statistics=["game_date", "run_id"])
            file.flush()
            os.fsync(file.fileno())
        incomplete.replace(self._folder / name)
        _sync(self._folder)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
