"""Reads the trees of a ``.cbm`` file without CatBoost, as far as a serving process needs them.

The file is the word CBM1, the length of its core, and the core as a FlatBuffer, with fields numbered as in
CatBoost's ``model.fbs``. Supported models have numeric features, symmetric trees and one output.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAGIC, FORMAT = b"CBM1", b"FlabuffersModel_v1"
ABOVE_ALL = 2
"""NaN treatment of a feature: larger than every border. With the other treatments it is larger than none."""

MAX_DEPTH = 16
"""CatBoost's limit: the number of bits in the index of a leaf in its tree."""

_MODEL_FORMAT, _MODEL_TREES, _MODEL_INFO, _MODEL_PARTS = 0, 1, 2, 3
_INFO_KEY, _INFO_VALUE = 0, 1
_DIMENSION, _SPLITS, _SIZES, _FLOAT_FEATURES, _LEAVES, _WEIGHTS = 0, 1, 2, 5, 8, 9
_SCALE, _BIAS, _BIASES = 14, 15, 16
_UNSUPPORTED_KINDS = {
    4: "categorical",
    6: "one-hot",
    7: "counter",
    10: "non-symmetric",
    12: "text",
    18: "embedding",
}
_FLAT_INDEX, _BORDERS, _NAME, _NAN = 2, 3, 4, 5


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
    column: NDArray[np.int64]
    border: NDArray[np.float32]
    nan_passes: NDArray[np.bool_]
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
    except (struct.error, IndexError, ValueError) as exc:
        raise UnsupportedModel(f"not a supported CatBoost model of {len(data)} bytes ({exc})") from exc


def read_metadata(data: bytes) -> dict[str, str]:
    """Return the metadata of a model file of any kind; ``UnsupportedModel`` if it cannot be read."""
    try:
        pairs = [(e.text(_INFO_KEY), e.text(_INFO_VALUE)) for e in _core(data).tables(_MODEL_INFO)]
    except (struct.error, IndexError, ValueError) as exc:
        raise UnsupportedModel(f"not a readable CatBoost model of {len(data)} bytes ({exc})") from exc
    return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in pairs}


class _Table:
    """One table of a FlatBuffer: fields by number, missing fields with their default."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data, self._offset = data, offset
        self._fields = offset - struct.unpack_from("<i", data, offset)[0]
        self._size = struct.unpack_from("<H", data, self._fields)[0]

    def number(self, field: int, kind: str, default: float) -> float:
        offset = self._field_offset(field)
        return float(struct.unpack_from(f"<{kind}", self._data, offset)[0]) if offset else default

    def text(self, field: int) -> bytes:
        offset, n = self._vector(field)
        return self._data[offset : offset + n]

    def array(self, field: int, kind: str) -> NDArray[np.generic]:
        offset, n = self._vector(field)
        return np.frombuffer(self._data, kind, n, offset) if n else np.zeros(0, kind)

    def length(self, field: int) -> int:
        return self._vector(field)[1]

    def table(self, field: int) -> _Table:
        offset = self._field_offset(field)
        if not offset:
            raise UnsupportedModel(f"field {field} is missing")
        return _Table(self._data, self._follow(offset))

    def tables(self, field: int) -> list[_Table]:
        offset, n = self._vector(field)
        return [_Table(self._data, self._follow(offset + 4 * i)) for i in range(n)]

    def _vector(self, field: int) -> tuple[int, int]:
        """Return the offset of a vector's first element and the number of elements."""
        offset = self._field_offset(field)
        if not offset:
            return 0, 0
        start = self._follow(offset)
        return start + 4, int(struct.unpack_from("<I", self._data, start)[0])

    def _field_offset(self, field: int) -> int:
        slot = 4 + 2 * field
        relative = struct.unpack_from("<H", self._data, self._fields + slot)[0] if slot < self._size else 0
        return self._offset + int(relative) if relative else 0

    def _follow(self, offset: int) -> int:
        return offset + int(struct.unpack_from("<I", self._data, offset)[0])


def _core(data: bytes) -> _Table:
    if data[:4] != MAGIC:
        raise UnsupportedModel(f"starts with {data[:4]!r}, wanted {MAGIC!r}")
    size = struct.unpack_from("<I", data, 4)[0]
    core = data[8 : 8 + size]
    if len(core) < size:
        raise UnsupportedModel(f"core of {size} bytes is cut off after {len(core)}")
    return _Table(core, struct.unpack_from("<I", core, 0)[0])


def _trees(data: bytes) -> Trees:
    model = _core(data)
    if model.text(_MODEL_FORMAT) != FORMAT or model.length(_MODEL_PARTS):
        raise UnsupportedModel(
            f"format {model.text(_MODEL_FORMAT)!r}, wanted {FORMAT!r} without further parts"
        )
    trees = model.table(_MODEL_TREES)
    unsupported = [kind for field, kind in _UNSUPPORTED_KINDS.items() if trees.length(field)]
    if unsupported or trees.number(_DIMENSION, "i", 0) != 1:
        raise UnsupportedModel(f"holds {' and '.join(unsupported) or 'several outputs'}")
    biases = trees.array(_BIASES, "<f8")
    features = trees.tables(_FLOAT_FEATURES)
    borders = [f.array(_BORDERS, "<f4") for f in features]
    counts = [len(b) for b in borders]
    columns = [int(f.number(_FLAT_INDEX, "i", -1)) for f in features]
    if columns != list(range(len(features))):
        raise UnsupportedModel("its numeric features are not in the order of its columns")
    trees_read = Trees(
        names=tuple(f.text(_NAME).decode() for f in features),
        column=np.repeat(columns, counts).astype(np.int64),
        border=np.concatenate(borders).astype(np.float32),
        nan_passes=np.repeat([f.number(_NAN, "b", 0) == ABOVE_ALL for f in features], counts).astype(
            np.bool_
        ),
        sizes=trees.array(_SIZES, "<i4").astype(np.int32),
        splits=trees.array(_SPLITS, "<i4").astype(np.int32),
        leaves=trees.array(_LEAVES, "<f8").astype(np.float64),
        weights=trees.array(_WEIGHTS, "<f8").astype(np.float64),
        scale=trees.number(_SCALE, "d", 1.0),
        bias=float(biases[0]) if len(biases) == 1 else trees.number(_BIAS, "d", 0.0),
    )
    return _check_consistency(trees_read)


def _check_consistency(t: Trees) -> Trees:
    """Return the trees; ``UnsupportedModel`` if their sizes are inconsistent."""
    if len(t.sizes) and t.sizes.max() > MAX_DEPTH:
        raise UnsupportedModel(f"a tree of depth {t.sizes.max()}, wanted at most {MAX_DEPTH}")
    sizes_match = len(t.splits) == t.sizes.sum() and len(t.leaves) == (1 << t.sizes).sum()
    sizes_match &= len(t.weights) in (0, len(t.leaves))
    splits_exist = len(t.splits) == 0 or 0 <= t.splits.min() <= t.splits.max() < len(t.border)
    if not (sizes_match and splits_exist and len(t.sizes) and t.sizes.min() >= 0):
        raise UnsupportedModel("trees, splits and leaves are inconsistent")
    return t
