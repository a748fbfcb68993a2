"""Gates that a model must pass before it serves, each with evidence. No gate uses MAE alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from shared.domain.arrays import Floats, Ints
from shared.domain.statistics import Interval, mean_by_date

MIN_GRADED = 50
MAX_LINE_BIAS = 1.5
MAX_TIER_BIAS = 5.0
MIN_TIER_ROWS = 10
MAX_ONE_SIDE_SHARE = 0.75
MIN_SIDES = 20
MAX_ERROR_INCREASE = 0.10
"""Points of absolute error by which a candidate may exceed the champion, at the interval's upper end."""

MIN_DATES = 7
"""Game dates on which the candidate must have run in shadow."""

LARGE_SHIFT = 0.25
"""Population stability index above which a shift is large."""

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
    0 none. ``day``: (n,) days since 1970. ``champion``: (n,) the champion's predictions, NaN without
    one.
    """

    predicted: Floats
    actual: Floats
    line: Floats
    side: Ints
    day: Ints
    champion: Floats


def evaluate_gates(trial: Trial, train_end: date, first_graded: date | None) -> list[Gate]:
    """Return the gates that depend on graded rows; all of them must pass."""
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
    return Gate("graded", n >= MIN_GRADED, f"{n} graded rows with a line, expected {MIN_GRADED}")


def _shadow_dates(t: Trial) -> Gate:
    dates = len(np.unique(t.day))
    return Gate("shadow_dates", dates >= MIN_DATES, f"{dates} game dates in shadow, expected {MIN_DATES}")


def _line_bias(t: Trial) -> Gate:
    edge = (t.predicted - t.line)[~np.isnan(t.line)]
    if not len(edge):
        return Gate("line_bias", False, "no row with a line")
    bias = float(edge.mean())
    evidence = f"mean(predicted - line) {bias:+.2f} on {len(edge)} rows, expected within {MAX_LINE_BIAS}"
    return Gate("line_bias", abs(bias) <= MAX_LINE_BIAS, evidence)


def _tier_bias(t: Trial) -> Gate:
    """Check the mean error of each tier of players; the line decides the tier."""
    error = t.predicted - t.actual
    edges = [low for low, _ in TIERS]
    tier = np.searchsorted(edges, np.nan_to_num(t.line, nan=-1.0), side="right") - 1
    texts, worst = [], 0.0
    for i, (_, name) in enumerate(TIERS):
        tier_error = error[(tier == i) & ~np.isnan(t.line)]
        if len(tier_error) >= MIN_TIER_ROWS:
            texts.append(f"{name}: {tier_error.mean():+.2f} (n={len(tier_error)})")
            worst = max(worst, abs(float(tier_error.mean())))
    if not texts:
        return Gate("tier_bias", False, f"no tier has {MIN_TIER_ROWS} graded rows")
    return Gate("tier_bias", worst <= MAX_TIER_BIAS, f"{'; '.join(texts)}; expected within {MAX_TIER_BIAS}")


def _direction(t: Trial) -> Gate:
    sides = t.side[t.side != 0]
    if len(sides) < MIN_SIDES:
        return Gate("direction", False, f"{len(sides)} sides taken, expected {MIN_SIDES} to judge")
    over = float((sides > 0).mean())
    evidence = f"{over:.0%} OVER of {len(sides)} sides, expected at most {MAX_ONE_SIDE_SHARE:.0%} one way"
    return Gate("direction", max(over, 1.0 - over) <= MAX_ONE_SIDE_SHARE, evidence)


def _against_champion(t: Trial) -> Gate:
    both = ~np.isnan(t.champion)
    if not both.any():
        return Gate("against_champion", True, "no champion has rows on the same keys")
    worse = difference(t)
    if worse is None:
        return Gate("against_champion", False, "fewer than two dates in common: no interval")
    evidence = (
        f"absolute error {worse.value:+.3f} [{worse.low:+.3f}, {worse.high:+.3f}] against the champion on "
        f"{int(both.sum())} rows, expected below {MAX_ERROR_INCREASE:+.2f} at the upper end"
    )
    return Gate("against_champion", worse.high <= MAX_ERROR_INCREASE, evidence)


def difference(t: Trial) -> Interval | None:
    """Return the candidate's minus the champion's absolute error on the same rows, resampled by date."""
    both = ~np.isnan(t.champion)
    error_difference = np.abs(t.predicted - t.actual)[both] - np.abs(t.champion - t.actual)[both]
    return mean_by_date(error_difference, t.day[both])


def drift_gate(indices: dict[str, float]) -> Gate:
    """``indices``: population stability index of each feature, recent weeks against training."""
    if not indices:
        return Gate("feature_drift", False, "the bundle has no training distribution to compare with")
    shifted = sorted(((v, f) for f, v in indices.items() if v > LARGE_SHIFT), reverse=True)
    top = ", ".join(f"{name} {value:.2f}" for value, name in shifted[:3])
    evidence = f"{len(shifted)} features above {LARGE_SHIFT} by PSI" + (f": {top}" if shifted else "")
    return Gate("feature_drift", not shifted, evidence)
