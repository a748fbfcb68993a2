"""Words of the product that messages, tables and code share, each declared once."""

from __future__ import annotations

from enum import StrEnum


class RunMode(StrEnum):
    """A live run predicts games that have not started, a backfill any date as of its own cut-off."""

    LIVE = "LIVE"
    BACKFILL = "BACKFILL"


class RunState(StrEnum):
    """State of a run; in ``ACTIVE_STATES`` no other run of the same game date can start."""

    CREATED = "CREATED"
    PUBLISHED = "PUBLISHED"
    ACTIVATING = "ACTIVATING"
    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


ACTIVE_STATES = (RunState.CREATED, RunState.PUBLISHED, RunState.ACTIVATING)


class Role(StrEnum):
    """Role of a prediction: ``IN_SAMPLE`` ones and those of shadow models are never active."""

    CHAMPION = "champion"
    SHADOW = "shadow"
    IN_SAMPLE = "in_sample"


class Side(StrEnum):
    """The recommendation of a prediction."""

    OVER = "OVER"
    UNDER = "UNDER"
    PASS = "PASS"
    NO_LINE = "NO_LINE"
