"""Rows to predict as an Arrow stream, and what the systems say of them as one.

The numbers of many rows need not become text and be read again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.prediction.batch_api import CONTRACT_POSITIONS, Columns, spread_columns
from shared.domain.features.context import ALL_INPUTS
from shared.errors import Rejected
from shared.schemas.messages import MAX_NUMBER, MIN_ODDS
from shared.schemas.rows import EXTRA_INPUTS, MAX_ROWS

Floats = NDArray[np.float64]

MEDIA_TYPE = "application/vnd.apache.arrow.stream"

_NUMBER, _TEXT = pa.float64(), pa.string()

PREDICTIONS_SCHEMA = pa.schema(
    {
        "row": pa.int32(),
        "system_id": _TEXT,
        "predicted_points": _NUMBER,
        "raw_prediction": _NUMBER,
        "confidence": _NUMBER,
        "edge": _NUMBER,
        "recommendation": _TEXT,
        "missing_inputs": pa.list_(_TEXT),
        "prob_over": _NUMBER,
        "interval_low": _NUMBER,
        "interval_high": _NUMBER,
        "expected_value": _NUMBER,
        "kelly_fraction": _NUMBER,
        "no_bet_reason": _TEXT,
        "reason": _TEXT,
    }
)
"""System by system a row for each row that was asked. ``reason``: why the system gives nothing, else null.

From ``prob_over`` on null for a system that gives points only.
"""

_BEGIN, _END = PREDICTIONS_SCHEMA.serialize().to_pybytes(), b"\xff\xff\xff\xff\0\0\0\0"
"""How a stream of them begins, and how each ends."""

_HEADER, _COMPRESSION = 2, 3
"""Slots in the tables ``Message`` and ``RecordBatch`` of Arrow's format."""

_UINT16, _INT32, _UINT32 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I")

_SAID = [(f.name, f.type) for f in PREDICTIONS_SCHEMA][2:-1]

_NAMES = (*ALL_INPUTS, *EXTRA_INPUTS)
_PLACE = {name: i for i, name in enumerate(_NAMES)}
_PRICES = [_PLACE["over_price"], _PLACE["under_price"]]


class Layout(NamedTuple):
    """What a stream's schema says: which columns hold numbers, and their places among ``_NAMES``; the others
    are those of nothing but nulls."""

    schema: pa.Schema
    columns: list[int]
    places: list[int]


def read_stream(body: bytes) -> tuple[Floats, Floats | None]:
    """Return features and extra inputs as ``BatchRequest`` holds them: NaN for null and for absent columns.
    ``Rejected`` names the column, row or number that is invalid."""
    try:
        messages = list(pa.ipc.MessageReader.open_stream(body))
        if not messages or messages[0].type != "schema":
            raise Rejected("not an Arrow stream: it does not begin with a schema")
        layout = _layout(messages[0].serialize().to_pybytes())
        batches = [_batch(message, layout.schema) for message in messages[1:]]
        n = sum(b.num_rows for b in batches)
        if not 1 <= n <= MAX_ROWS:
            raise Rejected(f"{n} rows, wanted 1 to {MAX_ROWS}")
        told = np.concatenate([_numbers(b, layout.columns) for b in batches])
    except (pa.ArrowException, OSError, UnicodeDecodeError, struct.error) as exc:
        raise Rejected(f"not an Arrow stream: {str(exc).splitlines()[0]}") from exc
    _check(told, layout.places)
    if layout.places == CONTRACT_POSITIONS:
        return told, None
    given = spread_columns(told, layout.places, len(_NAMES))
    return given[:, : len(ALL_INPUTS)], given[:, len(ALL_INPUTS) :]


@lru_cache(maxsize=64)
def _layout(schema_message: bytes) -> Layout:
    """The layout of a stream that begins so: a caller's streams all begin alike."""
    schema = pa.ipc.read_schema(pa.py_buffer(schema_message))
    names = schema.names
    for name, kind in zip(names, schema.types, strict=True):
        if name not in _PLACE:
            raise Rejected(
                f"column {name!r} is unknown, wanted features of the contract, {', '.join(EXTRA_INPUTS)}"
            )
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
            raise Rejected(f"column {name}: {kind}, wanted numbers")
        if names.count(name) > 1:
            raise Rejected(f"column {name} comes {names.count(name)} times, wanted once")
    columns = [i for i, kind in enumerate(schema.types) if not pa.types.is_null(kind)]
    return Layout(schema, columns, [_PLACE[names[i]] for i in columns])


def _batch(message: pa.Message, schema: pa.Schema) -> pa.RecordBatch:
    if message.type != "record batch" or _is_compressed(message):
        raise Rejected(f"a {message.type} that is not plain, wanted columns of numbers, uncompressed")
    batch = pa.ipc.read_record_batch(message, schema)
    batch.validate()
    return batch


def _is_compressed(message: pa.Message) -> bool:
    """Whether the buffers of a batch would grow when they are read, to whatever size the sender names: nobody
    may make this process take more memory than the body has.

    pyarrow does not tell; the format's ``RecordBatch.compression`` does, in the metadata's FlatBuffer.
    """
    header = _followed(message.metadata, _field(message.metadata, _followed(message.metadata, 0), _HEADER))
    return _field(message.metadata, header, _COMPRESSION) is not None


def _followed(buffer: pa.Buffer, at: int | None) -> int:
    """Where the table is that stands at ``at``."""
    if at is None:
        raise struct.error("a message without a header")
    return at + int(_UINT32.unpack_from(buffer, at)[0])


def _field(buffer: pa.Buffer, table: int, slot: int) -> int | None:
    """Where a field of a table is, None where it is not there."""
    places = table - int(_INT32.unpack_from(buffer, table)[0])
    at = 4 + 2 * slot
    if at >= _UINT16.unpack_from(buffer, places)[0]:
        return None
    offset = int(_UINT16.unpack_from(buffer, places + at)[0])
    return table + offset if offset else None


def _numbers(batch: pa.RecordBatch, columns: list[int]) -> Floats:
    """(n, k) of k columns of numbers, NaN for null."""
    if not columns:
        return np.empty((batch.num_rows, 0))
    return np.asarray(batch.select(columns).to_tensor(null_to_nan=True).to_numpy())


def _check(told: Floats, places: Sequence[int]) -> None:
    """The bounds that numbers have in every message; ``places`` of the columns among ``_NAMES``."""
    sizes = np.abs(told)
    _refuse(told, sizes > MAX_NUMBER, places, f"wanted at most {MAX_NUMBER:.0f} either way")
    priced = np.isin(places, _PRICES)
    if priced.any():
        odds = f"wanted American odds: whole, +{MIN_ODDS} or more, -{MIN_ODDS} or less"
        wrong = (sizes < MIN_ODDS) | (sizes % 1 > 0)
        _refuse(told, wrong & priced, places, odds)


def _refuse(told: Floats, wrong: NDArray[np.bool_], places: Sequence[int], wanted: str) -> None:
    if wrong.any():
        row, at = map(int, np.argwhere(wrong)[0])
        raise Rejected(f"row {row}: {_NAMES[places[at]]} is {told[row, at]:g}, {wanted}")


def write_stream(said: Mapping[str, Columns]) -> bytes:
    """A stream of ``PREDICTIONS_SCHEMA``, one batch a system."""
    batches = (
        pa.record_batch(list(_arrays(name, columns)), schema=PREDICTIONS_SCHEMA)
        for name, columns in said.items()
    )
    return b"".join([_BEGIN, *(b.serialize().to_pybytes() for b in batches), _END])


def _arrays(system_id: str, said: Columns) -> Iterable[pa.Array]:
    n = len(said.reasons)
    refused = np.array([reason is not None for reason in said.reasons]) if any(said.reasons) else None
    yield pa.array(np.arange(n, dtype=np.int32))
    yield pa.repeat(system_id, n)
    for name, kind in _SAID:
        values = said.values.get(name)
        if values is None:
            yield _blank(n, kind)
        elif isinstance(values, np.ndarray):
            yield _held(values, refused)
        elif refused is None:
            yield pa.array(values, kind) if any(values) else _blank(n, kind)
        else:
            yield pa.array([None if no else v for no, v in zip(refused, values, strict=True)], kind)
    yield _blank(n, _TEXT) if refused is None else pa.array(said.reasons, _TEXT)


@lru_cache(maxsize=64)
def _blank(n: int, kind: pa.DataType) -> pa.Array:
    """Of nothing but nulls or, for lists, of nothing but empty ones."""
    if not pa.types.is_list(kind):
        return pa.nulls(n, kind)
    return pa.ListArray.from_arrays(pa.array(np.zeros(n + 1, np.int32)), pa.array([], kind.value_type))


def _held(values: Floats, refused: NDArray[np.bool_] | None) -> pa.Array:
    """Null for NaN, and where the system gives nothing."""
    gone = np.isnan(values) if refused is None else np.isnan(values) | refused
    return pa.array(values, mask=gone) if gone.any() else pa.array(values)
