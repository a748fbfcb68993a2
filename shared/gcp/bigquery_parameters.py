"""Converts Python values and Arrow rows to named parameters of BigQuery."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter, StructQueryParameter

from shared.errors import Rejected
from shared.ports import Statement
from shared.schemas.table import Table

_NAMED = re.compile(r"(?<![@\w])@(\w+)")

_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "BOOL"),
    (int, "INT64"),
    (float, "FLOAT64"),
    (str, "STRING"),
    (datetime, "TIMESTAMP"),
    (date, "DATE"),
)
"""The order matters: in Python a bool is also an int, and a datetime also a date."""


def parameters(values: Mapping[str, Any]) -> list[Any]:
    """Return one parameter per value; None becomes a STRING, since its type is unknown."""
    return [_parameter(name, value) for name, value in values.items()]


def rows_parameter(name: str, table: Table, rows: pa.Table) -> Any:
    """Return the rows as an array of structs with the names and types of the columns."""
    types = {c.name: c.type for c in table.columns}
    structs = [
        StructQueryParameter(
            None, *(ScalarQueryParameter(column, types[column], value) for column, value in row.items())
        )
        for row in rows.to_pylist()
    ]
    return ArrayQueryParameter(name, "STRUCT", structs)


def number_parameters(statements: Sequence[Statement]) -> tuple[list[str], dict[str, Any]]:
    """Number the parameters of a script's statements; return the statements and all parameter values."""
    texts: list[str] = []
    values: dict[str, Any] = {}
    for i, statement in enumerate(statements):
        texts.append(_NAMED.sub(rf"@\g<1>_{i}", statement.sql))
        values |= {f"{name}_{i}": value for name, value in statement.params.items()}
    return texts, values


def _parameter(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ArrayQueryParameter(name, _type_name(name, value[0]) if value else "STRING", list(value))
    return ScalarQueryParameter(name, _type_name(name, value), value)


def _type_name(name: str, value: Any) -> str:
    if value is None:
        return "STRING"
    for python_type, type_name in _TYPES:
        if isinstance(value, python_type):
            return type_name
    raise Rejected(f"parameter {name}: {type(value).__name__}, expected a number, text, date or instant")
