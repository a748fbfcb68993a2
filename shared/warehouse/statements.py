"""Read the SQL files of this package, each once, and the rows of their queries."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from shared.ports import Statement, Warehouse


def statement(name: str, /, **params: Any) -> Statement:
    """Return the statement of ``queries/<name>.sql`` with its named parameters."""
    return Statement(_text(name), params)


def query_rows(warehouse: Warehouse, name: str, /, **params: Any) -> list[dict[str, Any]]:
    """Return the rows of a statement as dictionaries."""
    return list(warehouse.query(statement(name, **params)).to_pylist())


@cache
def _text(name: str) -> str:
    return files("shared.warehouse").joinpath("queries", f"{name}.sql").read_text(encoding="utf-8")
