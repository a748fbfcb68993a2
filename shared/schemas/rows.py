"""The request body of ``POST /predict/batch``: rows of features to predict.

Lists of numbers are read by simdjson if it is installed: it has no wheel for every version of Python, and
msgspec reads the same values.
"""

from __future__ import annotations

import math
import re
import threading
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.domain.arrays import Floats
from shared.domain.features.context import ALL_INPUTS
from shared.errors import Rejected
from shared.schemas.doubles import build_matrix
from shared.schemas.messages import MALFORMED, MAX_NUMBER, MIN_ODDS, Number, Price
from shared.schemas.strict_json import cut, parse_json

try:
    import simdjson
except ModuleNotFoundError:
    simdjson = None  # type: ignore[assignment]

MAX_ROWS = 5000

ABSENT = math.nan
"""Default of a field that JSON cannot contain: it tells an absent field from null."""

_FEATURES: list[tuple[str, Any, Any]] = [(name, Number | None, ABSENT) for name in ALL_INPUTS]
Features = msgspec.defstruct(
    "Features",
    _FEATURES,
    namespace={"__doc__": "The features of one row by name; absent or null is missing."},
    frozen=True,
    forbid_unknown_fields=True,
    gc=False,
)


class RowIn(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One row to predict: features by name (absent or null is missing) or as a list in the order of the
    request's columns, a line in points, American odds.

    In addition to the 33 features, the system ``line_anchored_v1`` uses the features of ``CONTEXT``.
    """

    features: Features | list[Number | None]  # type: ignore[valid-type]
    line: Number | None = ABSENT
    over_price: Price | None = ABSENT  # type: ignore[assignment]
    under_price: Price | None = ABSENT  # type: ignore[assignment]
    league_def_rating: Number | None = ABSENT
    days_rest: Number | None = ABSENT


EXTRA_INPUTS = tuple(name for name in RowIn.__struct_fields__ if name != "features")
"""The fields of a row other than its features."""

ALL_COLUMNS = list(ALL_INPUTS)
"""``columns`` of rows that name their features."""

_PRICES = slice(1, 3)
"""Positions of the prices in ``EXTRA_INPUTS``."""

_extra_inputs_of = attrgetter(*EXTRA_INPUTS)


_Systems = Annotated[list[str], msgspec.Meta(min_length=1)] | None


class BatchIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows to predict, the systems to run (default: all) and the names of features given as lists."""

    rows: Annotated[list[RowIn], msgspec.Meta(min_length=1, max_length=MAX_ROWS)]
    systems: _Systems = None
    columns: list[str] | None = None


class FeatureRows(NamedTuple):
    """The rows of a request as numbers; NaN means missing.

    ``features``: (n, k) in the order of ``columns``. ``extra_inputs``: (n, 5) in the order of
    ``EXTRA_INPUTS``, None if no row has any.
    """

    features: Floats
    extra_inputs: Floats | None
    columns: list[str]
    systems: list[str] | None


_decoder = msgspec.json.Decoder(BatchIn)


def read_rows(body: bytes) -> FeatureRows:
    """Return the rows of a body; ``Malformed`` or ``Rejected`` names the first error."""
    rows = _read_lists(body) if simdjson is not None and _LIST_ALONE.search(body, 0, _SEARCH_BYTES) else None
    if rows is None:
        rows = _read_batch(body)
    _check_prices(rows.extra_inputs)
    return rows


def _read_batch(body: bytes) -> FeatureRows:
    try:
        batch = _decoder.decode(body)
    except MALFORMED:
        return _to_rows(_convert(parse_json(body)))[0]
    rows, fields = _to_rows(batch)
    if fields != body.count(b":"):  # more than one field of a name, or a null that counts as absent
        parse_json(body)
    return rows


def _convert(value: Any) -> BatchIn:
    """Return the batch of a JSON value; ``Rejected`` names the field, the value and what was expected."""
    try:
        return msgspec.convert(value, BatchIn)
    except msgspec.ValidationError as exc:
        raise Rejected(_describe(str(exc), value)) from exc


_UNKNOWN_FIELD = re.compile("Object contains unknown field `(.*)`", re.DOTALL)
_MISSING_FIELD = re.compile("Object missing required field `(.*)`")


def _describe(error: str, value: Any) -> str:
    """Translate an error of msgspec: ``Expected `int`, got `str` - at `$.rows[0].over_price```."""
    message, _, path = error.rpartition(" - at `$") if " - at `$" in error else (error, "", "")
    keys = re.findall(r"[^.\[\]`]+", path)
    for key in keys:
        value = value[int(key)] if isinstance(value, list) else value[key]
    field = ".".join(["body", *keys])
    if unknown := _UNKNOWN_FIELD.fullmatch(message):
        return f"{field}.{cut(unknown[1])}: unknown field"
    if missing := _MISSING_FIELD.fullmatch(message):
        return f"{field}.{missing[1]}: missing"
    return f"{field}: {cut(repr(value))}, {message[0].lower()}{message[1:].replace('`', '')}"


def _to_rows(batch: BatchIn) -> tuple[FeatureRows, int]:
    """Return the rows as numbers, and the number of fields in the body if each was given once."""
    _check_features(batch)
    extra_values = list(map(_extra_inputs_of, batch.rows))
    absent = sum(row.count(ABSENT) for row in extra_values)
    fields = len(batch.rows) * (1 + len(EXTRA_INPUTS)) - absent + 1 + (batch.systems is not None)
    has_extra = absent < len(batch.rows) * len(EXTRA_INPUTS)
    extra_inputs = build_matrix(len(EXTRA_INPUTS), extra_values) if has_extra else None
    values: list[Any] = [row.features for row in batch.rows]
    if batch.columns is None:
        values = list(map(msgspec.structs.astuple, values))
        fields += sum(len(row) - row.count(ABSENT) for row in values)
    columns = ALL_COLUMNS if batch.columns is None else batch.columns
    rows = FeatureRows(build_matrix(len(columns), values), extra_inputs, columns, batch.systems)
    return rows, fields + (batch.columns is not None)


def _check_features(batch: BatchIn) -> None:
    """Raise ``Rejected`` for a row that gives features by name although there are columns, or the reverse."""
    width = None if batch.columns is None else len(batch.columns)
    expected = "features by name, or columns to name them" if width is None else f"the {width} of columns"
    for i, row in enumerate(batch.rows):
        n = len(row.features) if type(row.features) is list else None
        if n != width:
            received = "features by name" if n is None else f"a list of {n} features"
            raise Rejected(f"body.rows.{i}.features: {received}, expected {expected}")


def _check_prices(extra_inputs: Floats | None) -> None:
    if extra_inputs is None:
        return
    is_invalid = np.abs(extra_inputs[:, _PRICES]) < MIN_ODDS
    if is_invalid.any():
        row, i = np.argwhere(is_invalid)[0]
        price = extra_inputs[:, _PRICES][row, i]
        raise Rejected(
            f"body.rows.{row}.{EXTRA_INPUTS[_PRICES][i]}: {price:g}, "
            f"expected American odds of +{MIN_ODDS} or more, -{MIN_ODDS} or less"
        )


_SEARCH_BYTES = 8192
_LIST_ALONE = re.compile(rb'"features"\s*:\s*\[[^]]*\]\s*}')
"""A row with a list and no field after it: simdjson reads such rows faster than msgspec, others slower."""

_INVALID = (AttributeError, KeyError, TypeError, ValueError, RuntimeError, *MALFORMED)
"""Errors for values of another type and for invalid JSON; the parser raises ``RuntimeError`` without details
for some, such as an integer of more than 64 bits."""


def _read_lists(body: bytes) -> FeatureRows | None:
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
    too_large = np.abs(rows.features) > MAX_NUMBER
    rows.features[too_large] = np.nan
    return None if nulls != np.count_nonzero(too_large) else rows


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


def _to_lists(document: Any, brackets: int) -> FeatureRows:
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
    if set(map(len, rows)) != {1} or set(map(len, numbers)) != {len(columns)}:
        raise ValueError
    packed = bytearray().join([n.as_buffer(of_type="d") for n in numbers])
    features = np.frombuffer(packed, np.float64).reshape(len(numbers), len(columns))
    return FeatureRows(features, None, columns, msgspec.convert(systems, _Systems))


_thread = threading.local()


def _thread_parser() -> Any:
    """Return this thread's parser, which reuses its memory: a new parser costs more than the parsing."""
    parser = getattr(_thread, "parser", None)
    if parser is None:
        parser = _thread.parser = simdjson.Parser()
    return parser
