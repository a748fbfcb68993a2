"""The line, moved only as far as the evidence supports: points, an interval and a probability of OVER.

The constants were chosen by walk-forward on three windows of lines and are small on purpose: on none of them
did a larger step help. Source: our own; ``docs/adr/0009`` says what was tried.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.features.context import without_market
from shared.domain.systems.assembly import add_reason_where, clamp, finish_forecast, missing_required
from shared.domain.systems.base import Batch, Chance, Floats, Forecast, Regressor

PULL = 0.2
"""Share of the way from the line to the forecast without a line."""

SKEW = 7.0
"""Points for a market probability of OVER one above a half: prices say on which side of the line it leans."""

LOGIT_PULL = 0.25
"""Change of the log odds of OVER for a forecast one standard deviation above the line."""

COVERED = 0.8
"""Share of players whose points lie within the interval."""

LOW, HIGH = (-3.4, 0.7), (7.4, 1.1)
"""The interval's ends, points: constant, and slope on the predicted points; scoring is skewed upwards."""

PAYS = 100.0 * 110.0 / 210.0
"""Per cent of hits that pay for odds of -110."""


@dataclass(frozen=True)
class LineAnchored:
    """The line plus ``PULL`` of the way to ``model``'s forecast, which never saw the market, plus the lean
    of the prices; where no line stands, that forecast. Points 0-60.

    Confidence is 100 x the probability that the side of the line on which the points lie wins, 50 without a
    line; a side is worth taking from the rate that pays for -110 and an edge of a point.
    """

    model: Regressor
    system_id: str = "line_anchored_v1"
    min_edge: float = 1.0
    min_confidence: float = PAYS
    members: tuple[str, ...] = ()

    def inputs(self, batch: Batch) -> Floats:
        return without_market(batch.features, batch.context)

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:  # noqa: ARG002
        alone = self.model.predict(self.inputs(batch))
        line, market = batch.line, batch.market
        unclamped = anchored_points(line, alone, market)
        expected = clamp(unclamped)
        chance = p_over(line, alone, market)
        side = np.where(expected >= line, chance, 1.0 - chance)
        confidence = np.where(np.isnan(line), 50.0, 100.0 * side)
        unknown = np.asarray(np.isnan(batch.context.T).all(axis=0))
        reasons = add_reason_where(missing_required(batch), unknown, "missing_feature:context")
        low, high = interval(expected)
        lined = ~np.isnan(line)
        terms = {
            "line": np.where(lined, (1.0 - PULL) * line, 0.0),
            "prices": np.where(lined, SKEW * lean(market), 0.0),
            "model": np.where(lined, PULL, 1.0) * alone,
        }
        return finish_forecast(unclamped, confidence, reasons, terms=terms, chance=Chance(chance, low, high))


def spread(line: Floats) -> Floats:
    """Standard deviation of points around a line, points; grows with it."""
    return np.maximum(3.0, 0.9 + 0.38 * line)


def lean(market: Floats) -> Floats:
    """How far the market's probability of OVER lies above a half; 0 where it is not known."""
    return np.where(np.isnan(market), 0.0, market - 0.5)


def expected_points(line: Floats, forecast: Floats, market: Floats) -> Floats:
    """Expected points 0-60: the forecast where there is no line; ``market`` is P(OVER), NaN if unpriced."""
    return clamp(anchored_points(line, forecast, market))


def anchored_points(line: Floats, forecast: Floats, market: Floats) -> Floats:
    """The same before clamping."""
    moved = line + PULL * (forecast - line) + SKEW * lean(market)
    return np.where(np.isnan(line), forecast, moved)


def p_over(line: Floats, forecast: Floats, market: Floats) -> Floats:
    """P(OVER) 0-1, pushes out: the market's log odds moved a little towards the forecast; NaN without a
    line."""
    even = np.where(np.isnan(market), 0.5, np.clip(market, 0.01, 0.99))
    odds = np.log(even / (1.0 - even)) + LOGIT_PULL * (forecast - line) / spread(line)
    return 1.0 / (1.0 + np.exp(-odds))


def interval(expected: Floats) -> tuple[Floats, Floats]:
    """Points between which ``COVERED`` of the players end who are expected to score so many."""
    low, high = (constant + slope * expected for constant, slope in (LOW, HIGH))
    return np.maximum(low, 0.0), high
