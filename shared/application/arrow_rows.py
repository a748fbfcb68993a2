"""Rows to predict as an Arrow stream, and what the systems say of them as one.

The numbers of many rows need not become text and be read again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.predict_rows import BESIDE, Columns
from shared.domain.features.context import ALL_INPUTS
from shared.errors import Rejected
from shared.schemas.messages import LARGEST, LEAST_PRICE
from shared.schemas.rows import MOST_ROWS

Floats = NDArray[np.float64]

MEDIA_TYPE = "application/vnd.apache.arrow.stream"

_NUMBER, _TEXT = pa.float64(), pa.string()

ANSWERS = pa.schema(
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

_PLAIN_MESSAGES = ("schema", "record batch")
_HEADER, _COMPRESSION = 2, 3
"""Slots in the tables ``Message`` and ``RecordBatch`` of Arrow's format."""

_UINT16, _INT32, _UINT32 = struct.Struct("<H"), struct.Struct("<i"), struct.Struct("<I")

_PLAIN = pa.ipc.IpcWriteOptions()
_SAID = [(f.name, f.type) for f in ANSWERS][2:-1]

_NAMES = (*ALL_INPUTS, *BESIDE)
_PLACE = {name: i for i, name in enumerate(_NAMES)}
_PRICES = [_PLACE["over_price"], _PLACE["under_price"]]


def read_stream(body: bytes) -> tuple[Floats, Floats]:
    """Features (n, 62) in the order of ``ALL_INPUTS`` and (n, 5) in that of ``BESIDE``, NaN for what is null,
    NaN or not there. ``Rejected`` names the column, row or number that is not as wanted."""
    table = _table(body)
    if not 1 <= table.num_rows <= MOST_ROWS:
        raise Rejected(f"{table.num_rows} rows, wanted 1 to {MOST_ROWS}")
    given = np.full((table.num_rows, len(_NAMES)), np.nan)
    columns, places = _numeric(table.schema)
    if columns:
        given[:, places] = _numbers(table.select(columns))
    _check(given)
    return given[:, : len(ALL_INPUTS)], given[:, len(ALL_INPUTS) :]


def _table(body: bytes) -> pa.Table:
    try:
        for message in pa.ipc.MessageReader.open_stream(body):
            if message.type not in _PLAIN_MESSAGES or _is_compressed(message):
                raise Rejected(f"a {message.type} that is not plain, wanted columns of numbers, uncompressed")
        with pa.ipc.open_stream(body) as stream:
            table = stream.read_all()
        table.validate()
        table.schema.names  # noqa: B018  a name that is no text is found here
    except (pa.ArrowException, OSError, UnicodeDecodeError, struct.error) as exc:
        raise Rejected(f"not an Arrow stream: {str(exc).splitlines()[0]}") from exc
    return table


def _is_compressed(message: pa.Message) -> bool:
    """Whether the buffers of a batch would grow when they are read, to whatever size the sender names: nobody
    may make this process take more memory than the body has.

    pyarrow does not tell; the format's ``RecordBatch.compression`` does, in the metadata's FlatBuffer.
    """
    if message.type == "schema":
        return False
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


def _numbers(table: pa.Table) -> Floats:
    """(n, k) of k columns of numbers, NaN for null."""
    try:
        return np.concatenate([b.to_tensor(null_to_nan=True).to_numpy() for b in table.to_batches()])
    except pa.ArrowException as exc:
        raise Rejected(
            f"columns of {', '.join(sorted({str(t) for t in table.schema.types}))}: {exc}"
        ) from exc


@lru_cache(maxsize=64)
def _numeric(schema: pa.Schema) -> tuple[list[int], list[int]]:
    """The columns that hold numbers, and their places; the others are those of nothing but nulls."""
    names = schema.names
    for name, kind in zip(names, schema.types, strict=True):
        if name not in _PLACE:
            raise Rejected(
                f"column {name!r} is unknown, wanted features of the contract, {', '.join(BESIDE)}"
            )
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
            raise Rejected(f"column {name}: {kind}, wanted numbers")
        if names.count(name) > 1:
            raise Rejected(f"column {name} comes {names.count(name)} times, wanted once")
    columns = [i for i, kind in enumerate(schema.types) if not pa.types.is_null(kind)]
    return columns, [_PLACE[names[i]] for i in columns]


def _check(given: Floats) -> None:
    """The bounds that numbers have in every message."""
    sizes = np.abs(given)
    _refuse(given, sizes > LARGEST, range(len(_NAMES)), f"wanted at most {LARGEST:.0f} either way")
    prices = sizes[:, _PRICES]
    odds = f"wanted American odds: whole, +{LEAST_PRICE} or more, -{LEAST_PRICE} or less"
    _refuse(given, (prices < LEAST_PRICE) | (prices % 1 > 0), _PRICES, odds)


def _refuse(given: Floats, wrong: NDArray[np.bool_], columns: Sequence[int], wanted: str) -> None:
    if wrong.any():
        row, at = map(int, np.argwhere(wrong)[0])
        column = columns[at]
        raise Rejected(f"row {row}: {_NAMES[column]} is {given[row, column]:g}, {wanted}")


def written(said: Mapping[str, Columns]) -> bytes:
    """A stream of ``ANSWERS``, one batch a system."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, ANSWERS, options=_PLAIN) as stream:
        for system_id, columns in said.items():
            stream.write_batch(pa.record_batch(list(_arrays(system_id, columns)), schema=ANSWERS))
    return bytes(sink.getvalue().to_pybytes())


def _arrays(system_id: str, said: Columns) -> Iterable[pa.Array]:
    n = len(said.reasons)
    refused = np.array([reason is not None for reason in said.reasons]) if any(said.reasons) else None
    yield pa.array(np.arange(n, dtype=np.int32))
    yield pa.repeat(system_id, n)
    for name, kind in _SAID:
        values = said.values.get(name)
        if values is None:
            yield pa.nulls(n, kind)
        elif isinstance(values, np.ndarray):
            yield _held(values, refused)
        elif refused is None:
            yield pa.array(values, kind) if any(values) else _blank(n, kind)
        else:
            yield pa.array([None if no else v for no, v in zip(refused, values, strict=True)], kind)
    yield pa.nulls(n, _TEXT) if refused is None else pa.array(said.reasons, _TEXT)


def _blank(n: int, kind: pa.DataType) -> pa.Array:
    """Of nothing but nulls or, for lists, of nothing but empty ones."""
    if not pa.types.is_list(kind):
        return pa.nulls(n, kind)
    return pa.ListArray.from_arrays(pa.array(np.zeros(n + 1, np.int32)), pa.array([], kind.value_type))


def _held(values: Floats, refused: NDArray[np.bool_] | None) -> pa.Array:
    """Null for NaN, and where the system gives nothing."""
    gone = np.isnan(values) if refused is None else np.isnan(values) | refused
    return pa.array(values, mask=gone) if gone.any() else pa.array(values)
