"""Rows that a caller brings along to be predicted, as ``POST /predict/batch`` takes them."""

from __future__ import annotations

import math
import threading
from types import NoneType
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
import simdjson
from numpy.typing import NDArray

from shared.domain.features.context import ALL_INPUTS
from shared.schemas.messages import MALFORMED, MAX_NUMBER, Number, Price

Floats = NDArray[np.float64]

MAX_ROWS = 5000

_FEATURES: list[tuple[str, Any, Any]] = [(name, Number | None, math.nan) for name in ALL_INPUTS]
Features = msgspec.defstruct("Features", _FEATURES, frozen=True, forbid_unknown_fields=True, gc=False)
"""The features of one row by name; null is missing, absent is NaN, which means the same."""


class Row(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One row: features by name, a line in points, American odds, and what two systems want beside them."""

    features: Features  # type: ignore[valid-type]
    line: Number | None = None
    over_price: Price | None = None
    under_price: Price | None = None
    league_def_rating: Number | None = None
    days_rest: Number | None = None


EXTRA_INPUTS = tuple(name for name in Row.__struct_fields__ if name != "features")
"""What a row holds beside its features."""


_OF_ROW = frozenset(Row.__struct_fields__)


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that name their features."""

    rows: Annotated[list[Row], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]
    systems: list[str] | None = None
    columns: None = None


class FeatureLists(NamedTuple):
    """Rows that give their features as lists, in numbers.

    ``features``: (n, k) in the order of ``columns``. ``extra_inputs``: (n, 5) in the order of
    ``EXTRA_INPUTS``, None if no row has any. NaN means null.
    """

    features: Floats
    extra_inputs: Floats | None
    columns: list[str]
    systems: list[str] | None


_decoder = msgspec.json.Decoder(Rows)


def read_rows(body: bytes) -> Rows | FeatureLists | None:
    """Rows that are right in form, None for all others: who is to say what is wrong with them looks again."""
    if _names_columns(body):
        return _read_lists(body)
    try:
        return _decoder.decode(body)
    except MALFORMED:
        return None


_NEAR = 4096
"""Bytes at either end of a body where its columns are looked for."""


def _names_columns(body: bytes) -> bool:
    return body.find(b'"columns"', 0, _NEAR) >= 0 or body.find(b'"columns"', max(0, len(body) - _NEAR)) >= 0


_OTHER = (AttributeError, KeyError, TypeError, ValueError, RuntimeError, *MALFORMED)
"""What comes of a value of another kind than was wanted, and of text that is no JSON: the parser says of
some of its errors, as of an integer of more than 64 bits, only that they are."""


def _read_lists(body: bytes) -> FeatureLists | None:
    """The parser lays the numbers of a list into a buffer, which saves an object for each. It takes no null
    there, so each is written over with a number that is too large, and as many of those have to come out."""
    text = bytearray(body)
    seen = np.frombuffer(text, np.uint8)
    try:
        nulls = _write_over_nulls(text, seen)
        found = _lists(_parser().parse(text), int(np.count_nonzero(seen == ord("["))))
    except _OTHER:
        _here.parser = None  # it goes on only when all that it gave is gone, also from tracebacks
        return None
    for numbers in (found.features,) if found.extra_inputs is None else (found.features, found.extra_inputs):
        too_large = np.abs(numbers) > MAX_NUMBER
        nulls -= int(np.count_nonzero(too_large))
        numbers[too_large] = np.nan
    return None if nulls else found


_TOO_LARGE = b"-9e9"
"""As long as a null; it cannot go on with a number before it."""

_NULL_WORD, _TOO_LARGE_WORD = np.frombuffer(b"null" + _TOO_LARGE, np.uint32)


def _write_over_nulls(text: bytearray, seen: NDArray[np.uint8]) -> int:
    """Number of nulls; ``ValueError`` where a digit follows one. One in a string makes it a name that nobody
    knows."""
    at = (seen[:-4] == ord("n")).nonzero()[0]
    words = np.ndarray(len(text) - 3, np.uint32, text, strides=(1,))  # one begins at every byte
    at = at[words[at] == _NULL_WORD]
    if (seen[at + len(_TOO_LARGE)] - np.uint8(ord("0")) < 10).any():  # below 0 wraps to above 10
        raise ValueError
    words[at] = _TOO_LARGE_WORD
    return len(at)


def _lists(document: Any, brackets: int) -> FeatureLists:
    """One of ``_OTHER`` where the form is another; nulls are still too large."""
    keys = list(document.keys())
    columns = document["columns"].as_list()
    systems = document["systems"].as_list() if "systems" in keys else None
    rows = document["rows"]
    lists = 2 + (systems is not None)
    if len(keys) != lists or not 1 <= len(rows) <= MAX_ROWS or any(type(n) is not str for n in columns):
        raise ValueError
    if brackets != len(rows) + lists:  # a list in a list would be laid out as one
        raise ValueError
    numbers = [row["features"] for row in rows]
    if set(map(len, numbers)) != {len(columns)}:
        raise ValueError
    packed = bytearray().join([n.as_buffer(of_type="d") for n in numbers])
    features = np.frombuffer(packed, np.float64).reshape(len(numbers), len(columns))
    only_features = set(map(len, rows)) == {1}
    beside = None if only_features else _beside(rows)
    return FeatureLists(features, beside, columns, msgspec.convert(systems, list[str] | None))


_PRICES = (EXTRA_INPUTS.index("over_price"), EXTRA_INPUTS.index("under_price"))


def _beside(rows: Any) -> Floats:
    """(n, 5), NaN for what is absent; ``ValueError`` where one is no number, or a price no whole number."""
    told = []
    for row in rows:
        named = dict(row.items())
        if len(named) != len(row) or not named.keys() <= _OF_ROW:
            raise ValueError
        told.append([named.get(name) for name in EXTRA_INPUTS])
    columns = list(zip(*told, strict=True))
    if not {type(v) for column in columns for v in column} <= {int, float, NoneType}:
        raise ValueError
    if any(type(v) is float and v != float(_TOO_LARGE) for at in _PRICES for v in columns[at]):
        raise ValueError
    return np.array(told, dtype=np.float64)


_here = threading.local()


def _parser() -> simdjson.Parser:
    """One for each thread, which keeps its memory: a new one costs more than the parsing."""
    parser: simdjson.Parser | None = getattr(_here, "parser", None)
    if parser is None:
        parser = _here.parser = simdjson.Parser()
    return parser
