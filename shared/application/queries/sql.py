"""A question in SQL: read-only, in BigQuery's dialect, about the declared tables."""

from __future__ import annotations

import pyarrow as pa
import sqlglot
from sqlglot import exp

from shared.errors import Rejected
from shared.ports import Statement, Warehouse
from shared.schemas.catalog import TABLES


class ReadOnlySql:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __call__(self, sql: str) -> pa.Table:
        """Rows of one query; ``Rejected`` for anything that is not one, or that names no known table."""
        return self._warehouse.query(Statement(check_query(sql)))


def check_query(sql: str) -> str:
    """The statement as it came, proven to be one query over declared tables."""
    try:
        parsed = [p for p in sqlglot.parse(sql, read="bigquery") if p is not None]
    except sqlglot.errors.ParseError as exc:
        raise Rejected(f"not SQL of BigQuery's dialect: {str(exc).splitlines()[0]}") from exc
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        came = parsed[0].key.upper() if len(parsed) == 1 else f"{len(parsed)} statements"
        raise Rejected(f"{came}, wanted one SELECT; nothing is written through this door")
    known = {t.full_name for t in TABLES}
    named = {cte.alias for cte in parsed[0].find_all(exp.CTE)}
    for table in parsed[0].find_all(exp.Table):
        name = ".".join(p.name for p in table.parts[-2:])
        if isinstance(table.this, exp.Func):
            raise Rejected(f"{table.sql(dialect='bigquery')}: a table function, wanted declared tables")
        if name not in known and name not in named:
            raise Rejected(f"table {name!r} is unknown, wanted some of {', '.join(sorted(known))}")
    return sql
