"""Season average adjusted for the opponent's defence in the player's scoring zones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Floats
from shared.domain.features.contract import INDEX
from shared.domain.steps import Steps
from shared.domain.systems.assembly import (
    fatigue_penalty,
    finish_forecast,
    formula_confidence,
    missing_required,
    sum_terms,
)
from shared.domain.systems.base import Batch, Forecast

ZONES = ("paint", "mid_range", "three", "free_throw")
BOX_ZONES = ("two_point", "three", "free_throw")
MULTIPLIERS = {"paint": 1.2, "mid_range": 1.0, "three": 1.1, "free_throw": 0.8, "two_point": 1.1}

_MULTIPLIER = np.array([MULTIPLIERS[zone] for zone in (*ZONES, *BOX_ZONES)])[:, None]
_OF_BOX = np.array([False] * len(ZONES) + [True] * len(BOX_ZONES))[:, None]
_SHARES = [INDEX[f"pct_{zone}"] for zone in (*ZONES, "three", "three", "free_throw")]
_TWO_POINT = len(ZONES)
_NAMES = (*ZONES, *(f"box_zones:{zone}" for zone in BOX_ZONES))
_WEIGHT = Steps((0.20, 0.40), (0.4, 0.7, 1.0))
_FATIGUE = fatigue_penalty(tired=0.8, worn=1.5)


@dataclass(frozen=True)
class ZoneMatchup:
    """Season average in points plus the sum over zones of clamp(gap x 0.3 x multiplier, -3, 3) x weight.

    ``gap`` is the opponent's defensive rating less the league mean, points per 100 possessions; a zone
    weighs 1.0 from a share of 0.40, 0.7 from 0.20, else 0.4. Zones are paint, mid-range, three and free
    throws where shots are located, else two-point, three and free throws (source ``box_zones``).
    Then +0.4 x pace score, +0.8 at home or -0.8 away, fatigue -1.5 below 50 and -0.8 below 70; range
    0-60. Source: the zone system of the inherited formulas, with fatigue defined so that 100 is fresh.
    """

    system_id: str = "zone_matchup_v1"
    min_edge: float = 2.0
    min_confidence: float = 45.0
    members: tuple[str, ...] = ()

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:  # noqa: ARG002
        shifts = sum_terms(
            {
                **dict(zip(_NAMES, _scores(batch), strict=True)),
                "pace_score": 0.4 * batch.feature("pace_score"),
                "home_away": np.where(batch.feature("home_away") == 1.0, 0.8, -0.8),
                "fatigue_score": _FATIGUE(batch.feature("fatigue_score")),
            }
        )
        reasons = missing_required(batch, "points_avg_season")
        base = batch.feature("points_avg_season")
        terms = {"season_average": base, **shifts.terms}
        return finish_forecast(base + shifts.total, formula_confidence(batch), reasons, shifts.missing, terms)


def _scores(batch: Batch) -> Floats:
    """Return (7, n) points that each of ``_NAMES`` adds, NaN where its share is, 0 for unused zones."""
    shares = batch.columns.take(_SHARES, axis=0)
    shares[_TWO_POINT] = 1.0 - shares[_TWO_POINT]  # twos and threes add up to 1
    located = ~np.isnan(shares[: len(ZONES)]).any(axis=0)
    gap = batch.feature("opponent_def_rating") - batch.league_def_rating
    score = np.minimum(np.maximum(gap * 0.3 * _MULTIPLIER, -3.0), 3.0) * _WEIGHT(shares)
    return np.where(located != _OF_BOX, score, 0.0)
