"""Recent health of a serving model, as one state with its figures."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from shared.domain.arrays import Floats, Ints
from shared.domain.statistics import BREAKEVEN, Interval, Rate, mean_by_date

MIN_ROWS = 50
WATCH_BIAS, RETRAIN_BIAS = 1.0, 1.5
"""Mean of predicted - line, points."""

WATCH_WORSE, RETRAIN_WORSE = 0.25, 0.5
"""Points of MAE above the line's on the same rows."""


class Health(StrEnum):
    HEALTHY = "HEALTHY"
    WATCH = "WATCH"
    RETRAIN = "RETRAIN"


@dataclass(frozen=True)
class HealthAssessment:
    """Figures of graded live rows; ``mae``, ``line_mae``, ``line_bias`` in points, of the ``lined`` rows."""

    health: Health
    why: str
    n: int
    lined: int
    mae: float | None
    line_mae: float | None
    bias: float | None
    line_bias: float | None
    worse: Interval | None
    hit: Rate


def assess_health(error: Floats, predicted: Floats, line: Floats, day: Ints, hit: Rate) -> HealthAssessment:
    """Assess a model. ``error``: (n,) predicted - actual; ``line`` NaN without one; ``day``: days since 1970.

    RETRAIN needs evidence: the entire interval of the difference to the line above zero, or a bias beyond
    its bound, or a hit rate whose interval ends below break-even.
    """
    lined = ~np.isnan(line)
    edge = (predicted - line)[lined]
    actual = predicted - error
    model_error, line_error = np.abs(error[lined]), np.abs(line[lined] - actual[lined])
    worse = mean_by_date(model_error - line_error, day[lined]) if lined.any() else None
    bias = float(edge.mean()) if len(edge) else None
    health, why = _decide(int(lined.sum()), bias, worse, hit)
    return HealthAssessment(
        health=health,
        why=why,
        n=len(error),
        lined=int(lined.sum()),
        mae=_mean(model_error),
        line_mae=_mean(line_error),
        bias=_mean(error),
        line_bias=bias,
        worse=worse,
        hit=hit,
    )


def _decide(n: int, bias: float | None, worse: Interval | None, hit: Rate) -> tuple[Health, str]:
    """Return the first rule that applies."""
    if bias is None or worse is None or n < MIN_ROWS:
        return Health.WATCH, f"{n} graded live rows with a line, expected {MIN_ROWS} to judge"
    if abs(bias) > RETRAIN_BIAS:
        return Health.RETRAIN, f"mean(predicted - line) {bias:+.2f}, beyond {RETRAIN_BIAS}"
    if worse.value > RETRAIN_WORSE and worse.low > 0:
        return (
            Health.RETRAIN,
            f"MAE {worse.value:+.2f} [{worse.low:+.2f}, {worse.high:+.2f}] against the line",
        )
    if hit.high is not None and hit.n >= MIN_ROWS and hit.high < BREAKEVEN:
        return Health.RETRAIN, f"hit rate {hit.rate:.1%}, its interval ends below {BREAKEVEN:.1%}"
    if abs(bias) > WATCH_BIAS:
        return Health.WATCH, f"mean(predicted - line) {bias:+.2f}, beyond {WATCH_BIAS}"
    if worse.value > WATCH_WORSE:
        return Health.WATCH, f"MAE {worse.value:+.2f} against the line"
    return Health.HEALTHY, f"MAE {worse.value:+.2f} against the line, mean(predicted - line) {bias:+.2f}"


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None
