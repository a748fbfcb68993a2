"""Batches for the systems, by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from shared.domain.features.context import CONTEXT
from shared.domain.features.contract import FEATURES, INDEX
from shared.domain.systems.base import Batch

STAR = {
    "points_avg_last_5": 24.0, "points_avg_last_10": 23.0, "points_avg_season": 22.5,
    "points_std_last_10": 6.0,
    "games_in_last_7_days": 3, "fatigue_score": 95, "shot_zone_mismatch_score": 0.5, "pace_score": 0.5,
    "usage_spike_score": 0.2, "rest_advantage": 0, "recent_trend": 0, "opponent_def_rating": 113,
    "opponent_pace": 100, "home_away": 1, "back_to_back": 0, "playoff_game": 0, "team_pace": 100,
    "team_off_rating": 112, "has_vegas_line": 1, "games_vs_opponent": 4,
    "pct_paint": 0.35, "pct_mid_range": 0.20, "pct_three": 0.35, "pct_free_throw": 0.18,
}  # fmt: skip
ROLE = STAR | {
    "points_avg_last_5": 9.0, "points_avg_last_10": 10.5, "points_avg_season": 11.0,
    "points_std_last_10": 3.5,
    "games_in_last_7_days": 4, "fatigue_score": 60, "opponent_def_rating": 107,
    "home_away": 0, "back_to_back": 1,
}  # fmt: skip
TIER = {"E": -1.0, "A": 0.0, "W": 1.0}
PAST = np.array(
    [
        [points, TIER[tier], rest, home, 0.0]
        for points, tier, rest, home in zip(
            (25, 22, 28, 19, 24, 30, 21, 26),
            "AAAAEAAW",
            (1, 1, 2, 1, 1, 1, 1, 1),
            (1, 1, 1, 0, 1, 1, 1, 1),
            strict=True,
        )
    ]
)


def one(values: dict[str, Any], league_def_rating: float = 110.0, past: np.ndarray = PAST) -> Batch:
    features = np.full((1, len(FEATURES)), np.nan)
    for name, value in values.items():
        features[0, INDEX[name]] = value
    recent = np.full((1, 30, 5), np.nan)
    recent[0, : len(past)] = past
    line = features[:, INDEX["vegas_points_line"]]
    return Batch(
        features=features,
        quality=np.array([95.0]),
        league_def_rating=np.array([league_def_rating]),
        recent=recent,
        days_rest=np.array([1.0]),
        context=np.ones((1, len(CONTEXT))),
        line=line,
        market=np.full(1, np.nan),
    )


def many(n: int, seed: int = 7) -> Batch:
    """Random rows with holes."""
    rng = np.random.default_rng(seed)
    features = rng.normal(15, 6, (n, len(FEATURES)))
    features[:, INDEX["fatigue_score"]] = rng.uniform(20, 100, n)
    features[:, INDEX["opponent_def_rating"]] = rng.normal(112, 4, n)
    for name in ("home_away", "back_to_back", "playoff_game", "has_vegas_line"):
        features[:, INDEX[name]] = rng.integers(0, 2, n)
    for zone in ("paint", "mid_range", "three", "free_throw"):
        features[:, INDEX[f"pct_{zone}"]] = rng.uniform(0, 0.6, n)
    features[rng.random(n) < 0.5, INDEX["pct_paint"]] = np.nan
    features[rng.random(features.shape) < 0.03] = np.nan
    recent = np.stack(
        [
            rng.integers(0, 40, (n, 30)),
            rng.integers(-1, 2, (n, 30)),
            rng.integers(0, 5, (n, 30)),
            rng.integers(0, 2, (n, 30)),
            rng.integers(-1, 2, (n, 30)),
        ],
        axis=-1,
    ).astype(np.float64)
    recent[rng.random((n, 30)) < 0.4] = np.nan
    return Batch(
        features, rng.uniform(50, 100, n), rng.normal(112, 1, n), recent,
        rng.integers(0, 5, n).astype(np.float64),
        np.where(rng.random((n, len(CONTEXT))) < 0.1, np.nan, rng.normal(15, 6, (n, len(CONTEXT)))),
        features[:, INDEX["vegas_points_line"]], np.where(rng.random(n) < 0.3, np.nan, rng.uniform(0.4, 0.6, n)),
    )  # fmt: skip
