"""Intervals and tests, with their assumptions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Bools, Floats, Ints

Z95 = 1.959963984540054
BREAKEVEN = 110.0 / 210.0
"""Break-even hit rate at odds of -110 both ways."""

PERMUTATIONS, RESAMPLES = 10_000, 2_000
SEED = 20250324


@dataclass(frozen=True)
class Rate:
    """``hits`` of ``n`` with a 95 % interval; ``rate``, ``low`` and ``high`` are 0-1, None for n = 0."""

    hits: int
    n: int
    rate: float | None
    low: float | None
    high: float | None


def wilson(hits: int, n: int) -> Rate:
    """Return Wilson's 95 % interval, which assumes independent trials."""
    if n == 0:
        return Rate(0, 0, None, None, None)
    p, z2 = hits / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Rate(hits, n, p, max(min(centre - half, p), 0.0), min(max(centre + half, p), 1.0))


@dataclass(frozen=True)
class Difference:
    """Two rates compared. ``z``: pooled two-proportion score; ``p``: two-sided."""

    z: float
    p: float


def two_proportions(hits_a: int, n_a: int, hits_b: int, n_b: int) -> Difference | None:
    """Test b's rate minus a's with all trials independent; None if a side is empty or constant."""
    if n_a == 0 or n_b == 0:
        return None
    pooled = (hits_a + hits_b) / (n_a + n_b)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    if spread == 0.0:
        return None
    z = (hits_b / n_b - hits_a / n_a) / spread
    return Difference(z, math.erfc(abs(z) / math.sqrt(2.0)))


def by_date(hits: Ints, n: Ints, in_a: Bools) -> Difference | None:
    """Test the same difference with game dates as units, since picks of one date are correlated.

    ``hits``, ``n``: (d,) of each date; ``in_a``: whether it is in group a. ``z`` uses the cluster-robust
    variance of both rates; ``p`` comes from permuting the dates' groups, 10,000 times from a fixed seed.
    None if a group has fewer than two dates or no trial.
    """
    if in_a.sum() < 2 or (~in_a).sum() < 2 or n[in_a].sum() == 0 or n[~in_a].sum() == 0:
        return None
    gap = _gap(hits, n, in_a)
    variance = _cluster_variance(hits[in_a], n[in_a]) + _cluster_variance(hits[~in_a], n[~in_a])
    rng = np.random.default_rng(SEED)
    labels = rng.permuted(np.tile(in_a, (PERMUTATIONS, 1)), axis=1)
    gaps = _gaps(hits, n, labels)
    as_extreme = int(np.sum(np.abs(gaps) >= abs(gap) - 1e-12))
    z = gap / math.sqrt(variance) if variance > 0.0 else math.copysign(math.inf, gap) if gap else 0.0
    return Difference(z, (1 + as_extreme) / (1 + PERMUTATIONS))


def _gap(hits: Ints, n: Ints, in_a: Bools) -> float:
    return float(hits[~in_a].sum() / n[~in_a].sum() - hits[in_a].sum() / n[in_a].sum())


def _gaps(hits: Ints, n: Ints, labels: Bools) -> Floats:
    """Return the difference under each row of labels; 0 if a group has no trial."""
    a_hits, a_n = labels @ hits, labels @ n
    b_hits, b_n = hits.sum() - a_hits, n.sum() - a_n
    empty = (a_n == 0) | (b_n == 0)
    gaps = b_hits / np.where(empty, 1, b_n) - a_hits / np.where(empty, 1, a_n)
    return np.where(empty, 0.0, gaps)


def _cluster_variance(hits: Ints, n: Ints) -> float:
    groups, total = len(n), n.sum()
    residual = hits - n * (hits.sum() / total)
    return float(groups / (groups - 1) * np.sum(residual**2) / total**2)


@dataclass(frozen=True)
class Distribution:
    """Distribution of a feature: nine inner deciles, the share in each of ten bins, and missing."""

    edges: list[float]
    shares: list[float]
    missing: float


def distribution(values: Floats) -> Distribution:
    """Return the distribution of (n,) values, NaN where missing; bins of equal values are merged."""
    present = values[~np.isnan(values)]
    edges = np.unique(np.quantile(present, np.arange(1, 10) / 10)) if len(present) else np.zeros(0)
    return Distribution(edges.tolist(), _shares(present, edges), _missing(values))


def stability(reference: Distribution, values: Floats) -> float:
    """Return the population stability index of values against a reference, missing as its own bin.

    0 is the same distribution; above 0.1 is usually a shift and above 0.25 a large one. Shares are at least
    0.0001, so that an empty bin does not give infinity.
    """
    present = values[~np.isnan(values)]
    current = np.array([*_shares(present, np.array(reference.edges)), 0.0]) * (1 - _missing(values))
    expected = np.array([*reference.shares, 0.0]) * (1 - reference.missing)
    current[-1], expected[-1] = _missing(values), reference.missing
    current, expected = np.maximum(current, 1e-4), np.maximum(expected, 1e-4)
    return float(np.sum((current - expected) * np.log(current / expected)))


def _shares(present: Floats, edges: Floats) -> list[float]:
    counts = np.bincount(np.searchsorted(edges, present, side="left"), minlength=len(edges) + 1)
    return [float(c) for c in counts / max(len(present), 1)]


def _missing(values: Floats) -> float:
    return float(np.isnan(values).mean()) if len(values) else 1.0


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float


def mean_by_date(values: Floats, day: Ints) -> Interval | None:
    """Return the mean of (n,) values; game dates are resampled 2,000 times from a fixed seed.

    None for fewer than two dates, since one date does not show how dates differ.
    """
    days, code = np.unique(day, return_inverse=True)
    if len(days) < 2:
        return None
    total = np.bincount(code, weights=values, minlength=len(days))
    count = np.bincount(code, minlength=len(days))
    resampled = np.random.default_rng(SEED).integers(0, len(days), (RESAMPLES, len(days)))
    means = total[resampled].sum(axis=1) / count[resampled].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(values.mean()), float(low), float(high))
