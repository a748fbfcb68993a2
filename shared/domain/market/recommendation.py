"""Derive the side from the stored prediction and the line that the system used."""

from __future__ import annotations

import numpy as np

from shared.domain.arrays import Floats, Ints
from shared.domain.vocabulary import Side

SIDES = tuple(side.value for side in Side)
OVER, UNDER, PASS, NO_LINE = range(len(SIDES))
"""Positions in ``SIDES``."""


def round_points(points: Floats) -> Floats:
    """Round points to one decimal: the stored number, from which edge and side are derived."""
    return np.round(points, 1)


def edge(predicted: Floats, line: Floats) -> Floats:
    """Return ``predicted - line`` in points from the stored prediction; NaN without a line."""
    return np.round(predicted - line, 2)


def sides(edge: Floats, confidence: Floats, min_edge: float | Floats, min_confidence: float | Floats) -> Ints:
    """Return the position in ``SIDES`` of each row; ``edge`` as returned by ``edge``.

    A side is taken when the edge is at least ``min_edge`` points either way and confidence at least
    ``min_confidence`` (0-100); it is the sign of the edge, so it never contradicts the prediction. For a
    system that gives probabilities ``betting.sides_and_bets`` checks the prices next.
    """
    qualifies = (np.abs(edge) >= min_edge) & (confidence >= min_confidence) & (edge != 0)
    side = np.where(qualifies, np.where(edge > 0, OVER, UNDER), PASS)
    return np.where(np.isnan(edge), NO_LINE, side)


def recommend(edge: Floats, confidence: Floats, min_edge: float, min_confidence: float) -> list[str]:
    """Return NO_LINE, PASS, OVER or UNDER for each row, as ``sides`` decides."""
    return [SIDES[i] for i in sides(edge, confidence, min_edge, min_confidence).tolist()]
