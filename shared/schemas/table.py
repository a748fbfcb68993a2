"""Declaration of tables, with names and types of BigQuery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import pyarrow as pa

PYTHON_TYPES: dict[str, Any] = {
    "STRING": str, "INT64": int, "FLOAT64": float, "BOOL": bool, "DATE": date, "TIMESTAMP": datetime,
}  # fmt: skip

ARROW_TYPES: dict[str, pa.DataType] = {
    "STRING": pa.string(), "INT64": pa.int64(), "FLOAT64": pa.float64(), "BOOL": pa.bool_(),
    "DATE": pa.date32(), "TIMESTAMP": pa.timestamp("us", tz="UTC"),
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column. ``mode`` is NULLABLE, REQUIRED or REPEATED; ``meaning`` gives unit and range."""

    name: str
    type: str
    meaning: str
    mode: str = "NULLABLE"

    @property
    def arrow_type(self) -> pa.DataType:
        plain = ARROW_TYPES[self.type]
        return pa.list_(plain) if self.mode == "REPEATED" else plain

    @property
    def sql_type(self) -> str:
        """The type in BigQuery's dialect."""
        return f"ARRAY<{self.type}>" if self.mode == "REPEATED" else self.type

    @property
    def python_type(self) -> Any:
        plain: Any = PYTHON_TYPES[self.type]
        if self.mode == "REPEATED":
            plain = list.__class_getitem__(plain)
        return plain if self.mode != "NULLABLE" else plain | None


def required(name: str, type_: str, meaning: str) -> Column:
    return Column(name, type_, meaning, "REQUIRED")


def repeated(name: str, type_: str, meaning: str) -> Column:
    return Column(name, type_, meaning, "REPEATED")


@dataclass(frozen=True)
class Table:
    """A table of the warehouse; ``full_name`` is dataset and name.

    ``key`` names the columns that identify a row; ``partition`` the DATE column that every query must
    filter on; ``stamps`` the columns that hold the time of writing and are ignored when rows are compared.
    """

    full_name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    partition: str | None = "game_date"
    cluster: tuple[str, ...] = ()
    stamps: tuple[str, ...] = ()

    @property
    def dataset(self) -> str:
        return self.full_name.partition(".")[0]

    @property
    def name(self) -> str:
        return self.full_name.partition(".")[2]

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        return pa.schema(pa.field(c.name, c.arrow_type, nullable=c.mode != "REQUIRED") for c in self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    def from_rows(self, rows: list[dict[str, Any]]) -> pa.Table:
        """Return rows as an Arrow table with the types of the columns."""
        return pa.Table.from_pylist(rows, schema=self.arrow_schema)


def ddl(table: Table) -> str:
    """Return the CREATE TABLE statement in BigQuery's dialect."""
    body = ",\n".join(
        f"  {c.name} {c.sql_type}{' NOT NULL' if c.mode == 'REQUIRED' else ''}" for c in table.columns
    )
    options = f"\nPARTITION BY {table.partition}" if table.partition else ""
    if table.cluster:
        options += f"\nCLUSTER BY {', '.join(table.cluster)}"
    if table.partition:
        options += "\nOPTIONS (require_partition_filter = TRUE)"
    return f"CREATE TABLE IF NOT EXISTS {table.full_name} (\n{body}\n){options}"
