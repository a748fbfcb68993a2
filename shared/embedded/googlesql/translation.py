"""Translates a statement of BigQuery's dialect into DuckDB's, with the same results."""

from __future__ import annotations

from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from shared.embedded.googlesql.calendar import CALENDAR
from shared.embedded.googlesql.rewrites import REWRITES, Rewrite, order_nan_first, render
from shared.embedded.googlesql.support import refuse_unchecked
from shared.schemas.catalog import TABLES

_REWRITES: dict[type[exp.Expr], Rewrite] = {**REWRITES, **CALENDAR}
_UNCAST_NUMBERS = (
    exp.Bracket, exp.DataTypeParam, exp.Group, exp.Interval, exp.Limit, exp.Offset, exp.Ordered, exp.Round,
    exp.WindowSpec,
)  # fmt: skip
"""Parents of a number that is a position or a count, which DuckDB accepts only without a cast."""


def translate(tree: exp.Expr) -> exp.Expr:
    """Translate a query; other statements, which only the product itself writes, stay unchanged.

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
    """Rewrite the tree from the leaves up, by the original types of the parts."""
    unnested = [u for u in tree.find_all(exp.Unnest) if u.args.get("offset")]
    offsets = {(u.args["alias"].name, u.args["offset"].name) for u in unnested}
    for node in list(tree.find_all(exp.Ordered)):
        order_nan_first(node)
    for node in reversed(list(tree.walk(bfs=False))):
        if isinstance(node, exp.Column) and (node.table, node.name) in offsets:
            node.replace(render("_o - 1", o=node))  # DuckDB counts from 1
            continue
        rewrite = _REWRITES.get(type(node))
        if rewrite is None or (isinstance(node, exp.Literal) and isinstance(node.parent, _UNCAST_NUMBERS)):
            continue
        rewritten = rewrite(node)
        if rewritten is not node:
            rewritten.type = node.type
            node.replace(rewritten)
    return tree


def _name_columns(tree: exp.Query) -> None:
    """Name unnamed columns ``f0_``, ``f1_``, ... as BigQuery does."""
    first_query: exp.Expr = tree
    while isinstance(first_query, exp.SetOperation | exp.Subquery):
        first_query = first_query.this
    number = 0
    for column in list(first_query.selects) if isinstance(first_query, exp.Select) else []:
        if not isinstance(column, exp.Alias | exp.Column | exp.Star):
            column.replace(exp.alias_(column.copy(), f"f{number}_"))
            number += 1


@cache
def _schema() -> MappingSchema:
    tables: dict[str, dict[str, dict[str, str]]] = {}
    for table in TABLES:
        tables.setdefault(table.dataset, {})[table.name] = {c.name: c.sql_type for c in table.columns}
    return MappingSchema(tables, dialect="bigquery")


def parse_bigquery(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, read="bigquery")
