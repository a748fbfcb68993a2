"""From the stored prediction and the line that the system saw to a side, in one place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def round_points(points: Floats) -> Floats:
    """Points to one decimal: the number that is stored and from which all else follows."""
    return np.round(points, 1)


def edge(predicted: Floats, line: Floats) -> Floats:
    """``predicted - line`` in points from the stored prediction; NaN without a line."""
    return np.round(predicted - line, 2)


def recommend(
    predicted: Floats, line: Floats, confidence: Floats, min_edge: float, min_confidence: float
) -> list[str]:
    """NO_LINE, PASS, OVER or UNDER for each row.

    A side is taken when the edge is at least ``min_edge`` points either way and confidence at least
    ``min_confidence`` (0-100); it is the sign of the edge, so it never contradicts the prediction.
    """
    gap = edge(predicted, line)
    worth = (np.abs(gap) >= min_edge) & (confidence >= min_confidence) & (gap != 0)
    sides = np.where(worth, np.where(gap > 0, "OVER", "UNDER"), "PASS")
    told: list[str] = np.where(np.isnan(line), "NO_LINE", sides).tolist()
    return told
