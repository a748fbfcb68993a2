"""The gates that a model passes before it serves; each says what it saw. No gate looks at MAE alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from shared.domain.statistics import Interval, mean_by_date

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MIN_GRADED = 50
MAX_LINE_BIAS = 1.5
MAX_TIER_BIAS = 5.0
MIN_TIER_ROWS = 10
MAX_ONE_SIDE_SHARE = 0.75
MIN_SIDES = 20
MAX_ERROR_INCREASE = 0.10
"""Points of absolute error by which a candidate may be worse than the champion, at the upper end."""

MIN_DATES = 7
"""Game dates on which the candidate must have run in shadow."""

LARGE_SHIFT = 0.25
"""Population stability index above which a shift is called large."""

TIERS = (
    (0.0, "bench, line below 8"),
    (8.0, "role, 8 to 15"),
    (15.0, "starter, 15 to 25"),
    (25.0, "star, 25 and more"),
)


@dataclass(frozen=True)
class Gate:
    name: str
    passed: bool
    evidence: str


@dataclass(frozen=True)
class Trial:
    """Graded shadow rows of a candidate whose players played, and the champion's on the same keys.

    ``predicted``, ``actual``, ``line``: (n,) points, line NaN without one. ``side``: (n,) 1 OVER, -1 UNDER,
    0 none. ``day``: (n,) days since 1970. ``champion``: (n,) the champion's predictions, NaN where it has
    none.
    """

    predicted: Floats
    actual: Floats
    line: Floats
    side: Ints
    day: Ints
    champion: Floats


def evaluate_gates(trial: Trial, train_end: date, first_graded: date | None) -> list[Gate]:
    """The gates that graded rows decide, all of which must pass."""
    return [
        _overlap(train_end, first_graded),
        _graded(trial),
        _shadow_dates(trial),
        _line_bias(trial),
        _tier_bias(trial),
        _direction(trial),
        _against_champion(trial),
    ]


def _overlap(train_end: date, first: date | None) -> Gate:
    if first is None:
        return Gate("no_overlap", False, "nothing is graded")
    return Gate("no_overlap", train_end < first, f"trained to {train_end}, first graded date {first}")


def _graded(t: Trial) -> Gate:
    n = int(np.sum(~np.isnan(t.line)))
    return Gate("graded", n >= MIN_GRADED, f"{n} graded rows with a line, wanted {MIN_GRADED}")


def _shadow_dates(t: Trial) -> Gate:
    dates = len(np.unique(t.day))
    return Gate("shadow_dates", dates >= MIN_DATES, f"{dates} game dates in shadow, wanted {MIN_DATES}")


def _line_bias(t: Trial) -> Gate:
    gap = (t.predicted - t.line)[~np.isnan(t.line)]
    if not len(gap):
        return Gate("line_bias", False, "no row with a line")
    bias = float(gap.mean())
    said = f"mean(predicted - line) {bias:+.2f} on {len(gap)} rows, wanted within {MAX_LINE_BIAS}"
    return Gate("line_bias", abs(bias) <= MAX_LINE_BIAS, said)


def _tier_bias(t: Trial) -> Gate:
    """Mean error of each tier of players, told by their line."""
    error = t.predicted - t.actual
    edges = [low for low, _ in TIERS]
    tier = np.searchsorted(edges, np.nan_to_num(t.line, nan=-1.0), side="right") - 1
    told, worst = [], 0.0
    for i, (_, name) in enumerate(TIERS):
        mine = error[(tier == i) & ~np.isnan(t.line)]
        if len(mine) >= MIN_TIER_ROWS:
            told.append(f"{name}: {mine.mean():+.2f} (n={len(mine)})")
            worst = max(worst, abs(float(mine.mean())))
    if not told:
        return Gate("tier_bias", False, f"no tier has {MIN_TIER_ROWS} graded rows")
    return Gate("tier_bias", worst <= MAX_TIER_BIAS, f"{'; '.join(told)}; wanted within {MAX_TIER_BIAS}")


def _direction(t: Trial) -> Gate:
    sides = t.side[t.side != 0]
    if len(sides) < MIN_SIDES:
        return Gate("direction", False, f"{len(sides)} sides taken, wanted {MIN_SIDES} to judge")
    over = float((sides > 0).mean())
    said = f"{over:.0%} OVER of {len(sides)} sides, wanted at most {MAX_ONE_SIDE_SHARE:.0%} one way"
    return Gate("direction", max(over, 1.0 - over) <= MAX_ONE_SIDE_SHARE, said)


def _against_champion(t: Trial) -> Gate:
    both = ~np.isnan(t.champion)
    if not both.any():
        return Gate("against_champion", True, "no champion has rows on the same keys")
    worse = difference(t)
    if worse is None:
        return Gate("against_champion", False, "fewer than two dates in common: no interval")
    said = (
        f"absolute error {worse.value:+.3f} [{worse.low:+.3f}, {worse.high:+.3f}] against the champion on "
        f"{int(both.sum())} rows, wanted below {MAX_ERROR_INCREASE:+.2f} at the upper end"
    )
    return Gate("against_champion", worse.high <= MAX_ERROR_INCREASE, said)


def difference(t: Trial) -> Interval | None:
    """Candidate's less champion's absolute error on the same rows, resampled by date."""
    both = ~np.isnan(t.champion)
    gap = np.abs(t.predicted - t.actual)[both] - np.abs(t.champion - t.actual)[both]
    return mean_by_date(gap, t.day[both])


def drift_gate(indices: dict[str, float]) -> Gate:
    """``indices``: population stability of each feature of the last weeks against the training."""
    if not indices:
        return Gate("feature_drift", False, "the bundle has no training distribution to compare with")
    moved = sorted(((v, f) for f, v in indices.items() if v > LARGE_SHIFT), reverse=True)
    top = ", ".join(f"{name} {value:.2f}" for value, name in moved[:3])
    said = f"{len(moved)} features above {LARGE_SHIFT} by PSI" + (f": {top}" if moved else "")
    return Gate("feature_drift", not moved, said)
