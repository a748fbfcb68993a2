"""What ``props sql`` gives on the embedded backend is what Google's evaluator gives, or it is refused by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.googlesql.support import FUNCTIONS
from shared.errors import InvalidStatement
from shared.ports import Statement
from tests.sql.expressions import BY_ROW, QUERIES, REFUSED, VALUES
from tests.sql.googlesql import GoogleSql, GoogleSqlError
from tests.sql.test_evaluation import exact

SORTED_ZEROS = {
    "SELECT f, RANK() OVER (ORDER BY f), RANK() OVER (ORDER BY f DESC) FROM v",
    "SELECT f FROM v ORDER BY f",
    "SELECT f FROM v ORDER BY f DESC",
    "SELECT f FROM v ORDER BY f NULLS LAST",
    "SELECT f, i FROM v ORDER BY 1 DESC, 2",
}
"""A column that DuckDB sorts by comes back with 0.0 for -0.0: the same number, and the only listed difference."""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbWarehouse]:
    made = DuckDbWarehouse(tmp_path_factory.mktemp("asked") / "warehouse.duckdb")
    with made.shared_connection():
        yield made


def asked() -> list[str]:
    rows = [f"{VALUES} SELECT {e} AS x FROM v" for of in BY_ROW.values() for e in of]
    return rows + [VALUES + q if " v" in q else q for of in QUERIES.values() for q in of]


def test_at_least_150_expressions_cover_every_function_of_the_list() -> None:
    tried = {*BY_ROW, *QUERIES}
    assert sum(map(len, [*BY_ROW.values(), *QUERIES.values()])) >= 150
    assert set(FUNCTIONS) <= tried


@pytest.mark.parametrize("sql", asked(), ids=lambda sql: sql.removeprefix(VALUES).strip())
def test_both_give_the_same(google: GoogleSql, warehouse: DuckDbWarehouse, sql: str) -> None:
    theirs, ours = theirs_of(google, sql), ours_of(warehouse, sql)
    if sql.removeprefix(VALUES).strip() in SORTED_ZEROS:
        theirs, ours = with_one_zero(theirs), with_one_zero(ours)
    if isinstance(theirs, tuple) and "ORDER BY" not in sql.rsplit(")", 1)[-1]:
        theirs, ours = (t if isinstance(t, str) else (t[0], Counter(t[1])) for t in (theirs, ours))
    assert ours == theirs


@pytest.mark.parametrize("expression", REFUSED)
def test_what_was_not_checked_is_refused_by_its_name(warehouse: DuckDbWarehouse, expression: str) -> None:
    with pytest.raises(InvalidStatement, match="not supported on the embedded backend; expected ABS"):
        warehouse.query(Statement(f"SELECT {expression} AS x"))


def with_one_zero(found: Any) -> Any:
    less, zero = exact(-0.0), exact(0.0)
    return found[0], [tuple(zero if cell == less else cell for cell in row) for row in found[1]]


def theirs_of(google: GoogleSql, sql: str) -> Any:
    try:
        answer = google.evaluate(sql)
    except GoogleSqlError as exc:
        return "an error" if "OUT_OF_RANGE" in str(exc) else f"not an error of its values: {exc}"
    number = iter(range(len(answer.columns)))
    names = [name or f"f{next(number)}_" for name, _ in answer.columns]
    return names, [tuple(map(exact, row)) for row in answer.rows]


def ours_of(warehouse: DuckDbWarehouse, sql: str) -> Any:
    try:
        rows = warehouse.query(Statement(sql))
    except InvalidStatement as exc:
        return "an error" if "not supported" not in str(exc) else str(exc)
    return rows.column_names, [tuple(map(exact, row.values())) for row in rows.to_pylist()]
