"""Golden rows: inputs that verify a reader of a model file."""

from __future__ import annotations

import numpy as np

from shared.domain.arrays import Bools, Floats
from shared.model_registry.cbm import Trees
from shared.schemas.messages import MAX_NUMBER

CANDIDATES, MAX_ROWS = 2000, 32


def golden_rows(x: Floats, trees: Trees) -> Floats:
    """Return training rows of ``x`` (n, k) that cover the splits of the trees, then rows at the trees' edges.

    For every split that some rows of ``x`` pass and others do not, the training rows contain both, up to
    ``MAX_ROWS`` rows. A split is one bit of a leaf's index, so a reader that loses a split fails. Training
    rows end in leaves with training weight, which edge rows may not.
    """
    candidates = x[:: max(len(x) // CANDIDATES, 1)][:CANDIDATES]
    return np.concatenate([candidates[covering_rows(split_outcomes(trees, candidates))], edge_rows(trees)])


def split_outcomes(trees: Trees, x: Floats) -> Bools:
    """Return (n, 2 s) booleans: whether a row passes each split of the trees, then whether it does not."""
    values = x.astype(np.float32)[:, trees.column]
    passes = (values > trees.border) | (np.isnan(values) & trees.nan_passes)
    passed = passes[:, trees.splits]
    return np.concatenate([passed, ~passed], axis=1)


def covering_rows(covered: Bools) -> list[int]:
    """Return indexes of rows that together cover what all rows cover: greedily the row that adds most, the
    first of equals."""
    uncovered = covered.any(axis=0)
    chosen: list[int] = []
    while uncovered.any() and len(chosen) < MAX_ROWS:
        best = int(covered[:, uncovered].sum(axis=1).argmax())
        chosen.append(best)
        uncovered &= ~covered[best]
    return chosen


def edge_rows(trees: Trees) -> Floats:
    """Return (3, k) rows: below every border, above every border, and all missing.

    Borders beyond ``MAX_NUMBER`` are left out, since services refuse such values: CatBoost splits missing
    values from all others at the lowest float32.
    """
    low, high = np.zeros(len(trees.names)), np.zeros(len(trees.names))
    reachable = np.abs(trees.border) < MAX_NUMBER
    column, border = trees.column[reachable], trees.border[reachable].astype(np.float64)
    np.minimum.at(low, column, np.maximum(border - 1.0, -MAX_NUMBER))
    np.maximum.at(high, column, np.minimum(border + 1.0, MAX_NUMBER))
    return np.stack([low, high, np.full(len(trees.names), np.nan)])
