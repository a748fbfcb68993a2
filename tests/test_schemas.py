from __future__ import annotations

from importlib.resources import files

import sqlglot
from sqlglot import exp

from shared.embedded.duckdb_warehouse import to_duckdb
from shared.schemas.catalog import TABLES
from shared.schemas.predictions import PLAYER_PROP_PREDICTIONS, PREDICTION_STAGING
from shared.schemas.table import ddl
from shared.warehouse import statements


def test_every_table_is_declared_once_with_a_key_that_begins_with_its_partition() -> None:
    names = [t.full_name for t in TABLES]
    assert len(set(names)) == len(names)
    for t in TABLES:
        assert set(t.key) <= set(t.column_names)
        assert t.partition is None or t.partition in t.key
        assert len(set(t.column_names)) == len(t.column_names)
        sqlglot.parse_one(ddl(t), read="bigquery")


def test_activation_copies_staged_columns_by_position() -> None:
    staged = PREDICTION_STAGING.column_names
    assert PLAYER_PROP_PREDICTIONS.column_names[: len(staged)] == staged
    added = PLAYER_PROP_PREDICTIONS.column_names[len(staged) :]
    assert added == ("activated_at", "is_active", "superseded_by", "superseded_at", "superseded_reason")


def test_every_statement_filters_on_the_partition_of_each_table_that_it_reads_or_changes() -> None:
    """BigQuery refuses a query without it; its stand-in lets UPDATE and DELETE pass."""
    partitions = {t.name: t.partition for t in TABLES if t.partition}
    for name, tree in parsed():
        for table in tree.find_all(exp.Table):
            if table.name not in partitions or (isinstance(tree, exp.Insert) and table is target(tree)):
                continue
            scope = table.find_ancestor(exp.Select, exp.Update, exp.Delete)
            assert scope is not None
            alias, column = table.alias_or_name, partitions[table.name]
            bounds = [c for kind in (exp.Where, exp.Join) for part in scope.find_all(kind)
                      for c in part.find_all(exp.Column) if c.name == column]  # fmt: skip
            assert any(c.table in (alias, "") and compared(c) for c in bounds), f"{name}: {alias}"


def target(tree: exp.Insert) -> exp.Expression:
    return tree.this.this if isinstance(tree.this, exp.Schema) else tree.this


def compared(column: exp.Column) -> bool:
    """Whether a column stands beside a parameter."""
    return column.parent is not None and column.parent.find(exp.Parameter) is not None


def parsed() -> list[tuple[str, exp.Expression]]:
    queries = files(statements.__name__.rsplit(".", 1)[0]).joinpath("queries").iterdir()
    return [(q.name, sqlglot.parse_one(q.read_text(encoding="utf-8"), read="bigquery")) for q in queries]


def test_every_statement_is_one_statement_in_bigquerys_dialect() -> None:
    queries = list(files(statements.__name__.rsplit(".", 1)[0]).joinpath("queries").iterdir())
    assert len(queries) > 10
    for query in queries:
        sql = query.read_text(encoding="utf-8")
        assert len(sqlglot.parse(sql, read="bigquery")) == 1
        assert to_duckdb(sql)
