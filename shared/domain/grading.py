"""Outcomes of predictions."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from shared.domain.arrays import Bools, Floats, Strings
from shared.domain.vocabulary import Side


class Grade(StrEnum):
    """Result of a prediction, in order of precedence: the first that applies is given."""

    PENDING = "PENDING"
    VOID = "VOID"
    PASS = "PASS"
    NO_LINE = "NO_LINE"
    PUSH = "PUSH"
    HIT = "HIT"
    MISS = "MISS"


_IN_ORDER = np.array([g.value for g in Grade])


def grade(recommendation: Strings, line: Floats, points: Floats, final: Bools, played: Bools) -> Strings:
    """Return the outcome of each of n predictions, as values of ``Grade``.

    It is PENDING before the result is ``final``. A player who did not play voids any prediction, and
    landing exactly on the line pushes it; everything else is a win or a loss.
    ``line`` and ``points`` are NaN if missing. Raise ``ValueError`` for an unknown recommendation, or for
    a side without a line or result.
    """
    over, under = recommendation == Side.OVER, recommendation == Side.UNDER
    side = over | under
    passed, without_line = recommendation == Side.PASS, recommendation == Side.NO_LINE
    is_valid = side | passed | without_line
    if not is_valid.all():
        unknown = sorted(set(recommendation[~is_valid].tolist()))
        raise ValueError(f"recommendation {unknown[0]!r}, expected one of {', '.join(Side)}")
    incomplete = np.flatnonzero(final & played & side & (np.isnan(line) | np.isnan(points)))
    if len(incomplete):
        i = incomplete[0]
        raise ValueError(f"{recommendation[i]} with line {line[i]} and {points[i]} points, expected both")
    outcome = np.select(
        [~final, ~played, passed, without_line, points == line, (points > line) == over],
        list(range(len(_IN_ORDER) - 1)),
        default=len(_IN_ORDER) - 1,
    )
    return np.asarray(_IN_ORDER[outcome])
