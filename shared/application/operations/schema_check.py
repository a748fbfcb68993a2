"""Whether the warehouse has the tables that this code declares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from shared.errors import AppError, Unavailable
from shared.ports import Statement, Warehouse
from shared.schemas.catalog import TABLES
from shared.schemas.table import Table

LONG_AGO = date(1970, 1, 1)


def schema_differences(warehouse: Warehouse, tables: Sequence[Table] = TABLES) -> list[str]:
    """A sentence for every table that is not there and every declared column that is absent or of another
    type. A column more is none: columns are added before the code that uses them is deployed."""
    found = []
    for table in tables:
        try:
            there = warehouse.query(_nothing_of(table)).schema
        except Unavailable:
            raise
        except AppError as exc:
            found.append(f"{table.full_name}: {exc}")
            continue
        for column in table.arrow_schema:
            at = there.get_field_index(column.name)
            if at < 0:
                found.append(f"{table.full_name}.{column.name}: absent, wanted {column.type}")
            elif there.field(at).type != column.type:
                found.append(f"{table.full_name}.{column.name}: {there.field(at).type}, wanted {column.type}")
    return found


def _nothing_of(table: Table) -> Statement:
    """A query that gives the table's columns and none of its rows."""
    if table.partition is None:
        return Statement(f"SELECT * FROM {table.full_name} LIMIT 0")
    return Statement(
        f"SELECT * FROM {table.full_name} WHERE {table.partition} = @day LIMIT 0", {"day": LONG_AGO}
    )
