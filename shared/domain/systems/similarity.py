"""What the player scored in past games that resemble this one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.systems.assembly import Adjustments, finish, missing_required
from shared.domain.systems.base import Batch, Floats, Forecast

Ints = NDArray[np.int64]

LEAST_SIMILARITY, MOST_GAMES, LEAST_GAMES = 70.0, 20, 5
TIER_GAP, FORM_GAP = 2.0, 3.0


@dataclass(frozen=True)
class Similarity:
    """Mean points of similar games weighted by similarity / 100, plus adjustments; range 0-60.

    Similarity 0-100 of each of the last 30 games within 90 days: opponent tier (league mean of
    defensive ratings -2 / +2) the same 40, adjacent 20; days of rest 0, 1, 2, 3+ the same 30, adjacent
    15; venue the same 15; form (last 5 less season, -3 / +3 points) the same 15, else 5. Games from 70
    up count, the best 20 of them, at least 5 or there is no prediction. Adjustments: (fatigue - 70) x
    0.015, +0.4 x shot-zone mismatch, +0.8 x pace score, +0.8 x usage spike, +0.8 at home or -0.5 away.
    Confidence 0-100 from the number, likeness and spread of the matched games. Source: the similarity
    system of the formulas handed down, each past game labelled by what was known before it.
    """

    system_id: str = "similarity_balanced_v1"
    min_edge: float = 2.0
    min_confidence: float = 65.0
    members: tuple[str, ...] = ()

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:  # noqa: ARG002
        alike = similarities(batch)
        order = np.argsort(-np.nan_to_num(alike, nan=-1.0), axis=-1, kind="stable")[:, :MOST_GAMES]
        best = np.take_along_axis(alike, order, axis=-1)
        points = np.take_along_axis(np.ascontiguousarray(batch.recent[:, :, 0]), order, axis=-1)
        used = best >= LEAST_SIMILARITY
        count = used.sum(axis=-1)
        weight = np.where(used, best / 100.0, 0.0)
        safe = np.maximum(count, 1)
        top = (np.where(used, points, 0.0) * weight).sum(axis=-1)
        baseline = top / np.where(count > 0, weight.sum(axis=-1), 1.0)
        mean = np.where(used, points, 0.0).sum(axis=-1) / safe
        squares = np.where(used, (points - mean[:, None]) ** 2, 0.0).sum(axis=-1)
        spread = np.sqrt(squares / np.maximum(count - 1, 1))
        likeness = np.where(used, best, 0.0).sum(axis=-1) / safe
        by = _adjustments(batch)
        reasons = [
            reason or ("too_few_similar_games" if n < LEAST_GAMES else None)
            for reason, n in zip(missing_required(batch, ("points_avg_season",)), count.tolist(), strict=True)
        ]
        confidence = _confidence(count, likeness, spread)
        terms = {"similar_games": baseline, **by.terms}
        return finish(baseline + by.total, confidence, reasons, by.missing(len(batch)), terms)


def similarities(batch: Batch) -> Floats:
    """(n, 30) likeness 0-100 of each past game, NaN where there is none."""
    _, tier, rest, home, form = np.ascontiguousarray(np.moveaxis(batch.recent, -1, 0))
    gap = batch.feature("opponent_def_rating") - batch.league_def_rating
    my_tier = thirds(gap, TIER_GAP)[:, None]
    my_form = thirds(batch.feature("points_avg_last_5") - batch.feature("points_avg_season"), FORM_GAP)[
        :, None
    ]
    tiers = np.abs(tier - my_tier)
    rests = np.abs(np.minimum(rest, 3.0) - np.minimum(batch.days_rest, 3.0)[:, None])
    score = (
        40.0 * (tiers == 0)
        + 20.0 * (tiers == 1)
        + 30.0 * (rests == 0)
        + 15.0 * (rests == 1)
        + 15.0 * (home == batch.feature("home_away")[:, None])
        + np.where(form == my_form, 15.0, 5.0)
    )
    return np.where(np.isnan(batch.recent).any(axis=-1), np.nan, score)


def thirds(gap: Floats, width: float) -> Floats:
    """-1 at or below ``-width``, 1 at or above ``width``, else 0; NaN stays NaN."""
    side = (gap >= width).astype(np.float64) - (gap <= -width)
    return np.where(np.isnan(gap), np.nan, side)


def _adjustments(batch: Batch) -> Adjustments:
    by = Adjustments(len(batch))
    by.add("fatigue_score", (batch.feature("fatigue_score") - 70.0) * 0.015)
    by.add("shot_zone_mismatch_score", 0.4 * batch.feature("shot_zone_mismatch_score"))
    by.add("pace_score", 0.8 * batch.feature("pace_score"))
    by.add("usage_spike_score", 0.8 * batch.feature("usage_spike_score"))
    by.add("home_away", np.where(batch.feature("home_away") == 1.0, 0.8, -0.5))
    return by


def _confidence(count: Ints, likeness: Floats, spread: Floats) -> Floats:
    many = np.where(count >= 15, 12.0, np.where(count >= 10, 9.0, np.where(count >= 7, 6.0, -10.0)))
    near = np.where(likeness >= 85, 12.0, np.where(likeness >= 75, 9.0, 6.0))
    calm = np.where(spread < 4, 10.0, np.where(spread < 6, 6.0, np.where(spread < 8, 2.0, -5.0)))
    return np.clip(35.0 + many + near + calm, 0.0, 100.0)
