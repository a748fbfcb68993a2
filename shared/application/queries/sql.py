"""Read-only SQL in BigQuery's dialect over the declared tables."""

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
        """Return the rows of one query; ``Rejected`` for other statements and unknown tables."""
        return self._warehouse.query(Statement(check_query(sql)))


def check_query(sql: str) -> str:
    """Return the statement unchanged if it is one query over declared tables, else raise ``Rejected``."""
    try:
        parsed = [p for p in sqlglot.parse(sql, read="bigquery") if p is not None]
    except sqlglot.errors.ParseError as exc:
        raise Rejected(f"not SQL of BigQuery's dialect: {str(exc).splitlines()[0]}") from exc
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query):
        received = parsed[0].key.upper() if len(parsed) == 1 else f"{len(parsed)} statements"
        raise Rejected(f"{received}, expected one SELECT; statements that write are refused")
    declared = {t.full_name for t in TABLES}
    cte_names = {cte.alias for cte in parsed[0].find_all(exp.CTE)}
    for table in parsed[0].find_all(exp.Table):
        name = ".".join(p.name for p in table.parts[-2:])
        if isinstance(table.this, exp.Func):
            raise Rejected(f"{table.sql(dialect='bigquery')}: a table function, expected declared tables")
        if name not in declared and name not in cte_names:
            raise Rejected(f"table {name!r} is unknown, expected some of {', '.join(sorted(declared))}")
    return sql
