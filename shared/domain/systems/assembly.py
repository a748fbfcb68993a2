"""Shared parts of the systems: missing features, steps, adjustments, and the finished forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Bools, Floats
from shared.domain.features.contract import FEATURES, INDEX, REQUIRED
from shared.domain.steps import Steps, above
from shared.domain.systems.base import Batch, Chance, Forecast, memoized_per_batch

LOWEST, HIGHEST = 0.0, 60.0
"""Points a forecast is clamped to."""


@dataclass(frozen=True)
class Adjustments:
    """``total``: (n,) points. ``terms``: its addends, by name. ``missing``: for each row the names of terms
    that are NaN and add nothing."""

    total: Floats
    terms: Mapping[str, Floats]
    missing: tuple[tuple[str, ...], ...]


def sum_terms(terms: Mapping[str, Floats]) -> Adjustments:
    """Return the sum of terms, each (n,) points, NaN if missing."""
    addends = np.array(list(terms.values()))
    is_missing = np.isnan(addends)
    missing: tuple[tuple[str, ...], ...] = ((),) * len(addends.T)
    if is_missing.any():
        missing = names_per_row(tuple(terms), is_missing)
        addends[is_missing] = 0.0
        terms = dict(zip(terms, addends, strict=True))
    return Adjustments(sum_sequentially(addends), terms, missing)


def sum_sequentially(terms: Floats) -> Floats:
    """Return (n,) sums of (k, n) terms, added in order, so that a row's bits do not depend on the other
    rows."""
    # numpy adds rows in order, but the elements of a column pairwise.
    if len(terms.T) == 1:
        return np.asarray(np.add.accumulate(terms)[-1])
    return np.asarray(np.ascontiguousarray(terms).sum(axis=0))


def names_per_row(names: Sequence[str], condition: Bools) -> tuple[tuple[str, ...], ...]:
    """Return for each of n rows the names for which ``condition``, (names, n), is true, in order."""
    if not condition.any():
        return ((),) * len(condition.T)
    codes = ((1 << np.arange(len(names))) @ condition).tolist()
    names_of = {code: tuple([name for i, name in enumerate(names) if code >> i & 1]) for code in set(codes)}
    return tuple([names_of[code] for code in codes])


@memoized_per_batch
def missing_required(batch: Batch, *also: str) -> tuple[str | None, ...]:
    """Return for each row the first required feature that is NaN, None if all are present."""
    required = (*REQUIRED, *(INDEX[name] for name in also))
    is_missing = np.isnan(batch.columns.take(required, axis=0))
    if not is_missing.any():
        return (None,) * len(batch)
    names = [f"missing_feature:{FEATURES[i]}" for i in required]
    return tuple([next(iter(missing), None) for missing in names_per_row(names, is_missing)])


def add_reason_where(reasons: Sequence[str | None], condition: Bools, reason: str) -> tuple[str | None, ...]:
    """Return the reasons, with ``reason`` added where there is none and ``condition``, (n,), is true."""
    combined = list(reasons)
    for row in condition.nonzero()[0].tolist():
        combined[row] = combined[row] or reason
    return tuple(combined)


def clamp(points: Floats) -> Floats:
    """Return points limited to ``LOWEST`` and ``HIGHEST``; NaN stays NaN."""
    return np.asarray(np.minimum(np.maximum(points, LOWEST), HIGHEST))


def finish_forecast(
    points: Floats,
    confidence: Floats,
    reasons: Sequence[str | None],
    missing: tuple[tuple[str, ...], ...] | None = None,
    terms: Mapping[str, Floats] | None = None,
    chance: Chance | None = None,
) -> Forecast:
    """Clamp ``points``, store the raw values too, and put NaN in rows with a reason."""
    raw, points = points, clamp(points)
    if any(reasons):
        has_reason = np.array([r is not None for r in reasons], dtype=np.bool_)
        raw, points, confidence = (np.where(has_reason, np.nan, part) for part in (raw, points, confidence))
        if chance is not None:
            chance = Chance(
                *(np.where(has_reason, np.nan, part) for part in (chance.over, chance.low, chance.high))
            )
    nothing_missing = ((),) * len(reasons)
    return Forecast(points, confidence, tuple(reasons), missing or nothing_missing, terms or {}, chance, raw)


def fatigue_penalty(tired: float, worn: float) -> Steps:
    """Return points by fatigue score (100 is fresh): -``worn`` below 50, -``tired`` below 70, else 0."""
    return Steps((50.0, 70.0), (-worn, -tired, 0.0))


_STEADY = Steps((above(4.0), above(6.0)), (0.0, -8.0, -15.0), unknown=0.0)
_RHYTHM = Steps((2.0, 3.0), (-10.0, 5.0, 10.0), unknown=-10.0)


@memoized_per_batch
def formula_confidence(batch: Batch) -> Floats:
    """Return 50, minus 8 or 15 for a spread over 4 or 6 points, -10 to +10 by games in 7 days; 20 to 80."""
    steady = _STEADY(batch.feature("points_std_last_10"))
    rhythm = _RHYTHM(batch.feature("games_in_last_7_days"))
    return np.minimum(np.maximum(50.0 + steady + rhythm, 20.0), 80.0)
