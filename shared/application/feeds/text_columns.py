"""Columns of a CSV or Parquet file as values; an error names the first bad value and its line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.raw_file import FeedError, RawFile

FIRST_LINE = 2
"""The line of a CSV file's first row, after the header."""

LARGEST = 2**53
"""Whole numbers above cannot be told apart as floats."""


def read_table(raw: RawFile, columns: Sequence[str], absent: str = "") -> pa.Table:
    """Return the rows of a file that has ``columns``, and one row or more.

    Texts of any type become plain ones without blanks around them; empty ones and ``absent`` become null.
    """
    raw.need(tuple(columns))
    twice = [name for name in columns if raw.header.count(name) > 1]
    if twice:
        raise FeedError(raw.name, f"more than one column {', '.join(twice)}", "one of each name")
    table = raw.parquet if raw.is_parquet else raw.csv()
    if table.num_rows == 0:
        raise FeedError(raw.name, "a header and no row", "one row or more")
    return pa.table({name: _plain(table[name], absent) for name in columns})


def _plain(column: pa.ChunkedArray, absent: str) -> pa.Array:
    values = column.combine_chunks()
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
        values = values.cast(pa.string())
    if not pa.types.is_string(values.type):
        return values
    values = pc.ascii_trim_whitespace(values)
    is_absent = pc.equal(pc.binary_length(values), 0)
    if absent:
        is_absent = pc.or_(is_absent, pc.equal(values, absent))
    is_any = pc.any(is_absent).as_py()
    return pc.if_else(is_absent, pa.scalar(None, pa.string()), values) if is_any else values


def decimal(raw: RawFile, table: pa.Table, name: str) -> pa.Array:
    """Return float64 of numbers, which may be written ``+5``; null where empty."""
    values = _array(table, name)
    if pa.types.is_null(values.type):
        return values.cast(pa.float64())
    if pa.types.is_string(values.type):
        numbers = _parsed(raw, table, name, values)
    elif pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        numbers = values.cast(pa.float64(), safe=False)
        numbers = pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)
    else:
        raise FeedError(raw.name, f"{name} of type {values.type}", "numbers")
    refuse(raw, table, name, pc.invert(pc.is_finite(numbers)), "a number")
    return numbers


def _parsed(raw: RawFile, table: pa.Table, name: str, values: pa.Array) -> pa.Array:
    """Return the numbers of texts; look for the first that is none only if there is one."""
    signed = pc.starts_with(values, "+")
    if pc.any(signed).as_py():
        values = pc.if_else(signed, pc.utf8_slice_codeunits(values, 1), values)
    try:
        return values.cast(pa.float64())
    except pa.ArrowInvalid as exc:
        is_number = pc.match_substring_regex(
            text(table, name), r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$"
        )
        refuse(raw, table, name, pc.invert(is_number), "a number")
        raise FeedError(raw.name, f"{name}: {exc}", "numbers") from exc


def whole(raw: RawFile, table: pa.Table, name: str) -> pa.Array:
    """Return int64 of whole numbers, which may be written ``30.0`` or ``+5``; null where empty."""
    numbers = decimal(raw, table, name)
    bad = pc.or_(pc.not_equal(numbers, pc.floor(numbers)), pc.greater(pc.abs(numbers), LARGEST))
    refuse(raw, table, name, bad, "a whole number")
    return numbers.cast(pa.int64())


def dates(raw: RawFile, table: pa.Table, name: str) -> pa.Array:
    """Return the date at the beginning of each text, written YYYY-MM-DD; a time after it is ignored."""
    values = _array(table, name)
    if pa.types.is_date(values.type) or pa.types.is_timestamp(values.type):
        return values.cast(pa.timestamp("us")).cast(pa.date32(), safe=False)
    if not pa.types.is_string(values.type):
        raise FeedError(raw.name, f"{name} of type {values.type}", "dates, YYYY-MM-DD")
    # strptime would take 2025-1-2, a date cut short, and turn 2025-02-30 into the second of March.
    is_date = pc.match_substring_regex(values, r"^\d{4}-\d{2}-\d{2}([ T].*)?$")
    parsed = by_word(pc.utf8_slice_codeunits(values, 0, 10), _date, pa.date32())
    bad = pc.and_(pc.is_valid(values), pc.or_(pc.invert(is_date), pc.is_null(parsed)))
    refuse(raw, table, name, bad, "a date, YYYY-MM-DD")
    return parsed


def _date(word: str) -> date | None:
    try:
        return date.fromisoformat(word)
    except ValueError:
        return None


def text(table: pa.Table, name: str) -> pa.Array:
    """Return text; null where empty."""
    return _array(table, name).cast(pa.string())


def joined(*parts: pa.Array) -> pa.Array:
    """Return texts with a blank between them, of those that are not null; null where all are."""
    # null_handling="skip" would leave out the rows whose parts are all null.
    words = pc.binary_join_element_wise(*parts, " ", null_handling="replace", null_replacement="")
    words = pc.utf8_trim_whitespace(words)
    return pc.if_else(pc.equal(words, ""), pa.scalar(None, pa.string()), words)


def yes(raw: RawFile, table: pa.Table, name: str) -> pa.Array:
    """Return booleans of TRUE and FALSE, or of 1 and 0; null where empty."""
    values = _array(table, name)
    if pa.types.is_boolean(values.type):
        return values
    words, others = ("true", "1", "1.0"), ("false", "0", "0.0")
    return _is_word(raw, table, name, words, others, "TRUE or FALSE, or 1 or 0")


def is_word(raw: RawFile, table: pa.Table, name: str, word: str, other: str) -> pa.Array:
    """Return whether a text is ``word`` in any case; refuse one that is not ``other`` either."""
    return _is_word(raw, table, name, (word,), (other,), f"{word} or {other}")


def _is_word(
    raw: RawFile,
    table: pa.Table,
    name: str,
    words: tuple[str, ...],
    others: tuple[str, ...],
    expected: str,
) -> pa.Array:
    text_ = pc.utf8_lower(text(table, name))
    is_true, is_false = pc.is_in(text_, pa.array(words)), pc.is_in(text_, pa.array(others))
    bad = pc.and_(pc.is_valid(text_), pc.invert(pc.or_(is_true, is_false)))
    refuse(raw, table, name, bad, expected)
    return pc.if_else(pc.is_valid(text_), is_true, pa.scalar(None, pa.bool_()))


def by_word(words: pa.Array, value: Callable[[str], object], kind: pa.DataType) -> pa.Array:
    """Return ``value`` of each text, computed once for each distinct one; null where null."""
    coded = words.dictionary_encode()
    return pa.array([value(word) for word in coded.dictionary.to_pylist()], kind).take(coded.indices)


def where(played: pa.Array, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Return counts that are null for a player who did not play."""
    return {
        name: pc.if_else(played, values, pa.scalar(None, values.type)) for name, values in columns.items()
    }


def refuse_null(raw: RawFile, table: pa.Table, names: Sequence[str], rows: pa.Array | None = None) -> None:
    """Refuse an empty cell, in the rows of ``rows`` only if it is given."""
    for name in names:
        bad = pc.is_null(_array(table, name), nan_is_null=True)
        refuse(raw, table, name, bad if rows is None else pc.and_(bad, rows), "a value")


def refuse(raw: RawFile, table: pa.Table, name: str, bad: pa.Array, expected: str) -> None:
    """Raise ``FeedError`` with the first value that is ``bad``, its line and the number of such rows."""
    bad = pc.fill_null(bad, False)
    count = pc.sum(bad).as_py() or 0
    if not count:
        return
    row = pc.index(bad, True).as_py()
    place = f"row {row + 1}" if raw.is_parquet else f"line {row + FIRST_LINE}"
    value = table[name][row].as_py()
    came = f"{name} {'is empty' if value is None else repr(value)}"
    more = f" ({count:,} such rows)" if count > 1 else ""
    raise FeedError(raw.name, f"{came}{more}", expected, place)


def _array(table: pa.Table, name: str) -> pa.Array:
    return table[name].combine_chunks()
