"""Random rows of every table, in which keys meet and the ends of every type occur."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import sqlglot
from sqlglot import exp

from shared.schemas.catalog import TABLES
from shared.schemas.table import Column, Table

Row = tuple[Any, ...]

DATES = (date(2025, 3, 19), date(2025, 3, 20), date(2024, 12, 31), date(1946, 1, 1), date(2100, 1, 1))
"""Mostly the first two; the others are the ends of what the product asks for."""

INSTANTS = (
    datetime(2025, 3, 19, 23, 30, tzinfo=UTC),
    datetime(2025, 3, 20, tzinfo=UTC),
    datetime(2025, 3, 19, 23, 29, 59, 999_999, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)
TEXTS = ("a", "b", "20250319-a")
ODD_TEXTS = ("", "A", "Đurišić", "\u4e2d\U0001f3c0", "x" * 3000, "it's", 'a"b\\c', "%", " a ")
ODD_FLOATS = (math.nan, -0.0, math.inf, -math.inf)


@dataclass(frozen=True)
class Pools:
    """Values that statements compare a column with, by the column's name."""

    texts: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, tuple[int, ...]]


def data_set(seed: int, pools: Pools) -> dict[str, list[Row]]:
    """Rows by the table's full name. Set 0 has none, and of every other set one table in six is empty.

    No two rows of a table have its key in common unless they are the same row, as one in ten is.
    """
    draw = random.Random(seed)
    return {t.full_name: [] if seed == 0 or draw.random() < 1 / 6 else _rows(t, draw, pools) for t in TABLES}


def value(name: str, kind: str, draw: random.Random, pools: Pools) -> Any:
    """One value of a type of BigQuery's, for a column or parameter of this name."""
    if kind.startswith("ARRAY<"):
        return [value(name, kind[6:-1], draw, pools) for _ in range(draw.randrange(4))]
    if kind == "STRING":
        return _text(name, draw, pools)
    if kind == "INT64":
        near = pools.numbers.get(name, ())
        return draw.choice(near) if near and draw.random() < 0.7 else draw.choice((0, 1, 2, 3, -1, 2**40))
    if kind == "FLOAT64":
        return draw.choice(ODD_FLOATS) if draw.random() < 0.08 else draw.randrange(-40, 160) / 4
    if kind == "BOOL":
        return draw.random() < 0.6
    if kind == "DATE":
        return draw.choice(DATES[:2] if draw.random() < 0.8 else DATES)
    return draw.choice(INSTANTS)


def _text(name: str, draw: random.Random, pools: Pools) -> str:
    literals = pools.texts.get(name, ())
    if literals and draw.random() < 0.8:
        return draw.choice(literals)
    return draw.choice(TEXTS if draw.random() < 0.9 else ODD_TEXTS)


def _rows(table: Table, draw: random.Random, pools: Pools) -> list[Row]:
    rows: dict[Row, Row] = {}
    key = [table.column_names.index(k) for k in table.key]
    for i in range(draw.randrange(1, 36)):
        row = tuple(_cell(c, draw, pools) for c in table.columns)
        rows.setdefault(tuple(row[k] for k in key) if key else (i,), row)
    return [r for row in rows.values() for r in [row] * (2 if draw.random() < 0.1 else 1)]


def _cell(column: Column, draw: random.Random, pools: Pools) -> Any:
    if column.mode == "NULLABLE" and draw.random() < 0.15:
        return None
    kind = f"ARRAY<{column.type}>" if column.mode == "REPEATED" else column.type
    return value(column.name, kind, draw, pools)


def pools_of(statements: Sequence[str]) -> Pools:
    """What columns are compared with in these statements."""
    texts: dict[str, set[str]] = {}
    numbers: dict[str, set[int]] = {}
    for sql in statements:
        for name, literal in _comparisons(sql):
            if literal.is_string:
                texts.setdefault(name, set()).add(literal.name)
            elif literal.name.isdigit():
                numbers.setdefault(name, set()).add(int(literal.name))
    return Pools(
        {n: tuple(sorted(v)) for n, v in texts.items()}, {n: tuple(sorted(v)) for n, v in numbers.items()}
    )


@cache
def _comparisons(sql: str) -> tuple[tuple[str, exp.Literal], ...]:
    return tuple(_compared(sqlglot.parse_one(sql, read="bigquery")))


def _compared(tree: exp.Expr) -> Iterator[tuple[str, exp.Literal]]:
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        column = node.this
        if isinstance(column, exp.Column):
            others = node.expressions if isinstance(node, exp.In) else [node.expression]
            yield from ((column.name, o) for o in others if isinstance(o, exp.Literal))


def window(draw: random.Random) -> tuple[date, date]:
    """First and last date that a statement is asked for: mostly those of most rows, at times none or all."""
    first, last = draw.choice(((DATES[0], DATES[1]),) * 4 + ((DATES[0], DATES[0]), (DATES[3], DATES[4])))
    return first, last
