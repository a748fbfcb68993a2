"""The line, moved only as far as the evidence supports: points, an interval and a probability of OVER.

The constants were chosen by walk-forward on three windows of lines and are small on purpose: larger steps
helped on none of them. Source: our own; ``docs/adr/0009`` lists the alternatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Floats
from shared.domain.features.context import without_market
from shared.domain.systems.assembly import add_reason_where, clamp, finish_forecast, missing_required
from shared.domain.systems.base import Batch, Chance, Forecast, Regressor

PULL = 0.2
"""Share of the way from the line to the forecast without a line."""

SKEW = 7.0
"""Points per unit of market P(OVER) above a half: prices show which side of the line is more likely."""

LOGIT_PULL = 0.25
"""Change of the log odds of OVER for a forecast one standard deviation above the line."""

COVERED = 0.8
"""Share of players whose points are within the interval."""

LOW, HIGH = (-3.4, 0.7), (7.4, 1.1)
"""The interval's ends, points: constant, and slope on the predicted points; scoring is skewed upwards."""

BREAKEVEN_PERCENT = 100.0 * 110.0 / 210.0
"""Break-even hit rate at odds of -110, per cent."""


@dataclass(frozen=True)
class LineAnchored:
    """The line plus ``PULL`` of the way to ``model``'s forecast, which has no market inputs, plus the lean
    of the prices; without a line, that forecast. Points 0-60.

    Confidence is 100 x the probability that the predicted side of the line wins, 50 without a line; a side
    needs the break-even rate at -110 and an edge of a point.
    """

    model: Regressor
    system_id: str = "line_anchored_v1"
    min_edge: float = 1.0
    min_confidence: float = BREAKEVEN_PERCENT
    members: tuple[str, ...] = ()

    def inputs(self, batch: Batch) -> Floats:
        return without_market(batch.features, batch.context)

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:  # noqa: ARG002
        without_line = self.model.predict(self.inputs(batch))
        line, market = batch.line, batch.market
        unclamped = anchored_points(line, without_line, market)
        expected = clamp(unclamped)
        chance = p_over(line, without_line, market)
        side = np.where(expected >= line, chance, 1.0 - chance)
        confidence = np.where(np.isnan(line), 50.0, 100.0 * side)
        no_context = np.asarray(np.isnan(batch.context.T).all(axis=0))
        reasons = add_reason_where(missing_required(batch), no_context, "missing_feature:context")
        low, high = interval(expected)
        has_line = ~np.isnan(line)
        terms = {
            "line": np.where(has_line, (1.0 - PULL) * line, 0.0),
            "prices": np.where(has_line, SKEW * lean(market), 0.0),
            "model": np.where(has_line, PULL, 1.0) * without_line,
        }
        return finish_forecast(unclamped, confidence, reasons, terms=terms, chance=Chance(chance, low, high))


def spread(line: Floats) -> Floats:
    """Return the standard deviation of points around a line, in points; it grows with the line."""
    return np.maximum(3.0, 0.9 + 0.38 * line)


def lean(market: Floats) -> Floats:
    """Return the market's probability of OVER minus a half; 0 without one."""
    return np.where(np.isnan(market), 0.0, market - 0.5)


def expected_points(line: Floats, forecast: Floats, market: Floats) -> Floats:
    """Return expected points 0-60: the forecast without a line; ``market`` is P(OVER), NaN if unpriced."""
    return clamp(anchored_points(line, forecast, market))


def anchored_points(line: Floats, forecast: Floats, market: Floats) -> Floats:
    """Return expected points before clamping."""
    adjusted = line + PULL * (forecast - line) + SKEW * lean(market)
    return np.where(np.isnan(line), forecast, adjusted)


def p_over(line: Floats, forecast: Floats, market: Floats) -> Floats:
    """Return P(OVER) 0-1, pushes excluded: the market's log odds moved slightly towards the forecast; NaN
    without a line."""
    probability = np.where(np.isnan(market), 0.5, np.clip(market, 0.01, 0.99))
    odds = np.log(probability / (1.0 - probability)) + LOGIT_PULL * (forecast - line) / spread(line)
    return 1.0 / (1.0 + np.exp(-odds))


def interval(expected: Floats) -> tuple[Floats, Floats]:
    """Return the points between which ``COVERED`` of the players with these expected points score."""
    low, high = (constant + slope * expected for constant, slope in (LOW, HIGH))
    return np.maximum(low, 0.0), high
