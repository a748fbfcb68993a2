"""Predict from the player's points in similar past games."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.arrays import Floats, Ints
from shared.domain.features.recent_games import FORM_GAP, TIER_GAP, three_levels
from shared.domain.steps import Steps
from shared.domain.systems.assembly import (
    Adjustments,
    add_reason_where,
    finish_forecast,
    missing_required,
    sum_terms,
)
from shared.domain.systems.base import Batch, Forecast

Bytes = NDArray[np.uint8]

MIN_SIMILARITY, MAX_GAMES, MIN_GAMES = 70.0, 20, 5

TOO_FEW_SIMILAR_GAMES = "too_few_similar_games"
"""Reason for no prediction of a player with fewer than ``MIN_GAMES`` similar games."""

_OTHER_FORM = np.uint8(5)
_WEIGHTS = np.array([40, 30, 15, 15 - 5, 20, 15], dtype=np.uint8)[:, None, None]
"""Similarity for the same tier, rest, venue and form (in addition to 5), adjacent tier, adjacent rest."""
_POSITION_BITS = 32
_COUNT = Steps((7.0, 10.0, 15.0), (-10.0, 6.0, 9.0, 12.0))
_SIMILARITY = Steps((75.0, 85.0), (6.0, 9.0, 12.0))
_SPREAD = Steps((4.0, 6.0, 8.0), (10.0, 6.0, 2.0, -5.0), unknown=-5.0)


@dataclass(frozen=True)
class Similarity:
    """Mean points of similar games weighted by similarity / 100, plus adjustments; range 0-60.

    The similarity (0-100) of each of the last 30 games within 90 days is a sum. Opponent tier (defensive
    rating within 2 of the league mean, lower or higher): 40 if the same, 20 if adjacent. Days of rest (0, 1,
    2, 3+): 30 or 15. Venue: 15 if the same. Form (mean of the last 5 games within 3 points of the season's,
    lower or higher): 15 if the same, else 5. The best 20 games of at least 70 are used; fewer than 5 give no
    prediction. Adjustments: (fatigue - 70) x 0.015, +0.4 x shot-zone mismatch, +0.8 x pace score, +0.8 x
    usage spike, +0.8 at home or -0.5 away. Confidence 0-100 from the number, similarity and spread of the
    games used. Source: the inherited formulas, each past game described by data from before it.
    """

    system_id: str = "similarity_balanced_v1"
    min_edge: float = 2.0
    min_confidence: float = 65.0
    members: tuple[str, ...] = ()

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:  # noqa: ARG002
        similarity, points = _best(similarities(batch), batch.recent[:, :, 0])
        is_used = similarity > 0
        count = is_used.sum(axis=-1)
        safe = np.maximum(count, 1.0)
        weight = similarity / 100.0
        baseline = (points * weight).sum(axis=-1) / np.where(count > 0, weight.sum(axis=-1), 1.0)
        mean = points.sum(axis=-1) / safe
        squares = np.where(is_used, (points - mean[:, None]) ** 2, 0.0).sum(axis=-1)
        spread = np.sqrt(squares / np.maximum(count - 1.0, 1.0))
        confidence = _confidence(count, similarity.sum(axis=-1) / safe, spread)
        shifts = _adjustments(batch)
        reasons = add_reason_where(
            missing_required(batch, "points_avg_season"), count < MIN_GAMES, TOO_FEW_SIMILAR_GAMES
        )
        terms = {"similar_games": baseline, **shifts.terms}
        return finish_forecast(baseline + shifts.total, confidence, reasons, shifts.missing, terms)


def similarities(batch: Batch) -> Bytes:
    """Return (n, 30) similarities 0-100 of each past game, 0 without a game."""
    games = np.array(batch.recent.transpose(2, 0, 1), order="C")
    past_traits = games[1:]
    np.minimum(past_traits[1], 3.0, out=past_traits[1])
    rating_gap = batch.feature("opponent_def_rating") - batch.league_def_rating
    form = batch.feature("points_avg_last_5") - batch.feature("points_avg_season")
    tier, form = three_levels(rating_gap, TIER_GAP), three_levels(form, FORM_GAP)
    rest, home = np.minimum(batch.days_rest, 3.0), batch.feature("home_away")
    traits = np.array([tier, rest, home, form])[..., None]
    matches = np.concatenate([past_traits == traits, np.abs(past_traits[:2] - traits[:2]) == 1.0])
    similarity = (matches.view(np.uint8) * _WEIGHTS).sum(axis=0, dtype=np.uint8) + _OTHER_FORM
    return np.asarray(similarity * ~np.isnan(games).any(axis=0))


def _best(similarity: Bytes, points: Floats) -> tuple[Ints, Floats]:
    """Return (n, 20) similarity and points of the most similar games, newer first on ties; 0 without one."""
    is_used = similarity >= MIN_SIMILARITY
    relevant = (similarity * is_used).astype(np.int64)
    # Sort pairs of similarity, highest first, and position, which is lower for the newer of two games.
    position = np.arange(similarity.size).reshape(similarity.shape)
    pairs = position - (relevant << _POSITION_BITS)
    pairs.sort(axis=-1)
    best = pairs[:, :MAX_GAMES] & (1 << _POSITION_BITS) - 1
    return relevant.take(best), np.where(is_used, points, 0.0).take(best)


def _adjustments(batch: Batch) -> Adjustments:
    return sum_terms(
        {
            "fatigue_score": (batch.feature("fatigue_score") - 70.0) * 0.015,
            "shot_zone_mismatch_score": 0.4 * batch.feature("shot_zone_mismatch_score"),
            "pace_score": 0.8 * batch.feature("pace_score"),
            "usage_spike_score": 0.8 * batch.feature("usage_spike_score"),
            "home_away": np.where(batch.feature("home_away") == 1.0, 0.8, -0.5),
        }
    )


def _confidence(count: Ints, mean: Floats, spread: Floats) -> Floats:
    return np.minimum(np.maximum(35.0 + _COUNT(count) + _SIMILARITY(mean) + _SPREAD(spread), 0.0), 100.0)
