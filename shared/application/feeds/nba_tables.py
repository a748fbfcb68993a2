"""Tables of NBA.com's older endpoints: result sets in JSON, or saved as CSV or Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.domain.nba_game_ids import parse_game_id


def result_sets(raw: RawFile) -> dict[str, tuple[list[str], list[list[Any]]]]:
    """Return headers and rows of each result set by name; empty for a file without any."""
    if not raw.keys & {"resultSets", "resultSet"}:
        return {}
    document = raw.json
    sets = document.get("resultSets", document.get("resultSet"))
    sets = [sets] if isinstance(sets, dict) else sets
    found = {}
    for item in sets if isinstance(sets, list) else []:
        if not isinstance(item, dict) or not {"name", "headers", "rowSet"} <= item.keys():
            raise FeedError(raw.name, "a result set without name, headers or rowSet", "all three")
        widths = {len(row) for row in item["rowSet"]} - {len(item["headers"])}
        if widths:
            raise FeedError(
                raw.name, f"a row of {widths.pop()} values", f"{len(item['headers'])}", item["name"]
            )
        found[item["name"]] = (item["headers"], item["rowSet"])
    return found


def records(raw: RawFile, sets: Sequence[str], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows as dictionaries, from the first result set named in ``sets`` or from a saved table.

    Raises ``FeedError`` with every one of ``columns`` that is absent. Empty cells of a CSV file are None.
    """
    by_name = result_sets(raw)
    if by_name:
        headers, rows = next((by_name[name] for name in sets if name in by_name), ([], []))
        missing = [c for c in columns if c not in headers]
        if missing:
            raise FeedError(
                raw.name, f"no column {', '.join(missing)}", f"all of {', '.join(columns)}", sets[0]
            )
        return [dict(zip(headers, row, strict=True)) for row in rows]
    raw.need(tuple(columns))
    table: pa.Table = raw.parquet if raw.is_parquet else raw.csv()
    return list(table.to_pylist())


def headers_of(raw: RawFile, sets: Sequence[str]) -> frozenset[str]:
    """Return the columns of the first result set named in ``sets``, or of a saved table."""
    if raw.is_json:
        by_name = result_sets(raw) if raw.keys & {"resultSets", "resultSet"} else {}
        return next((frozenset(by_name[name][0]) for name in sets if name in by_name), frozenset())
    return frozenset(raw.header)


def integer(value: object, file: str, place: str) -> int | None:
    """Return a whole number, which may be text or a float; None for an empty value."""
    if value is None or value == "":
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = float("nan")
    if isinstance(value, bool) or number != number or number != int(number):
        raise FeedError(file, f"{value!r}", "a whole number", place)
    return int(number)


def required(value: int | None, file: str, place: str) -> int:
    if value is None:
        raise FeedError(file, "null", "a number", place)
    return value


def game_id_of(value: object, file: str) -> str:
    try:
        return parse_game_id(str(integer(value, file, "game id")) if isinstance(value, float) else str(value))
    except ValueError as exc:
        came, _, expected = str(exc).rpartition(", expected ")
        raise FeedError(file, came, expected) from exc


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return rows as lists by column; the columns are those of the first row."""
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}
