"""The 33 V9 features: names, order, and which of them a prediction requires."""

from __future__ import annotations

FEATURES: tuple[str, ...] = (
    "points_avg_last_5",
    "points_avg_last_10",
    "points_avg_season",
    "points_std_last_10",
    "games_in_last_7_days",
    "fatigue_score",
    "shot_zone_mismatch_score",
    "pace_score",
    "usage_spike_score",
    "rest_advantage",
    "injury_risk",
    "recent_trend",
    "minutes_change",
    "opponent_def_rating",
    "opponent_pace",
    "home_away",
    "back_to_back",
    "playoff_game",
    "pct_paint",
    "pct_mid_range",
    "pct_three",
    "pct_free_throw",
    "team_pace",
    "team_off_rating",
    "team_win_pct",
    "vegas_points_line",
    "vegas_opening_line",
    "vegas_line_move",
    "has_vegas_line",
    "avg_points_vs_opponent",
    "games_vs_opponent",
    "minutes_avg_last_10",
    "ppm_avg_last_10",
)

INDEX: dict[str, int] = {name: i for i, name in enumerate(FEATURES)}

REQUIRED: tuple[int, ...] = (0, 1, 3, 4, 5, 9, 11, 13, 14, 15, 16, 17, 22, 23, 28, 30)
"""Indices without which no system predicts; every other feature may be NaN."""

MISSING, APPROXIMATED, EXACT = 0, 1, 2
"""Provenance of one value, as stored per feature."""

PROVENANCE_NAMES = ("missing", "approximated", "exact")

QUALITY_WEIGHT = (0.5, 0.9, 1.0)
"""Weight of each provenance in the quality score, by its code."""
