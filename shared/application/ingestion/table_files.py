"""Files that hold the product's own columns: Parquet, CSV with a header line, or a JSON list of objects."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from shared.errors import Rejected

SUFFIXES = (".parquet", ".csv", ".json")

FORMATS = {".parquet": "Parquet", ".csv": "CSV", ".json": "JSON"}


class Unreadable(Exception):
    """A file that is not what its suffix says; the message completes 'games.csv: ...'."""


def find(folder: Path, name: str) -> Path | None:
    """Return the file of a folder with the stem of ``name``, in one of the formats; None without one.

    Raises ``Rejected`` for two files of one stem.
    """
    stem = Path(name).stem
    found = [path for suffix in SUFFIXES if (path := folder / f"{stem}{suffix}").exists()]
    if len(found) > 1:
        raise Rejected(f"{folder}: {' and '.join(p.name for p in found)}, expected one file of {stem}")
    return found[0] if found else None


def column_names(path: Path) -> list[str]:
    """Return the columns; raise ``Unreadable``, or Arrow's errors for Parquet."""
    if path.suffix == ".parquet":
        return list(pq.read_schema(path).names)
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline().rstrip("\r\n")
        if first.lstrip().startswith(("<", "{", "[")):
            raise Unreadable(
                f"not a CSV file, it begins with {first[:20]!r}, expected a line of column names"
            )
        return [name.strip().strip('"') for name in first.split(",")] if first else []
    return list(dict.fromkeys(name for row in _records(path) for name in row))


def read(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return some columns of a file; those of a CSV file are text, with null for an empty cell."""
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            return file.read(columns=list(columns))
    if path.suffix == ".csv":
        options = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), include_columns=list(columns),
            strings_can_be_null=True, null_values=[""],
        )  # fmt: skip
        return pa_csv.read_csv(
            path, parse_options=pa_csv.ParseOptions(newlines_in_values=True), convert_options=options
        )
    records = _records(path)
    return pa.table({name: _column(name, [row.get(name) for row in records]) for name in columns})


def _column(name: str, values: list[object]) -> pa.Array:
    kinds = Counter(type(v).__name__ for v in values if v is not None)
    if kinds.keys() == {"int", "float"}:
        return pa.array([None if v is None else float(v) for v in values])  # type: ignore[arg-type]
    if len(kinds) > 1:
        raise Unreadable(f"column {name} has values of {' and '.join(sorted(kinds))}, expected one type")
    return pa.array(values)


def _records(path: Path) -> list[dict[str, object]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as exc:
        raise Unreadable(f"not a readable JSON file ({exc}), expected a list of objects") from exc
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise Unreadable(f"a JSON {type(document).__name__}, expected a list of objects")
    return document
