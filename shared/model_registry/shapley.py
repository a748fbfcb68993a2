"""Shapley values of symmetric trees without CatBoost: the contribution of each input to a prediction.

The expected leaf of a tree for a set of inputs: a split on an input of the set takes the branch of the row,
any other split takes both branches, weighted by their training weights. This is CatBoost's definition; a test
compares the two.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from math import factorial

import numpy as np

from shared.domain.arrays import Bools, Floats, Ints
from shared.model_registry.cbm import Trees

Pattern = tuple[int, ...]
"""The input of each split of a tree, numbered by first use in the tree."""

TREES_PER_BATCH = 512
"""Number of six-split trees whose values for all input sets fill a core's cache; fewer for deeper trees."""


def shapley_values(trees: Trees, row: Floats) -> Floats:
    """Return (k + 1,) points for (k,) inputs: the contribution of each input, and last the mean. Their sum is
    the prediction. ``trees.weights`` must not be empty."""
    values = row.astype(np.float32)[trees.column]
    passes = (values > trees.border) | (np.isnan(values) & trees.nan_passes)
    total = np.zeros(len(trees.names) + 1)
    for pattern, starts in _trees_by_pattern(trees).items():
        step = max(1, TREES_PER_BATCH >> max(len(pattern) - 6, 0))
        for batch in (starts[i : i + step] for i in range(0, len(starts), step)):
            _add_contributions(total, trees, passes, pattern, batch)
    total *= trees.scale
    total[-1] += trees.bias
    return total


def _trees_by_pattern(trees: Trees) -> dict[Pattern, Ints]:
    """Return for each pattern the (t, 2) first split and first leaf of its trees."""
    starts_by_pattern: dict[Pattern, list[tuple[int, int]]] = defaultdict(list)
    inputs = trees.column[trees.splits].tolist()
    split = leaf = 0
    for depth in trees.sizes.tolist():
        order: dict[int, int] = {}
        pattern = tuple(order.setdefault(i, len(order)) for i in inputs[split : split + depth])
        starts_by_pattern[pattern].append((split, leaf))
        split, leaf = split + depth, leaf + (1 << depth)
    return {pattern: np.array(starts, dtype=np.int64) for pattern, starts in starts_by_pattern.items()}


def _add_contributions(total: Floats, trees: Trees, passes: Bools, pattern: Pattern, starts: Ints) -> None:
    """Add the contributions of some trees of one pattern to ``total``."""
    depth = len(pattern)
    splits = trees.splits[starts[:, :1] + np.arange(depth)]
    leaves = starts[:, 1:] + np.arange(1 << depth)
    expected = _expected_leaves(passes[splits], pattern, trees.leaves[leaves], trees.weights[leaves])
    first = [pattern.index(i) for i in range(max(pattern, default=-1) + 1)]
    np.add.at(total, trees.column[splits[:, first]], _shapley_shares(expected))
    total[-1] += expected[:, 0].sum()


def _expected_leaves(passes: Bools, pattern: Pattern, leaves: Floats, weights: Floats) -> Floats:
    """Return (t, 2 ** m) expected leaves of each tree for each set of its m inputs, one bit per input.

    ``passes``: (t, d) whether the row passes each split; ``leaves``, ``weights``: (t, 2 ** d). The last split
    is the root's, the first the one above the leaves.
    """
    value = leaves[:, None, :]
    for level, position in enumerate(pattern):
        sums = weights[:, 0::2] + weights[:, 1::2]
        share = np.divide(weights[:, 1::2], sums, out=np.zeros_like(sums), where=sums > 0)[:, None, :]
        low, high = value[:, :, 0::2], value[:, :, 1::2]
        excluded = low * (1.0 - share) + high * share
        included = np.where(passes[:, level, None, None], high, low)
        sets = np.arange(value.shape[1])
        if len(sets) == 1 << position:  # first use of the input: the number of sets doubles
            value = np.concatenate([excluded, included], axis=1)
        else:
            value = np.where((sets >> position & 1).astype(np.bool_)[None, :, None], included, excluded)
        weights = sums
    return np.asarray(value[:, :, 0])


def _shapley_shares(expected: Floats) -> Floats:
    """Return (t, m) Shapley values of the inputs from the values of all input sets."""
    inputs = _set_pairs(expected.shape[1].bit_length() - 1)
    shares = np.zeros((len(expected), len(inputs)))
    for i, (without, with_input, weight) in enumerate(inputs):
        shares[:, i] = (expected[:, with_input] - expected[:, without]) @ weight
    return shares


@cache
def _set_pairs(m: int) -> list[tuple[Ints, Ints, Floats]]:
    """Return for each of ``m`` inputs the sets without it, the same sets with it, and the pair weights."""
    sets = np.arange(1 << m)
    size = np.bitwise_count(sets)
    weight = np.array([factorial(s) * factorial(m - s - 1) / factorial(m) for s in range(m)])
    pairs = []
    for i in range(m):
        without = sets[(sets >> i & 1) == 0]
        pairs.append((without, without | 1 << i, weight[size[without]]))
    return pairs
