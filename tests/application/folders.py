"""Folders to load that are made from the sample league's files, changed by a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

Rows = list[dict[str, Any]]
FILES = ("games", "player_game_logs", "prop_lines", "injury_report")


def folder_of(where: Path, source: Path, **changes: Callable[[Rows], Rows]) -> Path:
    """A folder with the rows of ``source`` that each change gives; a file without a change has no rows."""
    where.mkdir(parents=True)
    for name in FILES:
        path = source / f"{name}.parquet"
        if not path.exists():
            continue
        table = pq.read_table(path)
        rows = changes[name](table.to_pylist()) if name in changes else []
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), where / path.name)
    return where


def those(**values: Any) -> Callable[[Rows], Rows]:
    """A change that keeps the rows of these values."""
    return lambda rows: [r for r in rows if all(r[c] == v for c, v in values.items())]


def every(rows: Rows) -> Rows:
    return rows


def changed(row: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    return {**row, **values}
