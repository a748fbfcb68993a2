"""The statements of the product, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import sqlglot
from sqlglot import exp

QUERIES = Path(__file__).parents[2] / "shared" / "warehouse" / "queries"


def names() -> list[str]:
    return sorted(p.stem for p in QUERIES.glob("*.sql"))


@cache
def text(name: str) -> str:
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")


@cache
def is_query(name: str) -> bool:
    return isinstance(sqlglot.parse_one(text(name), read="bigquery"), exp.Query)
