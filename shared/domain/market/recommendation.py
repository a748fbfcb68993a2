"""From the stored prediction and the line that the system saw to a side, in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIDES = ("NO_LINE", "PASS", "OVER", "UNDER")
NO_LINE, PASS, OVER, UNDER = range(len(SIDES))


def round_points(points: Floats) -> Floats:
    """Points to one decimal: the number that is stored and from which all else follows."""
    return np.round(points, 1)


def edge(predicted: Floats, line: Floats) -> Floats:
    """``predicted - line`` in points from the stored prediction; NaN without a line."""
    return np.round(predicted - line, 2)


def sides(gap: Floats, confidence: Floats, min_edge: float | Floats, min_confidence: float | Floats) -> Ints:
    """Position in ``SIDES`` for each row; ``gap`` as ``edge`` gives it, NaN without a line.

    A side is taken when the edge is at least ``min_edge`` points either way and confidence at least
    ``min_confidence`` (0-100); it is the sign of the edge, so it never contradicts the prediction. For a
    system that gives probabilities ``betting.sides_and_bets`` looks at the prices next.
    """
    worth = (np.abs(gap) >= min_edge) & (confidence >= min_confidence) & (gap != 0)
    taken = np.where(worth, np.where(gap > 0, OVER, UNDER), PASS)
    return np.where(np.isnan(gap), NO_LINE, taken)


def recommend(gap: Floats, confidence: Floats, min_edge: float, min_confidence: float) -> list[str]:
    """NO_LINE, PASS, OVER or UNDER for each row, as ``sides`` decides."""
    return [SIDES[i] for i in sides(gap, confidence, min_edge, min_confidence).tolist()]
