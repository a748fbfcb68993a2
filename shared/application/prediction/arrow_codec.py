"""Codec of ``POST /predict/batch`` for Arrow streams: rows to predict in, predictions out.

It saves writing and parsing the numbers of many rows as text.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from flatbuffers.table import Table

from shared.application.prediction.batch_api import CONTRACT_POSITIONS, Columns, spread_columns
from shared.domain.arrays import Bools, Floats
from shared.domain.features.context import ALL_INPUTS
from shared.errors import Rejected
from shared.schemas.messages import MAX_NUMBER, MIN_ODDS
from shared.schemas.rows import EXTRA_INPUTS, MAX_ROWS

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
"""One record batch per system, with a row per requested row. ``reason``: why it has no prediction, else null.

The columns from ``prob_over`` on are null for a system that gives points only.
"""

_BEGIN, _END = PREDICTIONS_SCHEMA.serialize().to_pybytes(), b"\xff\xff\xff\xff\0\0\0\0"
"""First bytes of every response stream, and its end marker."""

_HEADER, _COMPRESSION = 8, 10
"""Offsets of fields in the vtables of ``Message`` and ``RecordBatch`` of Arrow's format."""

_VALUE_COLUMNS = [(f.name, f.type) for f in PREDICTIONS_SCHEMA][2:-1]

_NAMES = (*ALL_INPUTS, *EXTRA_INPUTS)
_POSITIONS = {name: i for i, name in enumerate(_NAMES)}
_PRICES = [_POSITIONS["over_price"], _POSITIONS["under_price"]]


class Layout(NamedTuple):
    """The columns of a stream that hold numbers, and their positions in ``_NAMES``; the other columns hold
    only nulls."""

    schema: pa.Schema
    columns: list[int]
    positions: list[int]


def read_stream(body: bytes) -> tuple[Floats, Floats | None]:
    """Return features and extra inputs as ``BatchRequest`` holds them: NaN for null and for absent columns.
    ``Rejected`` names the column, row or number that is invalid."""
    try:
        messages = list(pa.ipc.MessageReader.open_stream(body))
        if not messages or messages[0].type != "schema":
            raise Rejected("not an Arrow stream: it does not begin with a schema")
        layout = _read_layout(messages[0].serialize().to_pybytes())
        batches = [_read_batch(message, layout.schema) for message in messages[1:]]
        n = sum(b.num_rows for b in batches)
        if not 1 <= n <= MAX_ROWS:
            raise Rejected(f"{n} rows, expected 1 to {MAX_ROWS}")
        values = np.concatenate([_read_numbers(b, layout.columns) for b in batches])
    except (pa.ArrowException, OSError, UnicodeDecodeError, struct.error, TypeError) as exc:
        raise Rejected(f"not an Arrow stream: {str(exc).splitlines()[0]}") from exc
    _check(values, layout.positions)
    if layout.positions == CONTRACT_POSITIONS:
        return values, None
    inputs = spread_columns(values, layout.positions, len(_NAMES))
    return inputs[:, : len(ALL_INPUTS)], inputs[:, len(ALL_INPUTS) :]


@lru_cache(maxsize=64)
def _read_layout(schema_message: bytes) -> Layout:
    """Parse a schema message. It is cached since all streams of a client have the same schema."""
    schema = pa.ipc.read_schema(pa.py_buffer(schema_message))
    names = schema.names
    for name, kind in zip(names, schema.types, strict=True):
        if name not in _POSITIONS:
            raise Rejected(
                f"column {name!r} is unknown, expected features of the contract, {', '.join(EXTRA_INPUTS)}"
            )
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
            raise Rejected(f"column {name}: {kind}, expected numbers")
        if names.count(name) > 1:
            raise Rejected(f"column {name} comes {names.count(name)} times, expected once")
    columns = [i for i, kind in enumerate(schema.types) if not pa.types.is_null(kind)]
    return Layout(schema, columns, [_POSITIONS[names[i]] for i in columns])


def _read_batch(message: pa.Message, schema: pa.Schema) -> pa.RecordBatch:
    if message.type != "record batch" or _is_compressed(message):
        raise Rejected(f"a {message.type}, expected an uncompressed record batch of numbers")
    batch = pa.ipc.read_record_batch(message, schema)
    batch.validate()
    return batch


def _is_compressed(message: pa.Message) -> bool:
    """Return whether the buffers of a batch are compressed.

    Compressed ones are refused: a request must not take more memory than its body. pyarrow does not expose
    ``RecordBatch.compression`` of the Arrow format, so it is read from the metadata's FlatBuffer.
    """
    metadata = memoryview(message.metadata)
    root = Table(metadata, struct.unpack_from("<I", metadata)[0])
    header = root.Offset(_HEADER)
    if not header:
        raise struct.error("a message without a header")
    return bool(Table(metadata, root.Indirect(root.Pos + header)).Offset(_COMPRESSION))


def _read_numbers(batch: pa.RecordBatch, columns: list[int]) -> Floats:
    """Return (n, k) values of k columns of numbers, NaN for null."""
    if not columns:
        return np.empty((batch.num_rows, 0))
    return np.asarray(batch.select(columns).to_tensor(null_to_nan=True).to_numpy())


def _check(values: Floats, positions: Sequence[int]) -> None:
    """Check the bounds that numbers have in every message; ``positions`` of the columns in ``_NAMES``."""
    sizes = np.abs(values)
    _refuse(values, sizes > MAX_NUMBER, positions, f"expected -{MAX_NUMBER:.0f} to {MAX_NUMBER:.0f}")
    is_price = np.isin(positions, _PRICES)
    if is_price.any():
        expected = f"expected American odds: whole, +{MIN_ODDS} or more, -{MIN_ODDS} or less"
        not_odds = (sizes < MIN_ODDS) | (sizes % 1 > 0)
        _refuse(values, not_odds & is_price, positions, expected)


def _refuse(values: Floats, invalid: Bools, positions: Sequence[int], expected: str) -> None:
    if invalid.any():
        row, column = map(int, np.argwhere(invalid)[0])
        raise Rejected(f"row {row}: {_NAMES[positions[column]]} is {values[row, column]:g}, {expected}")


def write_stream(predictions: Mapping[str, Columns]) -> bytes:
    """Return a stream of ``PREDICTIONS_SCHEMA`` with one record batch per system."""
    batches = (
        pa.record_batch(list(_build_arrays(name, columns)), schema=PREDICTIONS_SCHEMA)
        for name, columns in predictions.items()
    )
    return b"".join([_BEGIN, *(b.serialize().to_pybytes() for b in batches), _END])


def _build_arrays(system_id: str, columns: Columns) -> Iterable[pa.Array]:
    n, reasons = len(columns.reasons), columns.reasons
    skipped = np.array([reason is not None for reason in reasons]) if any(reasons) else None
    yield pa.array(np.arange(n, dtype=np.int32))
    yield pa.repeat(system_id, n)
    for name, kind in _VALUE_COLUMNS:
        values = columns.values.get(name)
        if values is None:
            yield _empty_array(n, kind)
        elif isinstance(values, np.ndarray):
            yield _to_nullable(values, skipped)
        elif skipped is None:
            yield pa.array(values, kind) if any(values) else _empty_array(n, kind)
        else:
            yield pa.array([None if skip else v for skip, v in zip(skipped, values, strict=True)], kind)
    yield _empty_array(n, _TEXT) if skipped is None else pa.array(reasons, _TEXT)


@lru_cache(maxsize=64)
def _empty_array(n: int, kind: pa.DataType) -> pa.Array:
    """Return an array of n nulls or, for a list type, of n empty lists."""
    if not pa.types.is_list(kind):
        return pa.nulls(n, kind)
    return pa.ListArray.from_arrays(pa.array(np.zeros(n + 1, np.int32)), pa.array([], kind.value_type))


def _to_nullable(values: Floats, skipped: Bools | None) -> pa.Array:
    """Return values with null for NaN and for skipped rows."""
    is_null = np.isnan(values) if skipped is None else np.isnan(values) | skipped
    return pa.array(values, mask=is_null) if is_null.any() else pa.array(values)
