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
_IN_ORDER = np.array(["PENDING", "VOID", "PASS", "NO_LINE", "PUSH", "HIT", "MISS"])
"""Of two that could be said the former is."""


def grade(recommendation: Strings, line: Floats, points: Floats, final: Bools, played: Bools) -> Strings:
    """Say how each of n predictions ended, as values of ``Outcome``.

    Nothing is said before the result is ``final``. A player who did not play voids the prediction
    whatever it was, and landing exactly on the line pushes it; everything else is a win or a loss.
    ``line`` and ``points`` are NaN where there is none. Raises ``ValueError`` for a recommendation it does
    not know, or a side without a line or result.
    """
    over, under = recommendation == "OVER", recommendation == "UNDER"
    side = over | under
    known = side | (recommendation == "PASS") | (recommendation == "NO_LINE")
    if not known.all():
        strange = sorted(set(recommendation[~known].tolist()))
        raise ValueError(f"recommendation {strange[0]!r}, wanted one of {', '.join(RECOMMENDATIONS)}")
    lost = np.flatnonzero(final & played & side & (np.isnan(line) | np.isnan(points)))
    if len(lost):
        i = lost[0]
        raise ValueError(f"{recommendation[i]} with line {line[i]} and {points[i]} points, wanted both")
    told = np.select(
        [
            ~final,
            ~played,
            recommendation == "PASS",
            recommendation == "NO_LINE",
            points == line,
            (points > line) == over,
        ],
        list(range(len(_IN_ORDER) - 1)),
        default=len(_IN_ORDER) - 1,
    )
    return np.asarray(_IN_ORDER[told])
