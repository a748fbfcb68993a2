"""Whether the feature store is ready for a game date, and why not."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

MIN_COVERAGE = 0.90
DUE_BEFORE = timedelta(hours=12)
"""Features of a game date are due this long before its first cut-off."""


class Verdict(StrEnum):
    READY = "ready"
    NOT_YET_DUE = "not yet due"
    BROKEN = "broken"


def verdict(
    *,
    expected: int,
    present: int,
    built: bool,
    absent: int,
    stale: bool,
    due_at: datetime,
    now: datetime,
    min_coverage: float = MIN_COVERAGE,
) -> Verdict:
    """``absent``: required features that no row has. ``stale``: games were final whose box scores are not
    loaded. ``min_coverage``: 0-1.

    Missing features are not broken before they are due. A due date without expected players is
    broken, since a slate has players.
    """
    if built and expected and present / expected >= min_coverage and not absent and not stale:
        return Verdict.READY
    return Verdict.NOT_YET_DUE if now < due_at else Verdict.BROKEN
