"""Translate a statement of BigQuery's dialect into one of DuckDB's with the same results."""

from __future__ import annotations

from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from shared.embedded.googlesql.calendar import CALENDAR
from shared.embedded.googlesql.rewrites import REWRITES, Rewrite, duck, ordered
from shared.embedded.googlesql.support import refuse_unchecked
from shared.schemas.catalog import TABLES
from shared.schemas.table import Table

_ALL: dict[type[exp.Expr], Rewrite] = {**REWRITES, **CALENDAR}
_PLAIN_NUMBERS = (
    exp.Bracket, exp.DataTypeParam, exp.Group, exp.Interval, exp.Limit, exp.Offset, exp.Ordered, exp.Round,
    exp.WindowSpec,
)  # fmt: skip
"""Where a number is a place or a count, which DuckDB wants without a cast."""


def translate(tree: exp.Expr) -> exp.Expr:
    """A query with the meaning of BigQuery's; other statements, which the product alone makes, as they are.

    Raises ``InvalidStatement`` for a query with a part that was not checked.
    """
    if not isinstance(tree, exp.Query):
        return tree
    refuse_unchecked(tree)
    _name_columns(tree)
    tree = qualify(
        tree,
        schema=_schema(),
        dialect="bigquery",
        quote_identifiers=False,
        identify=False,
        validate_qualify_columns=False,
    )
    return rewrite_tree(annotate_types(tree, schema=_schema(), dialect="bigquery"))


def rewrite_tree(tree: exp.Expr) -> exp.Expr:
    """From the leaves up, each by the types that its parts had before."""
    unnested = [u for u in tree.find_all(exp.Unnest) if u.args.get("offset")]
    offsets = {(u.args["alias"].name, u.args["offset"].name) for u in unnested}
    for node in list(tree.find_all(exp.Ordered)):
        ordered(node)
    for node in reversed(list(tree.walk(bfs=False))):
        if isinstance(node, exp.Column) and (node.table, node.name) in offsets:
            node.replace(duck("_o - 1", o=node))  # DuckDB counts from 1
            continue
        rewrite = _ALL.get(type(node))
        if rewrite is None or (isinstance(node, exp.Literal) and _is_place(node)):
            continue
        made = rewrite(node)
        if made is not node:
            made.type = node.type
            node.replace(made)
    return tree


def _is_place(node: exp.Expr) -> bool:
    return isinstance(node.parent, _PLAIN_NUMBERS)


def _name_columns(tree: exp.Query) -> None:
    """``f0_``, ``f1_``: what BigQuery calls columns that have no name."""
    first: exp.Expr = tree
    while isinstance(first, exp.SetOperation | exp.Subquery):
        first = first.this
    number = 0
    for column in list(first.selects) if isinstance(first, exp.Select) else []:
        if not isinstance(column, exp.Alias | exp.Column | exp.Star):
            column.replace(exp.alias_(column.copy(), f"f{number}_"))
            number += 1


@cache
def _schema() -> MappingSchema:
    declared: dict[str, dict[str, dict[str, str]]] = {}
    for table in TABLES:
        declared.setdefault(table.dataset, {})[table.name] = _types(table)
    return MappingSchema(declared, dialect="bigquery")


def _types(table: Table) -> dict[str, str]:
    return {c.name: f"ARRAY<{c.type}>" if c.mode == "REPEATED" else c.type for c in table.columns}


def parse_bigquery(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, read="bigquery")
