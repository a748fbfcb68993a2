"""The past games of a player that the similarity system compares with the next one."""

from __future__ import annotations

from functools import cache

from shared.domain.arrays import Floats
from shared.domain.steps import Steps, above

RECENT_GAMES = 30
"""Maximum number of past games per player-game for the similarity system."""

RECENT_FIELDS = ("points", "tier", "days_rest", "is_home", "form")
"""Last axis of ``Batch.recent``; tier -1 elite, 0 average, 1 weak; form -1 cold, 0 normal, 1 hot."""

TIER_GAP, FORM_GAP = 2.0, 3.0
"""Differences that define another tier (defensive rating, from the league's mean) or form (points)."""


def three_levels(difference: Floats, threshold: float) -> Floats:
    """Return -1 at or below ``-threshold``, 1 at or above ``threshold``, else 0; NaN stays NaN."""
    return _three_levels(threshold)(difference)


@cache
def _three_levels(threshold: float) -> Steps:
    return Steps((above(-threshold), threshold), (-1.0, 0.0, 1.0))
