from __future__ import annotations

import sqlglot

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


def test_every_statement_is_one_statement_in_bigquerys_dialect() -> None:
    from importlib.resources import files

    queries = list(files(statements.__name__.rsplit(".", 1)[0]).joinpath("queries").iterdir())
    assert len(queries) > 10
    for query in queries:
        sql = query.read_text(encoding="utf-8")
        assert len(sqlglot.parse(sql, read="bigquery")) == 1
        assert to_duckdb(sql)
