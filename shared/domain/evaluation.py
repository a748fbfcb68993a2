"""Quality of predictions: errors, hit rates, returns, probabilities. Rows with a NaN line are skipped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Bools, Floats
from shared.domain.market.lines import payout
from shared.domain.statistics import SEED, Rate, wilson

EDGES = {"all": 0.0, "e1": 1.0, "e2": 2.0, "e3": 3.0, "e5": 5.0}
"""Minimum |predicted - line| in points; ``all`` takes every side that is not exactly the line."""

BINS = 5
SIMULATIONS = 2_000
LEAK_RATE, LEAK_ROWS = 0.60, 300
LEAK_LINED_MAE, LEAK_ROTATION_MAE = 4.62, 3.96
"""MAE of the true minutes with a simple scoring rate; a lower MAE suggests a leak."""


def hits(predicted: Floats, line: Floats, actual: Floats) -> dict[str, Rate]:
    """Return the hit rate by minimum edge: the side is the sign of predicted - line, pushes are left out."""
    edge = predicted - line
    decided = ~np.isnan(edge) & (edge != 0) & (actual != line)
    won = (edge > 0) == (actual > line)
    return {
        name: wilson(int(np.sum(won & counted)), int(counted.sum()))
        for name, minimum in EDGES.items()
        for counted in [decided & (np.abs(edge) >= minimum)]
    }


def always_under(line: Floats, actual: Floats) -> Rate:
    decided = ~np.isnan(line) & (actual != line)
    return wilson(int(np.sum((actual < line) & decided)), int(decided.sum()))


def returns(
    side: Floats, line: Floats, actual: Floats, over: Floats, under: Floats
) -> tuple[float | None, int]:
    """Return the mean return per unit staked at the quoted American odds, and how many bets had a price.

    ``side``: positive OVER, negative UNDER, 0 no bet. A push returns the stake.
    """
    price = np.where(side > 0, over, under)
    bets = (side != 0) & ~np.isnan(price) & ~np.isnan(line)
    if not bets.any():
        return None, 0
    profit = payout(price)
    won = (side > 0) == (actual > line)
    gained = np.where(actual == line, 0.0, np.where(won, profit, -1.0))
    return float(gained[bets].mean()), int(bets.sum())


@dataclass(frozen=True)
class Bin:
    """One equal-mass bin of a reliability table: mean ``forecast`` and observed (``seen``) rate, 0-1."""

    n: int
    forecast: float
    seen: float


def log_loss(p: Floats, won: Bools) -> float:
    """Return the mean of -log of the forecast probability of the actual outcome."""
    q = np.clip(p, 1e-6, 1.0 - 1e-6)
    return float(-np.mean(np.where(won, np.log(q), np.log(1.0 - q))))


def brier(p: Floats, won: Bools) -> float:
    return float(np.mean((p - won) ** 2))


def reliability(p: Floats, won: Bools, bins: int = BINS) -> list[Bin]:
    """Return forecast and frequency in bins of equal mass, ties broken by order."""
    order = np.argsort(p, kind="stable")
    return [
        Bin(len(part), float(p[part].mean()), float(won[part].mean()))
        for part in np.array_split(order, bins)
        if len(part)
    ]


def calibration_error(p: Floats, won: Bools) -> float:
    """Return the expected calibration error over bins of equal mass, 0-1."""
    table = reliability(p, won)
    return float(sum(b.n * abs(b.forecast - b.seen) for b in table) / max(len(p), 1))


def calibration_limit(p: Floats) -> float:
    """Return the 95th percentile of the error of a perfectly calibrated forecaster on rows like these."""
    rng = np.random.default_rng(SEED)
    simulated = [calibration_error(p, rng.random(len(p)) < p) for _ in range(SIMULATIONS)]
    return float(np.quantile(simulated, 0.95))


def suspected_leaks(
    name: str, lined_mae: float | None, rotation_mae: float | None, rates: dict[str, Rate]
) -> list[str]:
    """Return a sentence for each figure that is too good to be true."""
    suspicions = []
    for mae, limit, rows in (
        (lined_mae, LEAK_LINED_MAE, "rows with a line"),
        (rotation_mae, LEAK_ROTATION_MAE, "rotation players"),
    ):
        if mae is not None and mae < limit:
            suspicions.append(f"{name}: MAE {mae:.3f} on {rows}, below {limit} that known minutes would give")
    for edge, rate in rates.items():
        if rate.rate is not None and rate.n >= LEAK_ROWS and rate.rate > LEAK_RATE:
            suspicions.append(
                f"{name}: hit rate {rate.rate:.1%} at {edge} on {rate.n} rows, above {LEAK_RATE:.0%}"
            )
    return suspicions
