"""Build the MERGE that writes rows into a table by key, in BigQuery's dialect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.errors import Rejected
from shared.schemas.table import Table


def merge(table: Table, columns: Sequence[str], source: str, *, replace: bool, bounded: bool = False) -> str:
    """Return the MERGE of ``source``, a table or subquery with ``columns``, into ``table``.

    A NULL replaces a value only with ``replace``; a row that differs in its stamps only stays unchanged.
    ``bounded`` adds the filter on the partition that BigQuery requires, by the parameters ``first`` and
    ``last``.
    """
    updated = [c for c in columns if c not in table.key]
    nullable = {c.name for c in table.columns if c.mode == "NULLABLE"}
    keys = [f"t.{k} IS NOT DISTINCT FROM s.{k}" if k in nullable else f"t.{k} = s.{k}" for k in table.key]
    if bounded and table.partition:
        keys.insert(0, f"t.{table.partition} BETWEEN @first AND @last")
    guard = "" if replace else "s.{0} IS NOT NULL AND "
    differs = [f"({guard.format(c)}t.{c} IS DISTINCT FROM s.{c})" for c in updated if c not in table.stamps]
    sets = [f"{c} = s.{c}" if replace else f"{c} = COALESCE(s.{c}, t.{c})" for c in updated]
    update = (
        f"WHEN MATCHED AND ({' OR '.join(differs)}) THEN UPDATE SET {', '.join(sets)} " if differs else ""
    )
    values = ", ".join(f"s.{c}" for c in columns)
    return (
        f"MERGE INTO {table.full_name} AS t USING {source} AS s ON {' AND '.join(keys)} {update}"
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(columns)}) VALUES ({values})"
    )


def rows_of_repeated_keys(key: Sequence[str], rows: pa.Table) -> pa.Array:
    """Mark the rows whose key occurs more than once; two nulls in a key are equal."""
    keys = rows.select(list(key)).append_column("row", pa.array(np.arange(rows.num_rows)))
    counts = keys.group_by(list(key)).aggregate([("row", "count")])
    marked = np.zeros(rows.num_rows, np.bool_)
    if counts.num_rows < rows.num_rows:
        groups = keys.group_by(list(key)).aggregate([("row", "count"), ("row", "list")])
        repeated = groups.filter(pc.greater(groups["row_count"], 1))["row_list"]
        marked[np.asarray(pc.list_flatten(repeated).to_numpy(), np.int64)] = True
    return pa.array(marked)


def require_distinct_keys(table: Table, rows: pa.Table) -> None:
    """Raise ``Rejected`` if two rows have the same key: a MERGE would insert both, or fail."""
    is_repeated = rows_of_repeated_keys(table.key, rows)
    count = pc.sum(is_repeated).as_py()
    if count:
        first = rows.select(list(table.key)).slice(pc.index(is_repeated, True).as_py(), 1).to_pylist()[0]
        key = ", ".join(f"{name} {value}" for name, value in first.items())
        raise Rejected(
            f"{table.full_name}: {count:,} rows to write share a key with another; the first: {key}"
        )
