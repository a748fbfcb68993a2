"""Parts that the systems share: what is missing, steps, adjustments, and the finished forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared.domain.features.contract import FEATURES, INDEX, REQUIRED
from shared.domain.steps import Steps, above
from shared.domain.systems.base import Batch, Bools, Chance, Floats, Forecast, memoized_per_batch

LOWEST, HIGHEST = 0.0, 60.0
"""Points a forecast is clamped to."""


@dataclass(frozen=True)
class Adjustments:
    """``total``: (n,) points. ``terms``: what it is the sum of, by name. ``missing``: for each row the names
    of terms that are not known there and add nothing."""

    total: Floats
    terms: Mapping[str, Floats]
    missing: tuple[tuple[str, ...], ...]


def sum_terms(terms: Mapping[str, Floats]) -> Adjustments:
    """The sum of terms, each (n,) points, NaN where it is not known."""
    added = np.array(list(terms.values()))
    gone = np.isnan(added)
    missing: tuple[tuple[str, ...], ...] = ((),) * len(added.T)
    if gone.any():
        missing = names_per_row(tuple(terms), gone)
        added[gone] = 0.0
        terms = dict(zip(terms, added, strict=True))
    return Adjustments(sum_sequentially(added), terms, missing)


def sum_sequentially(terms: Floats) -> Floats:
    """(n,) sums of (k, n) terms, added one after the other, so that a row's bits do not depend on its
    company."""
    # numpy adds up whole rows one by one; a column it adds up pairwise.
    if len(terms.T) == 1:
        return np.asarray(np.add.accumulate(terms)[-1])
    return np.asarray(np.ascontiguousarray(terms).sum(axis=0))


def names_per_row(names: Sequence[str], holds: Bools) -> tuple[tuple[str, ...], ...]:
    """For each of n rows the names for which ``holds``, (names, n), is true there, in their order."""
    if not holds.any():
        return ((),) * len(holds.T)
    codes = ((1 << np.arange(len(names))) @ holds).tolist()
    told = {code: tuple([name for i, name in enumerate(names) if code >> i & 1]) for code in set(codes)}
    return tuple([told[code] for code in codes])


@memoized_per_batch
def missing_required(batch: Batch, *also: str) -> tuple[str | None, ...]:
    """For each row the first required feature that is NaN, None where all are there."""
    wanted = (*REQUIRED, *(INDEX[name] for name in also))
    gone = np.isnan(batch.columns.take(wanted, axis=0))
    if not gone.any():
        return (None,) * len(batch)
    names = [f"missing_feature:{FEATURES[at]}" for at in wanted]
    return tuple([next(iter(missing), None) for missing in names_per_row(names, gone)])


def add_reason_where(reasons: Sequence[str | None], holds: Bools, reason: str) -> tuple[str | None, ...]:
    """The same reasons, and ``reason`` where there is none and ``holds``, (n,), is true."""
    told = list(reasons)
    for row in holds.nonzero()[0].tolist():
        told[row] = told[row] or reason
    return tuple(told)


def clamp(points: Floats) -> Floats:
    """Points no lower than ``LOWEST`` and no higher than ``HIGHEST``; NaN stays."""
    return np.asarray(np.minimum(np.maximum(points, LOWEST), HIGHEST))


def finish_forecast(
    points: Floats,
    confidence: Floats,
    reasons: Sequence[str | None],
    missing: tuple[tuple[str, ...], ...] | None = None,
    terms: Mapping[str, Floats] | None = None,
    chance: Chance | None = None,
) -> Forecast:
    """Clamp ``points``, keep what they were before, and leave nothing where there is a reason."""
    raw, points = points, clamp(points)
    if any(reasons):
        none = np.array([r is not None for r in reasons], dtype=np.bool_)
        raw, points, confidence = (np.where(none, np.nan, part) for part in (raw, points, confidence))
        if chance is not None:
            chance = Chance(
                *(np.where(none, np.nan, part) for part in (chance.over, chance.low, chance.high))
            )
    none_missing = ((),) * len(reasons)
    return Forecast(points, confidence, tuple(reasons), missing or none_missing, terms or {}, chance, raw)


def fatigue_penalty(tired: float, worn: float) -> Steps:
    """Points lost to fatigue: ``worn`` below 50, ``tired`` below 70, nothing above (100 is fresh)."""
    return Steps((50.0, 70.0), (-worn, -tired, 0.0))


_STEADY = Steps((above(4.0), above(6.0)), (0.0, -8.0, -15.0), unknown=0.0)
_RHYTHM = Steps((2.0, 3.0), (-10.0, 5.0, 10.0), unknown=-10.0)


@memoized_per_batch
def formula_confidence(batch: Batch) -> Floats:
    """20-80: 50, less 8 or 15 for spread over 4 or 6 points, -10 to +10 for games in the last week."""
    steady = _STEADY(batch.feature("points_std_last_10"))
    rhythm = _RHYTHM(batch.feature("games_in_last_7_days"))
    return np.minimum(np.maximum(50.0 + steady + rhythm, 20.0), 80.0)
