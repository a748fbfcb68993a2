"""What each input adds to a prediction of symmetric trees: Shapley values, without CatBoost.

Of a tree that knows some inputs and not the others, the expected leaf is found by going down: at the split of
a known input the way that the row takes, at any other both ways, each as often as the training did. That is
CatBoost's own definition, and a test holds the two side by side.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from math import factorial

import numpy as np
from numpy.typing import NDArray

from shared.model_registry.cbm import Trees

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Pattern = tuple[int, ...]
"""Which of a tree's inputs each of its splits asks, numbered as they first come up."""

AT_ONCE = 512
"""Trees of six splits whose values of all sets of inputs fill a core's cache; of deeper trees fewer do."""


def shapley_values(trees: Trees, row: Floats) -> Floats:
    """(k,) inputs to (k + 1,) points: what each input adds, and last the mean that they are added to. Their
    sum is the prediction. ``trees.weights`` must not be empty."""
    values = row.astype(np.float32)[trees.column]
    holds = (values > trees.border) | (np.isnan(values) & trees.nan_passes)
    total = np.zeros(len(trees.names) + 1)
    for pattern, starts in _alike(trees).items():
        step = max(1, AT_ONCE >> max(len(pattern) - 6, 0))
        for some in (starts[i : i + step] for i in range(0, len(starts), step)):
            _add(total, trees, holds, pattern, some)
    total *= trees.scale
    total[-1] += trees.bias
    return total


def _alike(trees: Trees) -> dict[Pattern, Ints]:
    """(t, 2) first split and first leaf of the trees of each pattern."""
    found: dict[Pattern, list[tuple[int, int]]] = defaultdict(list)
    asked = trees.column[trees.splits].tolist()
    split = leaf = 0
    for depth in trees.sizes.tolist():
        order: dict[int, int] = {}
        pattern = tuple(order.setdefault(i, len(order)) for i in asked[split : split + depth])
        found[pattern].append((split, leaf))
        split, leaf = split + depth, leaf + (1 << depth)
    return {pattern: np.array(starts, dtype=np.int64) for pattern, starts in found.items()}


def _add(total: Floats, trees: Trees, holds: Bools, pattern: Pattern, starts: Ints) -> None:
    """Add what some trees of one pattern say."""
    depth = len(pattern)
    splits = trees.splits[starts[:, :1] + np.arange(depth)]
    leaves = starts[:, 1:] + np.arange(1 << depth)
    expected = _expected(holds[splits], pattern, trees.leaves[leaves], trees.weights[leaves])
    first = [pattern.index(i) for i in range(max(pattern, default=-1) + 1)]
    np.add.at(total, trees.column[splits[:, first]], _fair_shares(expected))
    total[-1] += expected[:, 0].sum()


def _expected(holds: Bools, pattern: Pattern, leaves: Floats, weights: Floats) -> Floats:
    """(t, 2 ** m) the expected leaf of each tree for each set of its m inputs, a bit for each.

    ``holds``: (t, d) whether the row passes each split; ``leaves``, ``weights``: (t, 2 ** d). The last split
    is the root's, the first the one above the leaves.
    """
    value = leaves[:, None, :]
    for level, asked in enumerate(pattern):
        both = weights[:, 0::2] + weights[:, 1::2]
        share = np.divide(weights[:, 1::2], both, out=np.zeros_like(both), where=both > 0)[:, None, :]
        low, high = value[:, :, 0::2], value[:, :, 1::2]
        unknown = low * (1.0 - share) + high * share
        known = np.where(holds[:, level, None, None], high, low)
        sets = np.arange(value.shape[1])
        if len(sets) == 1 << asked:  # comes up here first: as many sets with it as without
            value = np.concatenate([unknown, known], axis=1)
        else:
            value = np.where((sets >> asked & 1).astype(np.bool_)[None, :, None], known, unknown)
        weights = both
    return np.asarray(value[:, :, 0])


def _fair_shares(expected: Floats) -> Floats:
    """(t, m) the Shapley value of each input from the value of every set of them."""
    inputs = _joining(expected.shape[1].bit_length() - 1)
    shares = np.zeros((len(expected), len(inputs)))
    for i, (without, joined, weight) in enumerate(inputs):
        shares[:, i] = (expected[:, joined] - expected[:, without]) @ weight
    return shares


@cache
def _joining(m: int) -> list[tuple[Ints, Ints, Floats]]:
    """For each of ``m`` inputs the sets without it, the same with it, and how much each pair counts."""
    sets = np.arange(1 << m)
    size = np.bitwise_count(sets)
    weight = np.array([factorial(s) * factorial(m - s - 1) / factorial(m) for s in range(m)])
    found = []
    for i in range(m):
        without = sets[(sets >> i & 1) == 0]
        found.append((without, without | 1 << i, weight[size[without]]))
    return found
