"""Compares the tables of the warehouse with those declared in the code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.errors import AppError, Unavailable
from shared.ports import Statement, Warehouse
from shared.schemas.catalog import TABLES
from shared.schemas.table import Table

LONG_AGO = date(1970, 1, 1)


def schema_differences(warehouse: Warehouse, tables: Sequence[Table] = TABLES) -> list[str]:
    """Return a sentence per missing table and per declared column that is missing or has another type.
    Extra columns are ignored: columns are added before the code that uses them is deployed."""
    differences = []
    for table in tables:
        try:
            stored = warehouse.query(_empty_query(table)).schema
        except Unavailable:
            raise
        except AppError as exc:
            differences.append(f"{table.full_name}: {exc}")
            continue
        for column in table.arrow_schema:
            name, index = f"{table.full_name}.{column.name}", stored.get_field_index(column.name)
            if index < 0:
                differences.append(f"{name}: absent, expected {column.type}")
            elif stored.field(index).type != column.type:
                differences.append(f"{name}: {stored.field(index).type}, expected {column.type}")
    return differences


def _empty_query(table: Table) -> Statement:
    """Return a query with the table's columns and no rows."""
    if table.partition is None:
        return Statement(f"SELECT * FROM {table.full_name} LIMIT 0")
    return Statement(
        f"SELECT * FROM {table.full_name} WHERE {table.partition} = @day LIMIT 0", {"day": LONG_AGO}
    )
