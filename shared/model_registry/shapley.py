"""What each input adds to a prediction of symmetric trees: Shapley values, without CatBoost.

Of a tree that knows some inputs and not the others, the expected leaf is found by going down: at the split of
a known input the way that the row takes, at any other both ways, each as often as the training did. That is
CatBoost's own definition, and a test holds the two side by side.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

from shared.model_registry.cbm import Trees

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def shapley_values(trees: Trees, row: Floats) -> Floats:
    """(k,) inputs to (k + 1,) points: what each input adds, and last the mean that they are added to. Their
    sum is the prediction. ``trees.weights`` must not be empty."""
    values = row.astype(np.float32)[trees.column]
    holds = (values > trees.border) | (np.isnan(values) & trees.nan_passes)
    total = np.zeros(len(trees.names) + 1)
    split = leaf = 0
    for depth in trees.sizes.tolist():
        splits, leaves = trees.splits[split : split + depth], slice(leaf, leaf + (1 << depth))
        inputs, place = np.unique(trees.column[splits], return_inverse=True)
        expected = _expected(holds[splits], place, len(inputs), trees.leaves[leaves], trees.weights[leaves])
        total[inputs] += _fair_shares(expected)
        total[-1] += expected[0]
        split, leaf = split + depth, leaf + (1 << depth)
    total *= trees.scale
    total[-1] += trees.bias
    return total


def _expected(holds: Bools, place: Ints, inputs: int, leaves: Floats, weights: Floats) -> Floats:
    """(2 ** inputs,) the expected leaf for each set of known inputs, a bit for each.

    ``holds``: (d,) whether the row passes each split; ``place``: (d,) which of the inputs it asks. The last
    split is the root's, the first the one above the leaves.
    """
    sets = np.arange(1 << inputs)
    value = np.broadcast_to(leaves, (len(sets), len(leaves)))
    for passes, asked in zip(holds.tolist(), place.tolist(), strict=True):
        below, above = weights[0::2], weights[1::2]
        both = below + above
        share = np.divide(above, both, out=np.zeros_like(both), where=both > 0)
        apart = value[:, 0::2] * (1.0 - share) + value[:, 1::2] * share
        known = (sets >> asked & 1).astype(np.bool_)[:, None]
        value = np.where(known, value[:, int(passes) :: 2], apart)
        weights = both
    return np.asarray(value[:, 0])


def _fair_shares(expected: Floats) -> Floats:
    """(m,) the Shapley value of each input from the value of every set of them."""
    m = len(expected).bit_length() - 1
    sets = np.arange(len(expected))
    size = np.bitwise_count(sets)
    weight = np.array(
        [factorial(s) * factorial(m - s - 1) / factorial(m) if s < m else 0.0 for s in range(m + 1)]
    )
    shares = np.zeros(m)
    for i in range(m):
        without = sets[(sets >> i & 1) == 0]
        gained = expected[without | 1 << i] - expected[without]
        shares[i] = np.sum(weight[size[without]] * gained)
    return shares
