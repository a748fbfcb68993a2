"""The trees in a ``.cbm`` file, read without CatBoost: what a serving process needs of it and no more.

The file is the word CBM1, the length of its core, and the core as a FlatBuffer, its fields numbered as in
CatBoost's ``model.fbs``. Only plain models are read: numeric features, symmetric trees, one output.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAGIC, FORMAT = b"CBM1", b"FlabuffersModel_v1"
AS_TRUE = 2
"""How a feature treats NaN: as larger than every border. By the other treatments it is larger than none."""

DEEPEST = 16
"""CatBoost's own limit: a leaf's place in its tree has so many bits."""

_MODEL_FORMAT, _MODEL_TREES, _MODEL_INFO, _MODEL_PARTS = 0, 1, 2, 3
_INFO_KEY, _INFO_VALUE = 0, 1
_DIMENSION, _SPLITS, _SIZES, _FLOAT_FEATURES, _LEAVES, _WEIGHTS = 0, 1, 2, 5, 8, 9
_SCALE, _BIAS, _BIASES = 14, 15, 16
_OTHER_KINDS = {
    4: "categorical",
    6: "one-hot",
    7: "counter",
    10: "non-symmetric",
    12: "text",
    18: "embedding",
}
_FLAT_INDEX, _BORDERS, _NAME, _NAN = 2, 3, 4, 5


class UnsupportedModel(ValueError):
    """Not a model that is read here; CatBoost itself may well read it."""


@dataclass(frozen=True)
class Trees:
    """A sum of symmetric trees, ``scale * sum + bias``.

    ``column``, ``border``, ``nan_passes``: one entry per split that occurs: it holds where that column is
    above the border. ``sizes``: depth of each tree; ``splits``: their splits one tree after the other;
    ``leaves``: 2 to the depth values a tree, the first split being the lowest bit. ``weights``: how much of
    the training came into each leaf, empty where the file does not say.
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
    """The trees of a model file; ``UnsupportedModel`` says what is in the way."""
    try:
        return _trees(data)
    except (struct.error, IndexError, ValueError) as exc:
        raise UnsupportedModel(f"not a plain CatBoost model of {len(data)} bytes ({exc})") from exc


def read_metadata(data: bytes) -> dict[str, str]:
    """Return the metadata of a model file of any kind; ``UnsupportedModel`` if it cannot be read."""
    try:
        pairs = [(e.text(_INFO_KEY), e.text(_INFO_VALUE)) for e in _core(data).tables(_MODEL_INFO)]
    except (struct.error, IndexError, ValueError) as exc:
        raise UnsupportedModel(f"not a readable CatBoost model of {len(data)} bytes ({exc})") from exc
    return {key.decode(errors="replace"): value.decode(errors="replace") for key, value in pairs}


class _Table:
    """One table of a FlatBuffer: fields by number, absent ones at their default."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - struct.unpack_from("<i", data, at)[0]
        self._size = struct.unpack_from("<H", data, self._fields)[0]

    def number(self, field: int, kind: str, default: float) -> float:
        at = self._place(field)
        return float(struct.unpack_from(f"<{kind}", self._data, at)[0]) if at else default

    def text(self, field: int) -> bytes:
        at, n = self._vector(field)
        return self._data[at : at + n]

    def array(self, field: int, kind: str) -> NDArray[np.generic]:
        at, n = self._vector(field)
        return np.frombuffer(self._data, kind, n, at) if n else np.zeros(0, kind)

    def length(self, field: int) -> int:
        return self._vector(field)[1]

    def table(self, field: int) -> _Table:
        at = self._place(field)
        if not at:
            raise UnsupportedModel(f"field {field} is missing")
        return _Table(self._data, self._follow(at))

    def tables(self, field: int) -> list[_Table]:
        at, n = self._vector(field)
        return [_Table(self._data, self._follow(at + 4 * i)) for i in range(n)]

    def _vector(self, field: int) -> tuple[int, int]:
        """Where a vector's first element lies, and how many there are."""
        at = self._place(field)
        if not at:
            return 0, 0
        start = self._follow(at)
        return start + 4, int(struct.unpack_from("<I", self._data, start)[0])

    def _place(self, field: int) -> int:
        slot = 4 + 2 * field
        offset = struct.unpack_from("<H", self._data, self._fields + slot)[0] if slot < self._size else 0
        return self._at + int(offset) if offset else 0

    def _follow(self, at: int) -> int:
        return at + int(struct.unpack_from("<I", self._data, at)[0])


def _core(data: bytes) -> _Table:
    if data[:4] != MAGIC:
        raise UnsupportedModel(f"begins with {data[:4]!r}, wanted {MAGIC!r}")
    size = struct.unpack_from("<I", data, 4)[0]
    core = data[8 : 8 + size]
    if len(core) < size:
        raise UnsupportedModel(f"a core of {size} bytes, of which {len(core)} are there")
    return _Table(core, struct.unpack_from("<I", core, 0)[0])


def _trees(data: bytes) -> Trees:
    model = _core(data)
    if model.text(_MODEL_FORMAT) != FORMAT or model.length(_MODEL_PARTS):
        raise UnsupportedModel(
            f"format {model.text(_MODEL_FORMAT)!r}, wanted {FORMAT!r} without further parts"
        )
    trees = model.table(_MODEL_TREES)
    others = [kind for field, kind in _OTHER_KINDS.items() if trees.length(field)]
    if others or trees.number(_DIMENSION, "i", 0) != 1:
        raise UnsupportedModel(f"holds {' and '.join(others) or 'several outputs'}")
    biases = trees.array(_BIASES, "<f8")
    features = trees.tables(_FLOAT_FEATURES)
    borders = [f.array(_BORDERS, "<f4") for f in features]
    counts = [len(b) for b in borders]
    columns = [int(f.number(_FLAT_INDEX, "i", -1)) for f in features]
    if columns != list(range(len(features))):
        raise UnsupportedModel("its numeric features are not its columns in their order")
    found = Trees(
        names=tuple(f.text(_NAME).decode() for f in features),
        column=np.repeat(columns, counts).astype(np.int64),
        border=np.concatenate(borders).astype(np.float32),
        nan_passes=np.repeat([f.number(_NAN, "b", 0) == AS_TRUE for f in features], counts).astype(np.bool_),
        sizes=trees.array(_SIZES, "<i4").astype(np.int32),
        splits=trees.array(_SPLITS, "<i4").astype(np.int32),
        leaves=trees.array(_LEAVES, "<f8").astype(np.float64),
        weights=trees.array(_WEIGHTS, "<f8").astype(np.float64),
        scale=trees.number(_SCALE, "d", 1.0),
        bias=float(biases[0]) if len(biases) == 1 else trees.number(_BIAS, "d", 0.0),
    )
    return _consistent(found)


def _consistent(t: Trees) -> Trees:
    """The same, if its numbers go together."""
    if len(t.sizes) and t.sizes.max() > DEEPEST:
        raise UnsupportedModel(f"a tree of depth {t.sizes.max()}, at most {DEEPEST} are read")
    whole = len(t.splits) == t.sizes.sum() and len(t.leaves) == (1 << t.sizes).sum()
    whole &= len(t.weights) in (0, len(t.leaves))
    known = len(t.splits) == 0 or 0 <= t.splits.min() <= t.splits.max() < len(t.border)
    if not (whole and known and len(t.sizes) and t.sizes.min() >= 0):
        raise UnsupportedModel("trees, splits and leaves do not go together")
    return t
