"""A CatBoost model applied with numpy: bit for bit what CatBoost says, without importing it.

CatBoost costs a serving process its import, most of which is pandas, and a fixed price for every call that is
larger than the work of a slate. ``docs/adr/0017`` has the figures and the ways that were refused.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.errors import Rejected
from shared.model_registry.cbm import Trees
from shared.model_registry.shapley import shapley_values

Floats = NDArray[np.float64]

ROWS_AT_ONCE = 192
"""So many rows of a model's leaves stay in a core's cache."""


class SymmetricTrees:
    """Rows are added up tree by tree, in the order of the file, whatever their number: the order decides the
    last bits, and CatBoost's is this one."""

    def __init__(self, trees: Trees) -> None:
        used, position = np.unique(trees.splits, return_inverse=True)
        never = len(used)
        """A split that holds for no row stands where a tree is less deep than the deepest."""
        depth, count = int(trees.sizes.max()), len(trees.sizes)
        self._trees = trees
        self._inputs = len(trees.names)
        self._column = np.append(trees.column[used], 0)
        self._border = np.append(trees.border[used], np.float32(np.inf))[:, None]
        self._nan_passes = np.append(trees.nan_passes[used], False)
        self._some_pass = bool(self._nan_passes.any())
        inner = np.arange(depth) < trees.sizes[:, None]
        splits = np.full((count, depth), never, dtype=np.int64)
        splits[inner] = position
        self._splits = np.ascontiguousarray(splits.T)
        starts = np.cumsum(1 << trees.sizes) - (1 << trees.sizes)
        # As narrow as holds the place of every leaf: finding places takes time by the byte.
        self._first_leaf = starts[:, None].astype(np.min_scalar_type(len(trees.leaves)))
        self._place = np.min_scalar_type((1 << depth) - 1)
        """Holds the place of a leaf in its tree: a byte does to depth 8, no further."""
        self._leaves = trees.leaves
        self._scale, self._bias = trees.scale, trees.bias

    @property
    def trees(self) -> int:
        return len(self._first_leaf)

    def predict(self, inputs: Floats) -> Floats:
        """(n, k) inputs to (n,) points; ``Rejected`` for another number of columns."""
        self._check(inputs)
        n = len(inputs)
        if n <= ROWS_AT_ONCE:
            return self._some(inputs)
        return np.concatenate([self._some(inputs[i : i + ROWS_AT_ONCE]) for i in range(0, n, ROWS_AT_ONCE)])

    def contributions(self, inputs: Floats) -> Floats:
        """(n, k + 1) points: what each of the k inputs adds to the last column, the model's mean; row by row,
        for people. ``Rejected`` where the file does not say what is needed for that."""
        self._check(inputs)
        if not len(self._trees.weights):
            raise Rejected("the model's file does not say how much of its training came into each leaf")
        return np.array([shapley_values(self._trees, row) for row in inputs]).reshape(len(inputs), -1)

    def _check(self, inputs: Floats) -> None:
        if inputs.ndim != 2 or inputs.shape[1] != self._inputs:
            raise Rejected(f"the model refuses inputs of shape {inputs.shape}, wanted (n, {self._inputs})")

    def _some(self, inputs: Floats) -> Floats:
        n = len(inputs)
        if not n:
            return np.zeros(0)
        # numpy adds up a single column pairwise, several of them row by row.
        rows = np.repeat(inputs, 2, axis=0) if n == 1 else inputs
        values = rows.T.astype(np.float32).take(self._column, axis=0)
        holds = values > self._border
        if self._some_pass:
            holds |= np.isnan(values) & self._nan_passes[:, None]
        if not len(self._splits):  # every tree is a single leaf
            leaf = np.zeros((1, rows.shape[0]), dtype=self._place)
        else:
            bits = holds.view(np.uint8).take(self._splits, axis=0)
            leaf = bits[-1].astype(self._place, copy=False)
            for bit in bits[-2::-1]:
                leaf += leaf
                leaf |= bit
        total = self._leaves.take(self._first_leaf + leaf).sum(axis=0)
        return np.asarray(total * self._scale + self._bias)[:n]
