"""DuckDB gives for every query of the product what Google's evaluator gives, on the same random rows.

The evaluator applies no INSERT, UPDATE or MERGE to a table of ours, so these are analyzed only; what they do is
the subject of ``tests/contracts``.
"""

from __future__ import annotations

import math
import random
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from shared.embedded.duckdb_warehouse import DuckDbWarehouse, _bound
from shared.ports import Statement
from shared.schemas.catalog import TABLES
from shared.schemas.table import Table
from tests.sql.datasets import Pools, Row, data_set, pools_of, value, window
from tests.sql.googlesql import Answer, GoogleSql, Prepared, rows_of
from tests.sql.statements import is_query, names, text

SETS = 20

ALLOWED: dict[str, str] = {}
"""Differences that stay, by statement, each with its reason."""


@dataclass(frozen=True)
class Query:
    """One query, its parameters' types, and the columns that it orders by."""

    sql: str
    keys: Sequence[str | int]
    types: Mapping[str, str]
    prepared: Prepared


@dataclass(frozen=True)
class World:
    """The same rows for both."""

    seed: int
    rows: Mapping[str, Any]
    warehouse: DuckDbWarehouse


@pytest.fixture(scope="module")
def queries(google: GoogleSql) -> dict[str, Query]:
    made = {}
    for name in filter(is_query, names()):
        types = google.analyze(text(name))
        sql, keys = with_keys(text(name))
        made[name] = Query(sql, keys, types, google.prepare(sql, types))
    return made


@pytest.fixture(scope="module", params=range(SETS))
def world(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[World]:
    rows = data_set(request.param, pools())
    warehouse = DuckDbWarehouse(tmp_path_factory.mktemp("world") / "warehouse.duckdb")
    with warehouse.shared_connection():
        for table in TABLES:
            warehouse.append(table, arrow(table, rows[table.full_name]))
        yield World(request.param, {t.full_name: rows_of(t, rows[t.full_name]) for t in TABLES}, warehouse)


def arrow(table: Table, rows: Sequence[Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(table.columns)
    schema = table.arrow_schema
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def test_every_query_gives_the_same_on_both(queries: Mapping[str, Query], world: World) -> None:
    """Two sets of parameters for each data set; multisets of rows, and the order where there is one."""
    different = []
    for name, query in queries.items():
        for trial in range(1):
            values = values_of(query.types, random.Random(f"{name} {world.seed} {trial}"))
            theirs = query.prepared.evaluate(values, world.rows)
            ours = world.warehouse.query(Statement(query.sql, values))
            difference = compare(theirs, ours, query.keys)
            if difference and name not in ALLOWED:
                different.append(f"{name} {values}: {difference}")
                break
    assert not different, "\n".join(different)


def values_of(types: Mapping[str, str], draw: random.Random) -> dict[str, Any]:
    """Parameters that meet rows."""
    values = {n: value(n, kind, draw, pools()) for n, kind in types.items()}
    first, last = window(draw)
    ends: dict[str, date] = {"first": first, "since": first, "names_since": first, "last": last}
    values |= {n: d for n, d in ends.items() if types.get(n) == "DATE"}
    return values | {n: draw.choice((0, 1, 50)) for n, kind in types.items() if kind == "INT64"}


@cache
def pools() -> Pools:
    return pools_of([text(n) for n in names()])


@cache
def with_keys(sql: str) -> tuple[str, list[str | int]]:
    """The query and the columns that it orders by, as names or numbers from 0; what it orders by and does
    not give becomes a further column where that can be."""
    tree = sqlglot.parse_one(sql, read="bigquery")
    order = [o.this for o in tree.args["order"].expressions] if tree.args.get("order") else []
    given = set(tree.named_selects)
    plain = isinstance(tree, exp.Select) and not tree.args.get("distinct") and not tree.args.get("group")
    keys: list[str | int] = []
    hidden = ""
    for key in order:
        if key.is_int:
            keys.append(int(key.name) - 1)
        elif isinstance(key, exp.Column) and key.name in given:
            keys.append(key.name)
        elif plain:
            keys.append(f"sort_key_{len(keys)}")
            hidden += f", {key.sql(dialect='bigquery')} AS {keys[-1]}"
        else:
            break
    return re.sub(r"(?m)^FROM ", lambda m: f"{hidden}\n{m.group()}", sql, count=1), keys


def compare(theirs: Answer, ours: pa.Table, keys: Sequence[str | int]) -> str | None:
    """What is different, or None."""
    columns = [name for name, _ in theirs.columns]
    if columns != ours.column_names:
        return f"columns {columns} and {ours.column_names}"
    a = [tuple(map(exact, row)) for row in theirs.rows]
    b = [tuple(map(exact, row.values())) for row in ours.to_pylist()]
    if Counter(a) != Counter(b):
        return f"only theirs {list((Counter(a) - Counter(b)).items())[:2]}, only ours {list((Counter(b) - Counter(a)).items())[:2]}"
    at = [columns.index(k) if isinstance(k, str) else k for k in keys]
    sorted_a, sorted_b = ([tuple(map(_sorts, (row[i] for i in at))) for row in rows] for rows in (a, b))
    return None if sorted_a == sorted_b else f"order by {keys}: {sorted_a[:5]} and {sorted_b[:5]}"


def exact(found: Any) -> Any:
    """A value that equals another only if every bit does; every NaN is one."""
    if isinstance(found, float):
        return ("float", "nan" if math.isnan(found) else struct.pack(">d", found))
    if isinstance(found, list):
        return tuple(map(exact, found))
    return (type(found).__name__, found)


def _sorts(found: Any) -> Any:
    """-0.0 and 0.0 are the same to an ORDER BY."""
    return struct.pack(">d", 0.0) if found == ("float", struct.pack(">d", -0.0)) else found


@pytest.mark.parametrize("world", [0], indirect=True)
def test_no_query_compares_each_row_with_each_other_row(queries: Mapping[str, Query], world: World) -> None:
    """DuckDB joins so where a join has no equality, or an outer join's condition names its left side only:
    a season of predictions took 20 times as long to read for grading."""
    slow = []
    for name, query in queries.items():
        values = values_of(query.types, random.Random(name))
        with world.warehouse._open() as connection:
            sql, parameters = _bound(Statement(query.sql, values))
            plan = str(connection.execute(f"EXPLAIN {sql}", parameters).fetchall())
        if re.search(r"NL_JOIN|NESTED_LOOP_JOIN", plan):
            slow.append(name)
    assert slow == ["shadow_trial"]  # the rows of one model in its trial; equal players are no equality there
