"""The line, moved only as far as the evidence supports: points and a probability of OVER.

The constants were chosen by walk-forward on three windows of lines and are small on purpose: on none of them
did a larger step help. Source: our own; ``docs/adr/0009`` says what was tried.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PULL = 0.2
"""Share of the way from the line to the forecast without a line."""

SKEW = 7.0
"""Points for a market probability of OVER one above a half: prices say on which side of the line it leans."""

LOGIT_PULL = 0.25
"""Change of the log odds of OVER for a forecast one standard deviation above the line."""


def spread(line: Floats) -> Floats:
    """Standard deviation of points around a line, points; grows with it."""
    return np.maximum(3.0, 0.9 + 0.38 * line)


def points(line: Floats, forecast: Floats, market: Floats) -> Floats:
    """Expected points: the forecast where there is no line; ``market`` is P(OVER), NaN where unpriced."""
    lean = np.where(np.isnan(market), 0.0, market - 0.5)
    anchored = line + PULL * (forecast - line) + SKEW * lean
    return np.clip(np.where(np.isnan(line), forecast, anchored), 0.0, 60.0)


def over(line: Floats, forecast: Floats, market: Floats) -> Floats:
    """P(OVER) 0-1: the market's log odds moved a little towards the forecast; NaN without a line."""
    even = np.where(np.isnan(market), 0.5, np.clip(market, 0.01, 0.99))
    odds = np.log(even / (1.0 - even)) + LOGIT_PULL * (forecast - line) / spread(line)
    return 1.0 / (1.0 + np.exp(-odds))
