"""The signal of a game date: whether one system's sides are as usual, and a calibration alarm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from statistics import fmean, median, pstdev

import numpy as np

from shared.domain.arrays import Bools, Floats, Strings
from shared.domain.vocabulary import Side

MIN_PICKS = 10
"""Minimum number of rows with a line; with fewer, a date has no signal."""

MIN_SIDES = 10
"""Minimum number of sides (OVER and UNDER); with fewer, a date has no signal. Most rows are PASS."""

HISTORY_DATES = 30
"""Maximum number of earlier dates to compare with: the system's newest ones with enough rows and sides."""

HISTORY_SPAN = timedelta(days=90)
"""Maximum age of those dates: a system's results of last season differ from current ones."""

MIN_HISTORY_DATES = 5
"""Minimum of such dates; with fewer, the fixed limits ``FEW_OVER`` and ``MANY_OVER`` apply."""

UNUSUAL = 2.0
"""A date is unusual if its share of OVER is more standard deviations than this from the system's mean."""

FEW_OVER, MANY_OVER = 25.0, 75.0
"""Limits in per cent of OVER among the sides, for a system with too little history."""

HIGH_EDGE = 5.0
PREMIUM_CONFIDENCE, PREMIUM_EDGE = 92.0, 3.0
UNDER_HEAVY, OVER_HEAVY = 25.0, 40.0
FEW_HIGH_EDGE, MANY_HIGH_EDGE = 3, 8
ALARM = 1.5
"""A model is out of calibration if its mean of predicted - line is farther from 0 than this, in points."""


class Signal(StrEnum):
    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"
    NO_SIGNAL = "NO_SIGNAL"


STAKE = {Signal.GREEN: 1.0, Signal.YELLOW: 1.0, Signal.RED: 0.5, Signal.NO_SIGNAL: 1.0}
"""Advice: on a RED day stake half, or skip high edges."""


@dataclass(frozen=True)
class EarlierDay:
    """An earlier date of the same system. ``pct_over``, ``pct_under``: 0-100 of its ``picks``, the rows with
    a line."""

    picks: int
    pct_over: float
    pct_under: float
    high_edge_picks: int

    @property
    def sides(self) -> int:
        return round(self.picks * (self.pct_over + self.pct_under) / 100.0)

    @property
    def share_over(self) -> float:
        """Per cent OVER among the sides taken."""
        return 100.0 * self.pct_over / (self.pct_over + self.pct_under)


@dataclass(frozen=True)
class DailySignal:
    """Shares 0-100 are of all rows with a line; None without such rows."""

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
        """Whether predictions are so far to one side of the lines that the model is in doubt."""
        return self.avg_pvl is not None and abs(self.avg_pvl) > ALARM


def daily_signal(
    recommendation: Strings, edge: Floats, confidence: Floats, earlier: Sequence[EarlierDay] = ()
) -> DailySignal:
    """Return the signal of one system's rows with a line on one date.

    ``edge`` in points, ``confidence`` 0-100. ``earlier``: dates strictly before this one, the newest first;
    ``comparable`` chooses those that count.
    """
    n = len(edge)
    high = int(np.sum(np.abs(edge) >= HIGH_EDGE))
    premium = int(np.sum((confidence >= PREMIUM_CONFIDENCE) & (np.abs(edge) >= PREMIUM_EDGE)))
    over, under, passed = (_percent(recommendation == side) for side in (Side.OVER, Side.UNDER, Side.PASS))
    overs, unders = (int(np.sum(recommendation == side)) for side in (Side.OVER, Side.UNDER))
    signal, why = _decide(n, overs, unders, high, comparable(earlier))
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


def comparable(earlier: Sequence[EarlierDay]) -> list[EarlierDay]:
    """Return the newest ``HISTORY_DATES`` of the dates that had enough rows and sides."""
    usable = [d for d in earlier if d.picks >= MIN_PICKS and d.sides >= MIN_SIDES]
    return usable[:HISTORY_DATES]


def missing_signal_reason(picks: int, sides: int) -> str | None:
    """Return why a date has no signal; ``picks``: its rows with a line. None if it has one."""
    if picks < MIN_PICKS:
        return f"{picks} rows with a line, at least {MIN_PICKS} needed"
    if sides < MIN_SIDES:
        return f"{sides} of {picks} rows take a side, at least {MIN_SIDES} needed"
    return None


def _decide(n: int, over: int, under: int, high: int, earlier: Sequence[EarlierDay]) -> tuple[Signal, str]:
    """Return the first rule that applies, and its reason."""
    sides = over + under
    missing_reason = missing_signal_reason(n, sides)
    if missing_reason is not None:
        return Signal.NO_SIGNAL, missing_reason
    share = 100.0 * over / sides
    low, top, usual = _limits(sides, earlier)
    share_text = f"{share:.0f} % of {sides} sides are OVER, {usual}"
    if share < low:
        return Signal.RED, f"{share_text}: unusually few"
    if share > top:
        return Signal.YELLOW, f"{share_text}: unusually many"
    if high < FEW_HIGH_EDGE <= median([d.high_edge_picks for d in earlier] or [0]):
        few_text = f"rows with an edge of {HIGH_EDGE:.0f} points: {high}, usually {FEW_HIGH_EDGE} or more"
        return Signal.YELLOW, f"{few_text}; {share_text}"
    return Signal.GREEN, share_text


def _limits(sides: int, earlier: Sequence[EarlierDay]) -> tuple[float, float, str]:
    """Return the lowest and the highest usual per cent of OVER for so many sides, and a text.

    The spread is that of the system's own dates, and at least the random spread of ``sides`` picks.
    """
    if len(earlier) < MIN_HISTORY_DATES:
        reason = f"{len(earlier)} of the {MIN_HISTORY_DATES} earlier dates that its own limits need"
        return FEW_OVER, MANY_OVER, f"fixed limits {FEW_OVER:.0f} to {MANY_OVER:.0f} % ({reason})"
    shares = [d.share_over for d in earlier]
    mean = fmean(shares)
    spread = UNUSUAL * max(pstdev(shares), (mean * (100.0 - mean) / sides) ** 0.5)
    low, top = max(mean - spread, 0.0), min(mean + spread, 100.0)
    return low, top, f"usual {low:.0f} to {top:.0f} % on its last {len(earlier)} dates"


def _skew(over: float | None) -> str:
    if over is None:
        return "NONE"
    return "UNDER_HEAVY" if over < UNDER_HEAVY else "OVER_HEAVY" if over > OVER_HEAVY else "BALANCED"


def _percent(chosen: Bools) -> float | None:
    return round(100.0 * float(chosen.mean()), 2) if len(chosen) else None


def _mean(values: Floats) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None
