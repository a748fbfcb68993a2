"""The request body of ``POST /predict/batch``: rows of features to predict."""

from __future__ import annotations

import math
import threading
from types import NoneType
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
import simdjson
from numpy.typing import NDArray

from shared.domain.arrays import Floats
from shared.domain.features.context import ALL_INPUTS
from shared.schemas.messages import MALFORMED, MAX_NUMBER, Number, Price

MAX_ROWS = 5000

_FEATURES: list[tuple[str, Any, Any]] = [(name, Number | None, math.nan) for name in ALL_INPUTS]
Features = msgspec.defstruct("Features", _FEATURES, frozen=True, forbid_unknown_fields=True, gc=False)
"""The features of one row by name; null and an absent feature (NaN) both mean missing."""


class Row(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One row: features by name, a line in points, American odds, and extra inputs of two systems."""

    features: Features  # type: ignore[valid-type]
    line: Number | None = None
    over_price: Price | None = None
    under_price: Price | None = None
    league_def_rating: Number | None = None
    days_rest: Number | None = None


EXTRA_INPUTS = tuple(name for name in Row.__struct_fields__ if name != "features")
"""The fields of a row other than its features."""


_ROW_FIELDS = frozenset(Row.__struct_fields__)


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that give their features by name."""

    rows: Annotated[list[Row], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]
    systems: list[str] | None = None
    columns: None = None


class FeatureLists(NamedTuple):
    """Rows that give their features as lists of numbers.

    ``features``: (n, k) in the order of ``columns``. ``extra_inputs``: (n, 5) in the order of
    ``EXTRA_INPUTS``, None if no row has any. NaN means null.
    """

    features: Floats
    extra_inputs: Floats | None
    columns: list[str]
    systems: list[str] | None


_decoder = msgspec.json.Decoder(Rows)


def read_rows(body: bytes) -> Rows | FeatureLists | None:
    """Return the rows, None if the body is invalid; the caller parses it again for an error message."""
    if _names_columns(body):
        return _read_lists(body)
    try:
        return _decoder.decode(body)
    except MALFORMED:
        return None


_SEARCH_BYTES = 4096
"""Bytes at the start and the end of a body that are searched for ``columns``."""


def _names_columns(body: bytes) -> bool:
    start = body.find(b'"columns"', 0, _SEARCH_BYTES)
    return start >= 0 or body.find(b'"columns"', max(0, len(body) - _SEARCH_BYTES)) >= 0


_INVALID = (AttributeError, KeyError, TypeError, ValueError, RuntimeError, *MALFORMED)
"""Errors for values of another type and for invalid JSON; the parser raises ``RuntimeError`` without details
for some, such as an integer of more than 64 bits."""


def _read_lists(body: bytes) -> FeatureLists | None:
    """Read features as lists. The parser copies numbers to a buffer, without an object for each, but fails on
    null: each null is replaced by a number above ``MAX_NUMBER``, and the same count must be in the result."""
    text = bytearray(body)
    characters = np.frombuffer(text, np.uint8)
    try:
        nulls = _replace_nulls(text, characters)
        rows = _to_lists(_thread_parser().parse(text), int(np.count_nonzero(characters == ord("["))))
    except _INVALID:
        _thread.parser = None  # it is unusable until all its documents are freed, also those in tracebacks
        return None
    for numbers in (rows.features,) if rows.extra_inputs is None else (rows.features, rows.extra_inputs):
        too_large = np.abs(numbers) > MAX_NUMBER
        nulls -= int(np.count_nonzero(too_large))
        numbers[too_large] = np.nan
    return None if nulls else rows


_TOO_LARGE = b"-9e9"
"""As long as ``null``; it cannot continue a number before it."""

_NULL_WORD, _TOO_LARGE_WORD = np.frombuffer(b"null" + _TOO_LARGE, np.uint32)


def _replace_nulls(text: bytearray, characters: NDArray[np.uint8]) -> int:
    """Replace nulls and return their number; ``ValueError`` if a digit follows one. A null inside a string
    makes an unknown feature name."""
    at = (characters[:-4] == ord("n")).nonzero()[0]
    words = np.ndarray(len(text) - 3, np.uint32, text, strides=(1,))  # a word starts at every byte
    at = at[words[at] == _NULL_WORD]
    if (characters[at + len(_TOO_LARGE)] - np.uint8(ord("0")) < 10).any():  # below 0 wraps to above 10
        raise ValueError
    words[at] = _TOO_LARGE_WORD
    return len(at)


def _to_lists(document: Any, brackets: int) -> FeatureLists:
    """Convert a document, raising one of ``_INVALID`` if it is invalid; nulls are still too large."""
    keys = list(document.keys())
    columns = document["columns"].as_list()
    systems = document["systems"].as_list() if "systems" in keys else None
    rows = document["rows"]
    lists = 2 + (systems is not None)
    if len(keys) != lists or not 1 <= len(rows) <= MAX_ROWS or any(type(n) is not str for n in columns):
        raise ValueError
    if brackets != len(rows) + lists:  # a nested list would be flattened
        raise ValueError
    numbers = [row["features"] for row in rows]
    if set(map(len, numbers)) != {len(columns)}:
        raise ValueError
    packed = bytearray().join([n.as_buffer(of_type="d") for n in numbers])
    features = np.frombuffer(packed, np.float64).reshape(len(numbers), len(columns))
    only_features = set(map(len, rows)) == {1}
    extra_inputs = None if only_features else _read_extra_inputs(rows)
    return FeatureLists(features, extra_inputs, columns, msgspec.convert(systems, list[str] | None))


_PRICES = (EXTRA_INPUTS.index("over_price"), EXTRA_INPUTS.index("under_price"))


def _read_extra_inputs(rows: Any) -> Floats:
    """Return (n, 5), NaN for absent ones; ``ValueError`` for one that is no number, or a fractional price."""
    values = []
    for row in rows:
        fields = dict(row.items())
        if len(fields) != len(row) or not fields.keys() <= _ROW_FIELDS:
            raise ValueError
        values.append([fields.get(name) for name in EXTRA_INPUTS])
    columns = list(zip(*values, strict=True))
    if not {type(v) for column in columns for v in column} <= {int, float, NoneType}:
        raise ValueError
    if any(type(v) is float and v != float(_TOO_LARGE) for at in _PRICES for v in columns[at]):
        raise ValueError
    return np.array(values, dtype=np.float64)


_thread = threading.local()


def _thread_parser() -> simdjson.Parser:
    """Return this thread's parser, which reuses its memory: a new parser costs more than the parsing."""
    parser: simdjson.Parser | None = getattr(_thread, "parser", None)
    if parser is None:
        parser = _thread.parser = simdjson.Parser()
    return parser
