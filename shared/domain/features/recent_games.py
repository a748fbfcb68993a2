"""The past games of a player that the similarity system compares with the next one."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from shared.domain.steps import Steps, above

RECENT_GAMES = 30
"""How many past games at most a player-game carries for the similarity system."""

RECENT_FIELDS = ("points", "tier", "days_rest", "is_home", "form")
"""Last axis of ``Batch.recent``; tier -1 elite, 0 average, 1 weak; form -1 cold, 0 normal, 1 hot."""

TIER_GAP, FORM_GAP = 2.0, 3.0
"""Differences that make another tier (defensive rating, from the league's mean) or form (points)."""


def three_levels(gap: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """-1 at or below ``-width``, 1 at or above ``width``, else 0; NaN stays NaN."""
    return _three_levels(width)(gap)


@cache
def _three_levels(width: float) -> Steps:
    return Steps((above(-width), width), (-1.0, 0.0, 1.0))
