"""Columns of a CSV or Parquet file as values; an error names the first bad value and its line."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import RowKind, feed_table

HEADER_LINES = 1
"""Lines before the first row; a CSV file's first row is on line 2."""


def read_table(raw: RawFile, columns: tuple[str, ...], encoding: str = "utf-8") -> pa.Table:
    """Return the rows of a CSV or Parquet file that has ``columns``, and one row or more."""
    raw.need(columns)
    table = raw.parquet if raw.is_parquet else raw.csv(encoding)
    if table.num_rows == 0:
        raise FeedError(raw.name, "a header and no row", "one row or more")
    return table


def whole(raw: RawFile, table: pa.Table, name: str) -> pa.Array:
    """Return int64 of whole numbers, which may be written ``30.0`` or ``+5``; null where empty."""
    numbers = decimal(raw, table, name)
    bad = pc.not_equal(numbers, pc.floor(numbers))
    _refuse(raw, table, name, bad, "a whole number")
    return numbers.cast(pa.int64())


def decimal(raw: RawFile, table: pa.Table, name: str) -> pa.Array:
    """Return float64; null where empty."""
    values = table[name].combine_chunks()
    if not pa.types.is_string(values.type):
        return values.cast(pa.float64())
    text = pc.utf8_trim_whitespace(values)
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    is_number = pc.match_substring_regex(text, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$")
    _refuse(raw, table, name, pc.invert(is_number), "a number")
    return pc.replace_substring_regex(text, r"^\+", "").cast(pa.float64())


def dates(raw: RawFile, table: pa.Table, name: str) -> pa.Array:
    """Return the date at the beginning of each text, written YYYY-MM-DD; a time after it is ignored."""
    values = table[name].combine_chunks()
    if not pa.types.is_string(values.type):
        return values.cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    text = pc.utf8_slice_codeunits(values, 0, 10)
    parsed = pc.strptime(text, format="%Y-%m-%d", unit="s", error_is_null=True)
    _refuse(raw, table, name, pc.and_(pc.is_valid(values), pc.is_null(parsed)), "a date, YYYY-MM-DD")
    return parsed.cast(pa.date32())


def text(table: pa.Table, name: str) -> pa.Array:
    """Return text without blanks around it; null where empty."""
    trimmed = pc.utf8_trim_whitespace(table[name].combine_chunks().cast(pa.string()))
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def joined(*parts: pa.Array) -> pa.Array:
    """Return texts with a blank between them; null where one is null."""
    return pc.utf8_trim_whitespace(pc.binary_join_element_wise(*parts, " "))


def yes(raw: RawFile, table: pa.Table, name: str) -> pa.Array:
    """Return booleans of TRUE and FALSE, or 1 and 0; null where empty."""
    values = table[name].combine_chunks()
    if pa.types.is_boolean(values.type):
        return values
    word = pc.utf8_lower(text(table, name))
    is_yes, is_no = (pc.is_in(word, pa.array(w)) for w in (["true", "1", "1.0"], ["false", "0", "0.0"]))
    bad = pc.and_(pc.is_valid(word), pc.invert(pc.or_(is_yes, is_no)))
    _refuse(raw, table, name, bad, "TRUE or FALSE, or 1 or 0")
    return pc.if_else(pc.is_valid(word), is_yes, pa.scalar(None, pa.bool_()))


def counts_of_played(played: pa.Array, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Return counts that are null for a player who did not play."""
    return {
        name: pc.if_else(played, values, pa.scalar(None, values.type)) for name, values in columns.items()
    }


def filtered(kind: RowKind, columns: dict[str, pa.Array], keep: pa.Array) -> pa.Table:
    return feed_table(kind, columns).filter(keep)


def refuse_null(raw: RawFile, table: pa.Table, name: str, where: pa.Array | None = None) -> None:
    """Refuse an empty cell, in the rows of ``where`` only."""
    bad = pc.is_null(table[name].combine_chunks())
    _refuse(raw, table, name, bad if where is None else pc.and_(bad, where), "a value")


def _refuse(raw: RawFile, table: pa.Table, name: str, bad: pa.Array, expected: str) -> None:
    bad = pc.fill_null(bad, False)
    count = pc.sum(bad).as_py() or 0
    if not count:
        return
    row = pc.index(bad, True).as_py()
    place = f"row {row}" if raw.is_parquet else f"line {row + 1 + HEADER_LINES}"
    more = f" ({count:,} rows)" if count > 1 else ""
    raise FeedError(raw.name, f"{name} {table[name][row].as_py()!r}{more}", expected, place)
