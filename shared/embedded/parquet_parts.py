"""Large batches of a table that rows are only added to, as Parquet files beside the warehouse's own file.

DuckDB's ``INSERT`` takes six times as long for the same rows, which are mostly text, and more room.
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
"""The catalog of the instance itself: what is in the file and what is in parts, under the table's name."""

MIN_PART_ROWS = 2_000
"""Of a batch that becomes a part. What a worker appends for a game date is smaller and stays in the file,
so that there are never many parts."""

_NONE, _INCOMING = "none.parquet", "incoming"


class ParquetParts:
    """The parts of one table, in a folder of its name.

    A part is whole or not there: it is written under another name, synced and renamed. Whoever calls holds
    the warehouse's lock. Raises ``OSError`` where a file cannot be written.
    """

    def __init__(self, folder: Path, table: Table) -> None:
        self._folder, self._table = folder / table.name, table

    def takes(self, table: Table, rows: pa.Table) -> bool:
        """Whether these rows become a part: many, and just as the table is declared. Others are inserted,
        which casts them or says what is wrong with them."""
        schema = self._table.arrow_schema
        return (
            table is self._table
            and rows.num_rows >= MIN_PART_ROWS
            and rows.schema.equals(schema)
            and not any(rows[f.name].null_count for f in schema if not f.nullable)
        )

    def add(self, rows: pa.Table) -> None:
        self._write(rows, f"{uuid.uuid4()}.parquet")

    def show(self, con: Connection, file: str) -> None:
        """Make ``UNION_CATALOG`` show this table; ``file`` is the catalog of the warehouse's file."""
        if not (self._folder / _NONE).exists():  # a pattern that no file matches would be an error
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._table.arrow_schema.empty_table(), _NONE)
        columns, pattern = ", ".join(self._table.column_names), f"{glob.escape(str(self._folder))}/*.parquet"
        quoted = pattern.replace("'", "''")
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {UNION_CATALOG}.{self._table.dataset}")
        con.execute(
            f"CREATE OR REPLACE VIEW {UNION_CATALOG}.{self._table.full_name} AS "
            f"SELECT {columns} FROM {file}.{self._table.full_name} "
            f"UNION ALL SELECT {columns} FROM read_parquet('{quoted}')"
        )

    def _write(self, rows: pa.Table, name: str) -> None:
        from pyarrow import parquet  # most processes write no part

        incoming = self._folder / _INCOMING  # one name: what a kill left is written over
        with incoming.open("wb") as file:
            # Dates and runs are what statements ask by; of the rest nobody reads least and most.
            parquet.write_table(rows, file, compression="lz4", write_statistics=["game_date", "run_id"])
            file.flush()
            os.fsync(file.fileno())
        incoming.replace(self._folder / name)
        _sync(self._folder)


def _sync(folder: Path) -> None:
    """A name is in its folder for good only after this."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
