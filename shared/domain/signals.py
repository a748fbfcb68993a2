"""What the active picks of a game date say as a whole: skew, volume and a calibration alarm."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Strings = NDArray[np.str_]

LEAST_PICKS = 10
HIGH_EDGE = 5.0
PREMIUM_CONFIDENCE, PREMIUM_EDGE = 92.0, 3.0
UNDER_HEAVY, OVER_HEAVY, YELLOW_OVER = 25.0, 40.0, 45.0
FEW_HIGH_EDGE, MANY_HIGH_EDGE = 3, 8
ALARM = 1.5
"""Mean of predicted - line beyond which a model is out of calibration, points."""


class Signal(StrEnum):
    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"
    NONE = "NONE"


STAKE = {Signal.GREEN: 1.0, Signal.YELLOW: 1.0, Signal.RED: 0.5, Signal.NONE: 1.0}
"""Advice: on a RED day stake half, or leave high edges alone."""


@dataclass(frozen=True)
class DailySignal:
    """Shares 0-100 are of all rows with a line; None where there is none."""

    total_picks: int
    high_edge_picks: int
    premium_picks: int
    pct_over: float | None
    pct_under: float | None
    pct_pass: float | None
    avg_confidence: float | None
    avg_edge: float | None
    avg_pvl: float | None
    skew_category: str
    volume_category: str
    daily_signal: Signal
    signal_explanation: str

    @property
    def alarm(self) -> bool:
        """Whether predictions lie so far to one side of the lines that the model is in doubt."""
        return self.avg_pvl is not None and abs(self.avg_pvl) > ALARM


def daily_signal(recommendation: Strings, edge: Floats, confidence: Floats) -> DailySignal:
    """The signal of one system's rows with a line. ``edge`` in points, ``confidence`` 0-100."""
    n = len(edge)
    high = int(np.sum(np.abs(edge) >= HIGH_EDGE))
    premium = int(np.sum((confidence >= PREMIUM_CONFIDENCE) & (np.abs(edge) >= PREMIUM_EDGE)))
    over, under, passed = (_percent(recommendation == side) for side in ("OVER", "UNDER", "PASS"))
    signal, why = _decide(n, over, high)
    return DailySignal(
        total_picks=n,
        high_edge_picks=high,
        premium_picks=premium,
        pct_over=over,
        pct_under=under,
        pct_pass=passed,
        avg_confidence=_mean(confidence),
        avg_edge=_mean(np.abs(edge)),
        avg_pvl=_mean(edge),
        skew_category=_skew(over),
        volume_category="LOW" if high < FEW_HIGH_EDGE else "HIGH" if high > MANY_HIGH_EDGE else "NORMAL",
        daily_signal=signal,
        signal_explanation=why,
    )


def _decide(n: int, over: float | None, high: int) -> tuple[Signal, str]:
    """The first rule that fits."""
    if over is None or n < LEAST_PICKS:
        return Signal.NONE, f"{n} rows with a line, wanted at least {LEAST_PICKS}"
    if over < UNDER_HEAVY:
        return Signal.RED, f"{over:.1f} % OVER, below {UNDER_HEAVY:.0f} %"
    if high < FEW_HIGH_EDGE:
        return Signal.YELLOW, f"{high} picks with an edge of {HIGH_EDGE:.0f}, fewer than {FEW_HIGH_EDGE}"
    if over > YELLOW_OVER:
        return Signal.YELLOW, f"{over:.1f} % OVER, above {YELLOW_OVER:.0f} %"
    return Signal.GREEN, f"{over:.1f} % OVER, {high} picks with an edge of {HIGH_EDGE:.0f}"


def _skew(over: float | None) -> str:
    if over is None:
        return "NONE"
    return "UNDER_HEAVY" if over < UNDER_HEAVY else "OVER_HEAVY" if over > OVER_HEAVY else "BALANCED"


def _percent(chosen: NDArray[np.bool_]) -> float | None:
    return round(100.0 * float(chosen.mean()), 2) if len(chosen) else None


def _mean(values: Floats) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None
