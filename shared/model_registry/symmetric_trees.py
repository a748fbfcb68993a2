"""Predicts with a CatBoost model in numpy: bit by bit the output of CatBoost, without importing it.

CatBoost costs a serving process the time of its import, which is mostly pandas, and a fixed overhead per call
that is larger than the work for a slate. ``docs/adr/0017`` has the figures and the rejected alternatives.
"""

from __future__ import annotations

import numpy as np

from shared.domain.arrays import Floats
from shared.errors import Rejected
from shared.model_registry.cbm import Trees
from shared.model_registry.shapley import shapley_values

BATCH_ROWS = 192
"""Number of rows whose leaves fit into a core's cache."""


class SymmetricTrees:
    """Adds the leaves of a row tree by tree in the order of the file, as CatBoost does: the order decides the
    last bits."""

    def __init__(self, trees: Trees) -> None:
        used, position = np.unique(trees.splits, return_inverse=True)
        never = len(used)  # index of a split that no row passes, which fills up trees of less than full depth
        depth, count = int(trees.sizes.max()), len(trees.sizes)
        self._trees = trees
        self._inputs = len(trees.names)
        self._column = np.append(trees.column[used], 0)
        self._border = np.append(trees.border[used], np.float32(np.inf))[:, None]
        self._nan_passes = np.append(trees.nan_passes[used], False)
        self._has_nan_passes = bool(self._nan_passes.any())
        inner = np.arange(depth) < trees.sizes[:, None]
        splits = np.full((count, depth), never, dtype=np.int64)
        splits[inner] = position
        self._splits = np.ascontiguousarray(splits.T)
        starts = np.cumsum(1 << trees.sizes) - (1 << trees.sizes)
        # The narrowest type for the index of every leaf: the time of the lookup depends on the bytes.
        self._first_leaf = starts[:, None].astype(np.min_scalar_type(len(trees.leaves)))
        # The index of a leaf in its tree: one byte up to depth 8.
        self._index_type = np.min_scalar_type((1 << depth) - 1)
        self._leaves = trees.leaves
        self._scale, self._bias = trees.scale, trees.bias

    @property
    def trees(self) -> int:
        return len(self._first_leaf)

    def predict(self, inputs: Floats) -> Floats:
        """Return (n,) points for (n, k) inputs; ``Rejected`` for another number of columns."""
        self._check(inputs)
        if len(inputs) <= BATCH_ROWS:
            return self._predict_batch(inputs)
        batches = (inputs[i : i + BATCH_ROWS] for i in range(0, len(inputs), BATCH_ROWS))
        return np.concatenate([self._predict_batch(batch) for batch in batches])

    def contributions(self, inputs: Floats) -> Floats:
        """Return (n, k + 1) points: the contribution of each of the k inputs, and last the model's mean.
        Slow, row by row. ``Rejected`` if the file has no leaf weights."""
        self._check(inputs)
        if not len(self._trees.weights):
            raise Rejected("the model file has no leaf weights, which contributions need")
        return np.array([shapley_values(self._trees, row) for row in inputs]).reshape(len(inputs), -1)

    def _check(self, inputs: Floats) -> None:
        if inputs.ndim != 2 or inputs.shape[1] != self._inputs:
            raise Rejected(f"the model refuses inputs of shape {inputs.shape}, expected (n, {self._inputs})")

    def _predict_batch(self, inputs: Floats) -> Floats:
        n = len(inputs)
        if not n:
            return np.zeros(0)
        # numpy sums a single column pairwise, but several columns row by row.
        rows = np.repeat(inputs, 2, axis=0) if n == 1 else inputs
        values = rows.T.astype(np.float32).take(self._column, axis=0)
        passes = values > self._border
        if self._has_nan_passes:
            passes |= np.isnan(values) & self._nan_passes[:, None]
        if not len(self._splits):  # every tree is a single leaf
            leaf = np.zeros((1, rows.shape[0]), dtype=self._index_type)
        else:
            bits = passes.view(np.uint8).take(self._splits, axis=0)
            leaf = bits[-1].astype(self._index_type, copy=False)
            for bit in bits[-2::-1]:
                leaf += leaf
                leaf |= bit
        total = self._leaves.take(self._first_leaf + leaf).sum(axis=0)
        return np.asarray(total * self._scale + self._bias)[:n]
