"""Rows by which a reader of a model's file proves itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.model_registry.cbm import Trees

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CANDIDATES, MOST_ROWS = 2000, 32


def golden_rows(x: Floats, trees: Trees) -> Floats:
    """Rows of ``x``, (n, k) what was learnt from, that see as much of the trees as they can, then rows at
    the trees' edges.

    Every split of every tree is passed by one of the first and not by another, where any row of ``x`` does
    so, up to ``MOST_ROWS`` rows. A split is a bit of a leaf's place: a reader that loses one is seen. Rows
    that were learnt from end in leaves that hold something, which those at the edges need not.
    """
    some = x[:: max(len(x) // CANDIDATES, 1)][:CANDIDATES]
    return np.concatenate([some[covering_rows(split_outcomes(trees, some))], edge_rows(trees)])


def split_outcomes(trees: Trees, x: Floats) -> Bools:
    """(n, 2 s) whether a row passes each of the trees' splits, and whether it does not."""
    values = x.astype(np.float32)[:, trees.column]
    holds = (values > trees.border) | (np.isnan(values) & trees.nan_passes)
    passed = holds[:, trees.splits]
    return np.concatenate([passed, ~passed], axis=1)


def covering_rows(seen: Bools) -> list[int]:
    """Positions of rows that together see what all rows see: always the one that adds most, the earliest of
    equals."""
    left = seen.any(axis=0)
    chosen: list[int] = []
    while left.any() and len(chosen) < MOST_ROWS:
        best = int(seen[:, left].sum(axis=1).argmax())
        chosen.append(best)
        left &= ~seen[best]
    return chosen


def edge_rows(trees: Trees) -> Floats:
    """(3, k) rows: below every border, above every border, and nothing known."""
    low, high = np.zeros(len(trees.names)), np.zeros(len(trees.names))
    np.minimum.at(low, trees.column, trees.border.astype(np.float64) - 1.0)
    np.maximum.at(high, trees.column, trees.border.astype(np.float64) + 1.0)
    return np.stack([low, high, np.full(len(trees.names), np.nan)])
