"""The real sample files of feeds, which are not part of the repository, and the values expected of them."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shared.application.feeds.raw_file import RawFile

FOLDER = Path(os.environ.get("PROPS_FEED_FILES", "."))

needs_feed_files = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        "PROPS_FEED_FILES" not in os.environ, reason="PROPS_FEED_FILES names no folder of sample files"
    ),
]
"""The marks of a module that reads them: ``pytestmark = needs_feed_files``."""


def raw(path: str) -> RawFile:
    """Return a sample file; ``path`` is relative to the folder."""
    return RawFile(Path(path).name, (FOLDER / path).read_bytes())


def expected_rows(path: str) -> list[dict[str, Any]]:
    """Return the rows of ``expected.json`` for a file."""
    document = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    return [entry["row"] for entry in document["rows"] if entry["file"] == path]


def assert_has(table: pa.Table, row: dict[str, Any]) -> None:
    """Assert that exactly one row of ``table`` has all values of ``row`` in the columns that it has."""
    columns = [c for c in row if c in table.column_names]
    assert columns, f"none of {sorted(row)} in {table.column_names}"
    found = [
        actual
        for actual in table.select(columns).to_pylist()
        if all(_same(actual[c], row[c]) for c in columns)
    ]
    assert len(found) == 1, f"{len(found)} rows with { ({c: row[c] for c in columns}) }"


def _same(actual: Any, wanted: Any) -> bool:
    if isinstance(actual, datetime):
        return wanted is not None and actual == datetime.fromisoformat(wanted)
    if hasattr(actual, "isoformat"):
        return bool(actual.isoformat() == wanted)
    if isinstance(actual, float) and wanted is not None:
        return abs(actual - float(wanted)) < 1e-4
    return bool(actual == wanted)
