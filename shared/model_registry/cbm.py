"""Reads the trees of a ``.cbm`` file without CatBoost, as far as a serving process needs them.

The file is the word CBM1, the length of its core, and the core as a FlatBuffer of CatBoost's ``model.fbs``.
Supported models have numeric features, symmetric trees and one output.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from flatbuffers.number_types import Float32Flags, Float64Flags, Int8Flags, Int32Flags
from flatbuffers.table import Table
from numpy.typing import NDArray

from shared.domain.arrays import Bools, Floats, Ints

MAGIC, FORMAT = b"CBM1", b"FlabuffersModel_v1"
ABOVE_ALL = 2
"""NaN treatment of a feature: larger than every border. With the other treatments it is larger than none."""

MAX_DEPTH = 16
"""CatBoost's limit: the number of bits in the index of a leaf in its tree."""

# Offsets of fields in the vtables: 4 + 2 * the number of the field in model.fbs.
_MODEL_FORMAT, _MODEL_TREES, _MODEL_INFO, _MODEL_PARTS = 4, 6, 8, 10
_INFO_KEY, _INFO_VALUE = 4, 6
_DIMENSION, _SPLITS, _SIZES, _FLOAT_FEATURES, _LEAVES, _WEIGHTS = 4, 6, 8, 14, 20, 22
_SCALE, _BIAS, _BIASES = 32, 34, 36
_UNSUPPORTED_KINDS = {
    12: "categorical", 16: "one-hot", 18: "counter", 24: "non-symmetric", 28: "text", 40: "embedding",
}  # fmt: skip
_FLAT_INDEX, _BORDERS, _NAME, _NAN = 8, 10, 12, 14

_CORRUPT = (struct.error, IndexError, TypeError, ValueError)
"""Errors of ``flatbuffers`` and numpy for offsets and lengths outside the file."""


class UnsupportedModel(ValueError):
    """The model is not supported here; CatBoost itself may be able to read it."""


@dataclass(frozen=True)
class Trees:
    """A sum of symmetric trees, ``scale * sum + bias``.

    ``column``, ``border``, ``nan_passes``: one entry per distinct split, which passes above the border.
    ``sizes``: depth of each tree; ``splits``: those of all trees, tree by tree; ``leaves``: 2 to the depth
    values per tree, the first split is the lowest bit. ``weights``: training weight of each leaf, or empty.
    """

    names: tuple[str, ...]
    column: Ints
    border: NDArray[np.float32]
    nan_passes: Bools
    sizes: NDArray[np.int32]
    splits: NDArray[np.int32]
    leaves: Floats
    weights: Floats
    scale: float
    bias: float


def read_trees(data: bytes) -> Trees:
    """Return the trees of a model file; ``UnsupportedModel`` names the reason if they cannot be read."""
    try:
        return _trees(data)
    except _CORRUPT as exc:
        raise UnsupportedModel(f"not a supported CatBoost model of {len(data)} bytes ({exc})") from exc


def read_metadata(data: bytes) -> dict[str, str]:
    """Return the metadata of a model file of any kind; ``UnsupportedModel`` if it cannot be read."""
    try:
        pairs = [(_text(e, _INFO_KEY), _text(e, _INFO_VALUE)) for e in _tables(_core(data), _MODEL_INFO)]
    except _CORRUPT as exc:
        raise UnsupportedModel(f"not a readable CatBoost model of {len(data)} bytes ({exc})") from exc
    return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in pairs}


def _core(data: bytes) -> Table:
    if data[:4] != MAGIC:
        raise UnsupportedModel(f"starts with {data[:4]!r}, expected {MAGIC!r}")
    size = struct.unpack_from("<I", data, 4)[0]
    core = data[8 : 8 + size]
    if len(core) < size:
        raise UnsupportedModel(f"core of {size} bytes is cut off after {len(core)}")
    return Table(core, struct.unpack_from("<I", core, 0)[0])


def _text(table: Table, field: int) -> bytes:
    offset = table.Offset(field)
    return bytes(table.String(table.Pos + offset)) if offset else b""


def _length(table: Table, field: int) -> int:
    offset = table.Offset(field)
    return int(table.VectorLen(offset)) if offset else 0


def _array(table: Table, field: int, kind: Any) -> NDArray[Any]:
    offset = table.Offset(field)
    return np.asarray(table.GetVectorAsNumpy(kind, offset)) if offset else np.zeros(0)


def _tables(table: Table, field: int) -> list[Table]:
    n = _length(table, field)
    start = table.Vector(table.Offset(field)) if n else 0
    return [Table(table.Bytes, table.Indirect(start + 4 * i)) for i in range(n)]


def _trees(data: bytes) -> Trees:
    model = _core(data)
    file_format = _text(model, _MODEL_FORMAT)
    if file_format != FORMAT or _length(model, _MODEL_PARTS):
        raise UnsupportedModel(f"format {file_format!r}, expected {FORMAT!r} without further parts")
    if not model.Offset(_MODEL_TREES):
        raise UnsupportedModel("it holds no trees")
    trees = Table(model.Bytes, model.Indirect(model.Pos + model.Offset(_MODEL_TREES)))
    unsupported = [kind for field, kind in _UNSUPPORTED_KINDS.items() if _length(trees, field)]
    if unsupported or trees.GetSlot(_DIMENSION, 0, Int32Flags) != 1:
        raise UnsupportedModel(f"holds {' and '.join(unsupported) or 'several outputs'}")
    biases = _array(trees, _BIASES, Float64Flags)
    features = _tables(trees, _FLOAT_FEATURES)
    borders = [_array(f, _BORDERS, Float32Flags) for f in features]
    counts = [len(b) for b in borders]
    columns = [int(f.GetSlot(_FLAT_INDEX, -1, Int32Flags)) for f in features]
    if columns != list(range(len(features))):
        raise UnsupportedModel("its numeric features are not in the order of its columns")
    nan_passes = [f.GetSlot(_NAN, 0, Int8Flags) == ABOVE_ALL for f in features]
    trees_read = Trees(
        names=tuple(_text(f, _NAME).decode() for f in features),
        column=np.repeat(columns, counts).astype(np.int64),
        border=np.concatenate(borders).astype(np.float32),
        nan_passes=np.repeat(nan_passes, counts).astype(np.bool_),
        sizes=_array(trees, _SIZES, Int32Flags).astype(np.int32),
        splits=_array(trees, _SPLITS, Int32Flags).astype(np.int32),
        leaves=_array(trees, _LEAVES, Float64Flags).astype(np.float64),
        weights=_array(trees, _WEIGHTS, Float64Flags).astype(np.float64),
        scale=trees.GetSlot(_SCALE, 1.0, Float64Flags),
        bias=float(biases[0]) if len(biases) == 1 else trees.GetSlot(_BIAS, 0.0, Float64Flags),
    )
    return _check_consistency(trees_read)


def _check_consistency(t: Trees) -> Trees:
    """Return the trees; ``UnsupportedModel`` if their sizes are inconsistent."""
    if len(t.sizes) and t.sizes.max() > MAX_DEPTH:
        raise UnsupportedModel(f"a tree of depth {t.sizes.max()}, expected at most {MAX_DEPTH}")
    sizes_match = len(t.splits) == t.sizes.sum() and len(t.leaves) == (1 << t.sizes).sum()
    sizes_match &= len(t.weights) in (0, len(t.leaves))
    splits_exist = len(t.splits) == 0 or 0 <= t.splits.min() <= t.splits.max() < len(t.border)
    if not (sizes_match and splits_exist and len(t.sizes) and t.sizes.min() >= 0):
        raise UnsupportedModel("trees, splits and leaves are inconsistent")
    return t
