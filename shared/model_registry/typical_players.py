"""Checks the output of a model for five typical players before it serves.

Each input has a common value of players that score about 27, 20, 12, 8 and 4 points a game.
"""

from __future__ import annotations

import numpy as np

from shared.domain.arrays import Floats
from shared.domain.systems.base import Regressor
from shared.errors import Rejected

EXPECTED_MEAN = (9.0, 20.0)
"""Range of the mean prediction for these players, in points; their actual mean is 14."""

_VALUES: dict[str, tuple[float, ...]] = {
    "points_avg_last_5": (26.6, 19.2, 12.2, 8.0, 4.4),
    "points_avg_last_10": (26.7, 19.5, 12.0, 7.7, 4.3),
    "points_avg_season": (26.0, 18.7, 11.6, 7.5, 4.7),
    "points_std_last_10": (8.1, 7.3, 5.8, 4.8, 3.7),
    "games_in_last_7_days": (3.0,),
    "fatigue_score": (87.0, 92.0, 95.0, 95.0, 95.0),
    "shot_zone_mismatch_score": (0.0,),
    "pace_score": (0.1,),
    "usage_spike_score": (0.0,),
    "rest_advantage": (0.0,),
    "injury_risk": (0.0,),
    "recent_trend": (0.0,),
    "minutes_change": (0.0,),
    "opponent_def_rating": (114.0,),
    "opponent_pace": (100.4,),
    "home_away": (1.0, 0.0, 0.0, 1.0, 1.0),
    "back_to_back": (0.0,),
    "playoff_game": (0.0,),
    "pct_paint": (0.4,),
    "pct_mid_range": (0.2,),
    "pct_three": (0.33, 0.36, 0.45, 0.45, 0.44),
    "pct_free_throw": (0.19, 0.15, 0.12, 0.11, 0.11),
    "team_pace": (100.0,),
    "team_off_rating": (114.5,),
    "team_win_pct": (0.55,),
    "vegas_points_line": (26.5, 19.5, 11.5, 7.5, 5.5),
    "vegas_opening_line": (26.5, 19.5, 11.5, 7.5, 5.5),
    "vegas_line_move": (0.0,),
    "has_vegas_line": (1.0,),
    "avg_points_vs_opponent": (24.5, 17.8, 11.2, 8.2, 6.1),
    "games_vs_opponent": (6.0,),
    "minutes_avg_last_10": (35.9, 32.5, 27.5, 20.7, 14.9),
    "ppm_avg_last_10": (0.75, 0.59, 0.43, 0.36, 0.27),
    "minutes_std_10": (4.3, 4.7, 5.1, 5.9, 6.3),
    "usage_last_10": (30.1, 25.0, 17.8, 15.9, 13.0),
    "days_rest": (1.0,),
    "games_this_season": (43.0,),
    "career_games": (200.0,),
}
_SAME_IN_EVERY_WINDOW: dict[str, tuple[float, ...]] = {
    "points_per_minute": (0.74, 0.59, 0.44, 0.37, 0.3),
    "points": (26.0, 19.4, 11.7, 7.7, 4.5),
    "minutes": (35.6, 32.5, 27.3, 20.6, 14.9),
    "fga": (19.1, 14.9, 9.0, 6.2, 3.8),
    "fta": (5.9, 3.7, 1.9, 1.2, 0.7),
    "fg3a": (6.4, 5.3, 4.0, 2.9, 1.7),
}
"""Values by name prefix of the context's averages."""


def typical_rows(names: tuple[str, ...]) -> Floats:
    """Return (5, k) inputs in the order of the names; ``KeyError`` for a name without a typical value."""
    columns = [np.resize(_VALUES.get(name) or _window_values(name), 5) for name in names]
    return np.array(columns, dtype=np.float64).T


def check_output(model: Regressor, names: tuple[str, ...], path: str) -> str | None:
    """Return a warning if the output is probably not points, else None. ``Rejected`` if it is not one finite
    number per row."""
    rows = typical_rows(names)
    predicted = model.predict(rows)
    if predicted.shape != (len(rows),) or not np.isfinite(predicted).all():
        raise Rejected(
            f"{path}: for {len(rows)} typical players the model predicts {predicted.tolist()}, "
            "expected one finite number of points each"
        )
    low, high = EXPECTED_MEAN
    mean = float(predicted.mean())
    if low <= mean <= high:
        return None
    return (
        f"predicts {mean:.2f} points on average for five typical players who score 14, expected {low:g} to "
        f"{high:g}: does the model predict something else? Its prediction batches are likely to be held"
    )


def _window_values(name: str) -> tuple[float, ...]:
    return next(values for prefix, values in _SAME_IN_EVERY_WINDOW.items() if name.startswith(prefix))
