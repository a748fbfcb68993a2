"""How predictions ended."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Strings = NDArray[np.str_]


class Outcome(StrEnum):
    HIT = "HIT"
    MISS = "MISS"
    PUSH = "PUSH"
    VOID = "VOID"
    PASS = "PASS"
    NO_LINE = "NO_LINE"
    PENDING = "PENDING"


RECOMMENDATIONS = ("OVER", "UNDER", "PASS", "NO_LINE")


def grade(recommendation: Strings, line: Floats, points: Floats, final: Bools, played: Bools) -> Strings:
    """Say how each of n predictions ended, as values of ``Outcome``.

    Nothing is said before the result is ``final``. A player who did not play voids the prediction
    whatever it was, and landing exactly on the line pushes it; everything else is a win or a loss.
    ``line`` and ``points`` are NaN where there is none. Raises ``ValueError`` for a recommendation it does
    not know, or a side without a line or result.
    """
    strange = sorted(set(recommendation.tolist()) - set(RECOMMENDATIONS))
    if strange:
        raise ValueError(f"recommendation {strange[0]!r}, wanted one of {', '.join(RECOMMENDATIONS)}")
    ended = final & played
    side = np.isin(recommendation, ("OVER", "UNDER"))
    lost = np.flatnonzero(ended & side & (np.isnan(line) | np.isnan(points)))
    if len(lost):
        i = lost[0]
        raise ValueError(f"{recommendation[i]} with line {line[i]} and {points[i]} points, wanted both")
    hit = (points > line) == (recommendation == "OVER")
    told = np.where(points == line, Outcome.PUSH.value, np.where(hit, Outcome.HIT.value, Outcome.MISS.value))
    told = np.where(side, told, recommendation)
    told = np.where(played, told, Outcome.VOID.value)
    return np.where(final, told, Outcome.PENDING.value).astype(np.str_)
