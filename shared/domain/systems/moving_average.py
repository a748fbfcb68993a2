"""Weighted averages of a player's scoring, adjusted for the game."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.systems.assembly import (
    fatigue_penalty,
    finish_forecast,
    formula_confidence,
    missing_required,
    sum_terms,
)
from shared.domain.systems.base import Batch, Forecast

_FATIGUE = fatigue_penalty(tired=1.0, worn=2.5)


@dataclass(frozen=True)
class MovingAverage:
    """0.50 x last 5 + 0.30 x last 10 + 0.20 x season, in points, plus adjustments; range 0-60.

    Adjustments: fatigue -2.5 below a score of 50, -1.0 below 70; +0.3 x shot-zone mismatch; -1.5 on the
    second of two days; +0.3 x pace score; +0.5 at home, -0.5 away; +0.4 x usage spike. Confidence 20-80
    from the spread of the last ten games and the games of the last week. Source: the averages system of
    the inherited formulas, with fatigue defined so that 100 is fresh.
    """

    system_id: str = "moving_average"
    min_edge: float = 2.0
    min_confidence: float = 45.0
    members: tuple[str, ...] = ()

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:  # noqa: ARG002
        base = (
            0.50 * batch.feature("points_avg_last_5")
            + 0.30 * batch.feature("points_avg_last_10")
            + 0.20 * batch.feature("points_avg_season")
        )
        shifts = sum_terms(
            {
                "fatigue_score": _FATIGUE(batch.feature("fatigue_score")),
                "shot_zone_mismatch_score": 0.3 * batch.feature("shot_zone_mismatch_score"),
                "back_to_back": -1.5 * batch.feature("back_to_back"),
                "pace_score": 0.3 * batch.feature("pace_score"),
                "home_away": np.where(batch.feature("home_away") == 1.0, 0.5, -0.5),
                "usage_spike_score": 0.4 * batch.feature("usage_spike_score"),
            }
        )
        reasons = missing_required(batch, "points_avg_season")
        terms = {"average": base, **shifts.terms}
        return finish_forecast(base + shifts.total, formula_confidence(batch), reasons, shifts.missing, terms)
