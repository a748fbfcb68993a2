"""Words of the product that messages, tables and code share, each declared once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


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


class FeedKind(StrEnum):
    """What ``props fetch`` asks the sources of a game date for."""

    SCHEDULE = "schedule"
    BOX_SCORES = "boxscores"
    INJURIES = "injuries"
    ODDS = "odds"


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


class OutcomeKind(StrEnum):
    """Whether a run predicted an expected player."""

    PREDICTED = "predicted"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """Outcome of an expected player in a run; ``reason``: why nothing was predicted, else empty."""

    kind: OutcomeKind
    reason: str = ""

    @staticmethod
    def parse(text: str) -> Outcome:
        """Return the outcome of ``predicted``, ``skipped:<reason>`` or ``failed:<reason>``; raise
        ``ValueError`` for another kind."""
        kind, _, reason = text.partition(":")
        return Outcome(OutcomeKind(kind), reason)

    @cached_property
    def text(self) -> str:
        """The outcome in tables and messages, as ``parse`` reads it."""
        return f"{self.kind}:{self.reason}" if self.reason else str(self.kind)


PREDICTED = Outcome(OutcomeKind.PREDICTED)
NO_OUTCOME = Outcome(OutcomeKind.FAILED, "no_outcome")
"""Outcome of a player of an ended run without a report."""
