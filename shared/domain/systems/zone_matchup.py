"""Season average moved by how the opponent's defence meets the player's scoring zones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.systems.assembly import (
    Adjustments,
    fatigue_penalty,
    finish,
    formula_confidence,
    missing_required,
)
from shared.domain.systems.base import BOX_ZONES, ZONES, Batch, Floats, Forecast

MULTIPLIERS = {"paint": 1.2, "mid_range": 1.0, "three": 1.1, "free_throw": 0.8, "two_point": 1.1}


@dataclass(frozen=True)
class ZoneMatchup:
    """Season average in points plus the sum over zones of clamp(gap x 0.3 x multiplier, -3, 3) x weight.

    ``gap`` is the opponent's defensive rating less the league mean, points per 100 possessions; a zone
    weighs 1.0 from a share of 0.40, 0.7 from 0.20, else 0.4. Zones are paint, mid-range, three and free
    throws where shots are located, else two-point, three and free throws (source ``box_zones``).
    Then +0.4 x pace score, +0.8 at home or -0.8 away, fatigue -1.5 below 50 and -0.8 below 70; range
    0-60. Source: the zone system of the formulas handed down, with fatigue counted so that 100 is fresh.
    """

    system_id: str = "zone_matchup_v1"
    min_edge: float = 2.0
    min_confidence: float = 45.0
    members: tuple[str, ...] = ()

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:  # noqa: ARG002
        by = Adjustments(len(batch))
        located = ~np.isnan(batch.zone_shares).any(axis=-1)
        gap = batch.feature("opponent_def_rating") - batch.league_def_rating
        zones = np.where(located, _scores(gap, ZONES, batch.zone_shares), 0.0)
        boxes = np.where(located, 0.0, _scores(gap, BOX_ZONES, batch.box_shares))
        for zone, score in zip(ZONES, zones, strict=True):
            by.add(zone, score)
        for zone, score in zip(BOX_ZONES, boxes, strict=True):
            by.add(f"box_zones:{zone}", score)
        by.add("pace_score", 0.4 * batch.feature("pace_score"))
        by.add("home_away", np.where(batch.feature("home_away") == 1.0, 0.8, -0.8))
        by.add("fatigue_score", fatigue_penalty(batch.feature("fatigue_score"), tired=0.8, worn=1.5))
        reasons = missing_required(batch, also=("points_avg_season",))
        base = batch.feature("points_avg_season")
        terms = {"season_average": base, **by.terms}
        return finish(base + by.total, formula_confidence(batch), reasons, by.missing(len(batch)), terms)


def _scores(gap: Floats, zones: tuple[str, ...], shares: Floats) -> Floats:
    """(zones, n) points that each zone adds, NaN where its share is."""
    share = shares.T
    factor = np.array([MULTIPLIERS[zone] for zone in zones])[:, None]
    weight = np.where(share >= 0.40, 1.0, np.where(share >= 0.20, 0.7, 0.4))
    score = np.minimum(np.maximum(gap * 0.3 * factor, -3.0), 3.0) * weight
    return np.where(np.isnan(share), np.nan, score)
