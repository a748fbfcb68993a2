"""How a prediction ended."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    HIT = "HIT"
    MISS = "MISS"
    PUSH = "PUSH"
    VOID = "VOID"
    PASS = "PASS"
    NO_LINE = "NO_LINE"
    PENDING = "PENDING"


RECOMMENDATIONS = ("OVER", "UNDER", "PASS", "NO_LINE")


def grade(
    recommendation: str, line: float | None, points: float | None, *, final: bool, played: bool
) -> Outcome:
    """Say how a prediction ended.

    Nothing is said before the game is final. A player who did not play voids the prediction whatever it
    was, and landing exactly on the line pushes it; everything else is a win or a loss. Raises
    ``ValueError`` for a recommendation it does not know, or a side without a line or result.
    """
    if recommendation not in RECOMMENDATIONS:
        raise ValueError(f"recommendation {recommendation!r}, wanted one of {', '.join(RECOMMENDATIONS)}")
    if not final:
        return Outcome.PENDING
    if not played:
        return Outcome.VOID
    if recommendation in ("PASS", "NO_LINE"):
        return Outcome(recommendation)
    if line is None or points is None:
        raise ValueError(f"{recommendation} with line {line} and {points} points, wanted both")
    if points == line:
        return Outcome.PUSH
    return Outcome.HIT if (points > line) == (recommendation == "OVER") else Outcome.MISS
