"""Every statement of the product is BigQuery's SQL, as Google's analyzer reads it."""

from __future__ import annotations

import pytest

from shared.schemas.catalog import TABLES
from shared.schemas.table import Table, ddl
from shared.warehouse.merge import merge
from tests.sql.googlesql import GoogleSql, GoogleSqlError
from tests.sql.statements import names, text


@pytest.mark.parametrize("name", names())
def test_google_accepts_the_statement(google: GoogleSql, name: str) -> None:
    google.analyze(text(name))


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_google_accepts_what_creates_and_merges_a_table(google: GoogleSql, table: Table) -> None:
    source = f"(SELECT * FROM {table.full_name})"
    google.analyze(ddl(table))
    google.analyze(merge(table, table.column_names, source, replace=True))
    google.analyze(merge(table, table.column_names, source, replace=False, bounded=True))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT run_id AS at FROM nba_predictions.prediction_runs",
        "SELECT no_such_column FROM nba_predictions.prediction_runs",
        "SELECT run_id, COUNT(*) FROM nba_predictions.prediction_runs",
        "UPDATE nba_predictions.model_registry SET state = 1 WHERE TRUE",
    ],
)
def test_the_analyzer_refuses_what_bigquery_refuses(google: GoogleSql, sql: str) -> None:
    with pytest.raises(GoogleSqlError):
        google.analyze(sql)
