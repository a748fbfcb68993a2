"""Outcomes of predictions."""

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
"""In order of precedence: the first that applies wins."""


def grade(recommendation: Strings, line: Floats, points: Floats, final: Bools, played: Bools) -> Strings:
    """Return the outcome of each of n predictions, as values of ``Outcome``.

    It is PENDING before the result is ``final``. A player who did not play voids any prediction, and
    landing exactly on the line pushes it; everything else is a win or a loss.
    ``line`` and ``points`` are NaN if missing. Raise ``ValueError`` for an unknown recommendation, or for
    a side without a line or result.
    """
    over, under = recommendation == "OVER", recommendation == "UNDER"
    side = over | under
    is_valid = side | (recommendation == "PASS") | (recommendation == "NO_LINE")
    if not is_valid.all():
        unknown = sorted(set(recommendation[~is_valid].tolist()))
        raise ValueError(f"recommendation {unknown[0]!r}, wanted one of {', '.join(RECOMMENDATIONS)}")
    incomplete = np.flatnonzero(final & played & side & (np.isnan(line) | np.isnan(points)))
    if len(incomplete):
        i = incomplete[0]
        raise ValueError(f"{recommendation[i]} with line {line[i]} and {points[i]} points, wanted both")
    outcome = np.select(
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
    return np.asarray(_IN_ORDER[outcome])
