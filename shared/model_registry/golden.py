"""Rows by which a reader of a model's file proves itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared.model_registry.cbm import Trees
from shared.schemas.messages import LARGEST

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
    return np.concatenate([some[covering(sides(trees, some))], edge_rows(trees)])


def sides(trees: Trees, x: Floats) -> Bools:
    """(n, 2 s) whether a row passes each of the trees' splits, and whether it does not."""
    values = x.astype(np.float32)[:, trees.column]
    holds = (values > trees.border) | (np.isnan(values) & trees.nan_passes)
    passed = holds[:, trees.splits]
    return np.concatenate([passed, ~passed], axis=1)


def covering(seen: Bools) -> list[int]:
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
    """Return (3, k) rows: below every border, above every border, and all missing.

    Borders beyond ``LARGEST`` are left out, since services refuse such values: CatBoost splits missing
    values from all others at the lowest float32.
    """
    low, high = np.zeros(len(trees.names)), np.zeros(len(trees.names))
    reachable = np.abs(trees.border) < LARGEST
    column, border = trees.column[reachable], trees.border[reachable].astype(np.float64)
    np.minimum.at(low, column, np.maximum(border - 1.0, -LARGEST))
    np.maximum.at(high, column, np.minimum(border + 1.0, LARGEST))
    return np.stack([low, high, np.full(len(trees.names), np.nan)])
