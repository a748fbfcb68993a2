"""Cast the columns of a file to the types of its contract, and mark the rows that cannot be cast.

Rules: a number is finite, and an integer where the contract has int64; it may be text. An instant is a
timestamp (UTC if it names no zone), ISO 8601 text, or integer microseconds since 1970, from 2000 to 2100.
A date is a date, a timestamp at midnight, ``YYYY-MM-DD``, or ``YYYYMMDD`` as text or number, from 1900 to
2100.
Minutes may be written ``34:12`` or ``PT34M12.00S``. Empty text is null.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa
import pyarrow.compute as pc

MICROS = pa.timestamp("us", tz="UTC")
_INSTANTS = (946_684_800_000_000, 4_102_444_800_000_000)
_DATES = (-25_567, 47_481)
"""1900-01-01 and 2099-12-31 in days since 1970; birth dates are before 1970."""

_MAX_INTEGER = 2**53


class Kind(StrEnum):
    """The type of a column's values; the enum value is its name in messages."""

    TEXT = "string"
    GAME_ID = "string, a source's id of a game"
    INTEGER = "int64"
    NUMBER = "double"
    MINUTES = "double, or MM:SS"
    BOOL = "bool"
    DATE = "date32[day]"
    INSTANT = "timestamp[us, tz=UTC]"


ARROW = {
    Kind.TEXT: pa.string(), Kind.GAME_ID: pa.string(), Kind.INTEGER: pa.int64(), Kind.NUMBER: pa.float64(),
    Kind.MINUTES: pa.float64(), Kind.BOOL: pa.bool_(), Kind.DATE: pa.date32(), Kind.INSTANT: MICROS,
}  # fmt: skip


@dataclass(frozen=True)
class Cast:
    """Values of the target type, null where ``is_bad``; ``reason`` explains why those rows are bad."""

    values: pa.Array
    is_bad: pa.Array | None = None
    reason: str = ""


def cast(values: pa.ChunkedArray, kind: Kind) -> Cast:
    """Convert a column; raises ``TypeError`` for a type that cannot become ``kind``, and Arrow's errors."""
    array = _decoded(values)
    if pa.types.is_null(array.type):
        return Cast(pa.nulls(len(array), ARROW[kind]))
    return _CASTS[kind](array)


def _decoded(values: pa.ChunkedArray) -> pa.Array:
    """Values in one chunk of a primitive type; text as ``string``, decimals as floats."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    t = array.type
    if pa.types.is_run_end_encoded(t):
        array = pc.run_end_decode(array)
    if pa.types.is_dictionary(t):
        array = array.dictionary_decode()
    t = array.type
    if pa.types.is_nested(t):
        raise TypeError("a nested type")
    if pa.types.is_decimal(t):
        return array.cast(pa.float64())
    if any(is_type(t) for is_type in _TEXT_TYPES):
        return array.cast(pa.string())
    return array


_TEXT_TYPES: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_large_string, pa.types.is_string_view, pa.types.is_binary, pa.types.is_large_binary,
    pa.types.is_binary_view, pa.types.is_fixed_size_binary,
)  # fmt: skip


def _text(values: pa.Array) -> Cast:
    if not pa.types.is_string(values.type):
        raise TypeError
    trimmed = pc.utf8_trim_whitespace(values)
    return Cast(_nullify(trimmed, pc.equal(trimmed, "")))


def _game_id(values: pa.Array) -> Cast:
    """Return text; an NBA.com id stored as a number gets its two leading zeros back."""
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        number = _integer(values)
        text = pc.cast(number.values, pa.string())
        is_bad, reason = number.is_bad, number.reason
    else:
        text, is_bad, reason = _text(values).values, None, ""
    lost_zeros = pc.match_substring_regex(text, r"^\d{8}$")
    return Cast(pc.if_else(lost_zeros, pc.binary_join_element_wise("00", text, ""), text), is_bad, reason)


def _integer(values: pa.Array) -> Cast:
    if pa.types.is_integer(values.type):
        return Cast(values.cast(pa.int64()))
    number = _number(values)
    floats = number.values
    invalid = pc.or_(pc.not_equal(floats, pc.floor(floats)), pc.greater(pc.abs(floats), float(_MAX_INTEGER)))
    invalid = pc.fill_null(invalid, False)
    is_bad = invalid if number.is_bad is None else pc.or_(number.is_bad, invalid)
    reason = f"expected int64, a whole number; the column is {values.type}"
    if pa.types.is_string(values.type):
        reason = "is string, expected int64"
    return Cast(_nullify(floats, is_bad).cast(pa.int64()), is_bad, reason)


def _number(values: pa.Array) -> Cast:
    t = values.type
    if pa.types.is_integer(t):
        return Cast(values.cast(pa.float64(), safe=False))
    if pa.types.is_floating(t):
        floats = values.cast(pa.float64())
        is_bad = pc.fill_null(pc.invert(pc.is_finite(floats)), False)
        return Cast(_nullify(floats, is_bad), is_bad, "is not a finite number")
    if not pa.types.is_string(t):
        raise TypeError
    text = _text(values).values
    is_number = pc.match_substring_regex(text, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$")
    is_bad = pc.fill_null(pc.invert(is_number), False)
    digits = pc.replace_substring_regex(text, r"^\+", "")
    return Cast(_nullify(digits, is_bad).cast(pa.float64()), is_bad, "is string, expected a number")


def _minutes(values: pa.Array) -> Cast:
    if not pa.types.is_string(values.type):
        return _number(values)
    text = pc.replace_substring_regex(_text(values).values, r"^PT(\d+)M(\d+(\.\d+)?)S$", r"\1:\2")
    is_clock = pc.fill_null(pc.match_substring_regex(text, r"^\d{1,3}:[0-5]?\d(\.\d+)?$"), False)
    numbers = _number(_nullify(text, is_clock))
    parts = pc.extract_regex(_nullify(text, pc.invert(is_clock)), r"^(?P<m>\d+):(?P<s>[\d.]+)$")
    minutes, seconds = (pc.struct_field(parts, name).cast(pa.float64()) for name in ("m", "s"))
    from_clock = pc.add(minutes, pc.divide(seconds, 60.0))
    reason = "is string, expected minutes as a number, MM:SS or PT34M12.00S"
    return Cast(pc.if_else(is_clock, from_clock, numbers.values), numbers.is_bad, reason)


def _bool(values: pa.Array) -> Cast:
    t = values.type
    if pa.types.is_boolean(t):
        return Cast(values)
    if pa.types.is_string(t):
        word = pc.utf8_lower(_text(values).values)
        yes, no = (pc.is_in(word, pa.array(w)) for w in (["true", "1", "yes"], ["false", "0", "no"]))
    else:
        word = _number(values).values
        yes, no = pc.equal(word, 1.0), pc.equal(word, 0.0)
    is_bad = pc.and_(pc.is_valid(values), pc.fill_null(pc.invert(pc.or_(yes, no)), True))
    is_bad = pc.and_(is_bad, pc.invert(pc.is_null(word))) if pa.types.is_string(t) else is_bad
    return Cast(_nullify(_nullify(yes, is_bad), pc.is_null(word)), is_bad, f"expected true or false, is {t}")


def _date(values: pa.Array) -> Cast:
    t = values.type
    if pa.types.is_date(t):
        return _date_in_range(values.cast(pa.date32()))
    if pa.types.is_timestamp(t):
        local = pc.local_timestamp(values) if t.tz else values
        day = local.cast(pa.timestamp("s"), safe=False).cast(pa.date32(), safe=False)
        is_bad = pc.fill_null(pc.not_equal(day.cast(local.type, safe=False), local), False)
        in_range = _date_in_range(_nullify(day, is_bad))
        reason = "has a time of day or is outside 1900 to 2100, expected a date"
        return Cast(in_range.values, pc.or_(is_bad, in_range.is_bad), reason)
    if pa.types.is_integer(t) or pa.types.is_floating(t):
        number = _integer(values).values
        values = pc.if_else(pc.is_null(number), pc.cast(values, pa.string()), pc.cast(number, pa.string()))
    elif not pa.types.is_string(t):
        raise TypeError
    return _text_date(_text(values).values)


def _date_in_range(days: pa.Array) -> Cast:
    count = days.cast(pa.int32())
    is_bad = pc.fill_null(pc.or_(pc.less(count, _DATES[0]), pc.greater(count, _DATES[1])), False)
    return Cast(_nullify(days, is_bad), is_bad, "is not a date between 1900 and 2100")


def _text_date(text: pa.Array) -> Cast:
    iso = pc.replace_substring_regex(text, r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3")
    iso = pc.replace_substring_regex(iso, r"^(\d{4}-\d{2}-\d{2})[T ]00:00(:00(\.0+)?)?$", r"\1")
    has_format = pc.match_substring_regex(iso, r"^(19|20)\d{2}-\d{2}-\d{2}$")
    parsed = pc.strptime(iso, format="%Y-%m-%d", unit="s", error_is_null=True)
    formatted = pc.strftime(parsed, format="%Y-%m-%d")
    is_date = pc.fill_null(pc.and_(has_format, pc.equal(formatted, iso)), False)
    is_bad = pc.and_(pc.is_valid(text), pc.invert(is_date))
    return Cast(_nullify(parsed, is_bad).cast(pa.date32()), is_bad, "is not a date, expected YYYY-MM-DD")


def _instant(values: pa.Array) -> Cast:
    t = values.type
    if pa.types.is_timestamp(t):
        return _in_range(_as_micros(values), "is not an instant between 2000 and 2100")
    if pa.types.is_integer(t):
        reason = (
            "is no instant between 2000 and 2100 in microseconds since 1970; is it in another unit? "
            f"Wanted a timestamp, the column is {t}"
        )
        return _in_range(values.cast(pa.int64()), reason)
    if pa.types.is_string(t):
        return _text_instant(_text(values).values)
    raise TypeError


def _as_micros(values: pa.Array) -> pa.Array:
    """Microseconds since 1970, rounded down; -1 where they do not fit into 64 bits."""
    unit = values.type.unit
    plain = values.cast(pa.timestamp(unit)) if values.type.tz is None else values
    count = plain.cast(pa.int64())
    if unit == "ns":
        return pc.divide(pc.subtract(count, pc.if_else(pc.less(count, 0), 999, 0)), 1000)
    factor = {"s": 1_000_000, "ms": 1000, "us": 1}[unit]
    fits = pc.less_equal(pc.abs(pc.if_else(pc.less(count, -(2**62)), 2**62, count)), 2**62 // factor)
    return pc.multiply(pc.if_else(fits, count, pa.scalar(-1 if factor > 1 else 0, pa.int64())), factor)


def _in_range(micros: pa.Array, reason: str) -> Cast:
    low, high = _INSTANTS
    is_bad = pc.fill_null(pc.or_(pc.less(micros, low), pc.greater(micros, high)), False)
    return Cast(_nullify(micros, is_bad).cast(MICROS), is_bad, reason)


def _text_instant(text: pa.Array) -> Cast:
    pattern = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$"
    reason = "is string, expected a timestamp or ISO 8601 text"
    is_bad = pc.fill_null(pc.invert(pc.match_substring_regex(text, pattern)), False)
    readable = _nullify(text, is_bad)
    has_zone = pc.match_substring_regex(readable, r"(Z|[+-]\d{2}:?\d{2})$")
    try:
        utc = pc.if_else(has_zone, readable, pc.binary_join_element_wise(readable, "Z", "")).cast(
            pa.timestamp("ns", "UTC")
        )
    except pa.ArrowInvalid as exc:
        raise TypeError(str(exc).splitlines()[0]) from exc
    in_range = _in_range(_as_micros(utc), reason)
    assert in_range.is_bad is not None
    return Cast(in_range.values, pc.or_(is_bad, in_range.is_bad), reason)


def _nullify(values: pa.Array, where: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(where, False), pa.scalar(None, values.type), values)


_CASTS: dict[Kind, Callable[[pa.Array], Cast]] = {
    Kind.TEXT: _text, Kind.GAME_ID: _game_id, Kind.INTEGER: _integer, Kind.NUMBER: _number,
    Kind.MINUTES: _minutes, Kind.BOOL: _bool, Kind.DATE: _date, Kind.INSTANT: _instant,
}  # fmt: skip
