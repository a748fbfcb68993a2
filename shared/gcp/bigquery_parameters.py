"""Python's values and Arrow's rows as BigQuery's named parameters."""

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
"""In this order: a bool is an int to Python, and an instant a date."""


def parameters(values: Mapping[str, Any]) -> list[Any]:
    """One parameter for each value; None is a STRING, as no statement says what else it would be."""
    return [_parameter(name, value) for name, value in values.items()]


def rows_parameter(name: str, table: Table, rows: pa.Table) -> Any:
    """Rows as an array of structs with the columns' names and types."""
    kinds = {c.name: c.type for c in table.columns}
    structs = [
        StructQueryParameter(
            None, *(ScalarQueryParameter(column, kinds[column], value) for column, value in row.items())
        )
        for row in rows.to_pylist()
    ]
    return ArrayQueryParameter(name, "STRUCT", structs)


def number_parameters(statements: Sequence[Statement]) -> tuple[list[str], dict[str, Any]]:
    """The statements of a script, each with parameters of its own name, and all their values."""
    texts: list[str] = []
    values: dict[str, Any] = {}
    for i, statement in enumerate(statements):
        texts.append(_NAMED.sub(rf"@\g<1>_{i}", statement.sql))
        values |= {f"{name}_{i}": value for name, value in statement.params.items()}
    return texts, values


def _parameter(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return ArrayQueryParameter(name, _kind(name, value[0]) if value else "STRING", list(value))
    return ScalarQueryParameter(name, _kind(name, value), value)


def _kind(name: str, value: Any) -> str:
    if value is None:
        return "STRING"
    for kind, words in _TYPES:
        if isinstance(value, kind):
            return words
    raise Rejected(f"parameter {name}: {type(value).__name__}, wanted a number, text, date or instant")
