"""Grading coverage: the share of due predictions that are graded, and why others are not due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

OK_FROM, WARNING_FROM = 0.80, 0.50
UNDUE = ("after_tipoff", "inactive", "no_line", "not_final", "void")
"""Reasons why a prediction is not due; the first that applies counts."""


class Level(StrEnum):
    OK = "OK"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"
    NOT_DUE = "NOT_DUE"


SEVERITY = {Level.OK: 0, Level.NOT_DUE: 0, Level.WARNING: 1, Level.CRITICAL: 2}
"""Exit code of each level."""


@dataclass(frozen=True)
class Coverage:
    """``predictions`` = ``due`` + all ``undue``. ``graded`` counts only due rows, so it is at most ``due``.

    ``incomplete_box_score``: due rows that wait for the complete box score of their finished game.
    """

    predictions: int
    due: int
    graded: int
    undue: dict[str, int]
    incomplete_box_score: int = 0

    @property
    def coverage(self) -> float | None:
        """0-1; None where nothing is due."""
        return self.graded / self.due if self.due else None

    def plain(self) -> dict[str, object]:
        """Return the fields of the JSON response."""
        return {
            "predictions": self.predictions,
            "due": self.due,
            "graded": self.graded,
            "coverage": self.coverage,
            "level": self.level.value,
            "undue": self.undue,
            "incomplete_box_score": self.incomplete_box_score,
        }

    @property
    def level(self) -> Level:
        if self.coverage is None:
            return Level.NOT_DUE
        if self.coverage >= OK_FROM:
            return Level.OK
        return Level.WARNING if self.coverage >= WARNING_FROM else Level.CRITICAL


def coverage(due: int, graded: int, undue: Mapping[str, int], incomplete_box_score: int = 0) -> Coverage:
    """Return the coverage; ``ValueError`` for negative counts, more graded than due, or unknown reasons."""
    unknown_reasons = sorted(set(undue) - set(UNDUE))
    if unknown_reasons:
        raise ValueError(f"undue: {unknown_reasons[0]!r}, expected some of {', '.join(UNDUE)}")
    if min(due, graded, *undue.values(), 0) < 0 or graded > due:
        raise ValueError(f"{graded} graded of {due} due, undue {dict(undue)}: expected 0 <= graded <= due")
    nonzero = {reason: undue[reason] for reason in UNDUE if undue.get(reason)}
    return Coverage(due + sum(nonzero.values()), due, graded, nonzero, incomplete_box_score)
