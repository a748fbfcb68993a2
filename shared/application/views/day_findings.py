"""Whether a game date is fine, in one sentence with what to do, and everything behind it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared.application.findings import critical
from shared.application.validation.daily import ValidateDaily
from shared.application.views.judged import Judged, judged
from shared.domain.instants import eastern_date
from shared.errors import Unavailable
from shared.ports import Clock

SECONDS = 60.0
"""How long an answer is given again: the checks take a second or two and are asked by every visitor."""

REMEMBERED = 8


@dataclass(frozen=True)
class DayFindings:
    """``checked_at`` is real time. ``away``: why nothing could be checked."""

    game_date: date
    checked_at: datetime
    judged: Judged
    away: tuple[str, ...] = ()


class FindDay:
    """Runs the daily validation, for one caller at a time, and remembers what it said for a minute."""

    def __init__(self, validate: ValidateDaily, clock: Clock) -> None:
        self._validate, self._clock = validate, clock
        self._lock = threading.Lock()
        self._known: dict[date, tuple[float, DayFindings]] = {}

    def __call__(self, game_date: date | None = None, *, again: bool = False) -> DayFindings:
        """``again`` asks anew whatever is remembered. That the checks cannot be made is a finding, which is
        not remembered."""
        day = game_date or eastern_date(self._clock.now())
        with self._lock:
            until, found = self._known.pop(day, (0.0, None))
            if found is None or again or time.monotonic() >= until:
                try:
                    told = judged(self._validate(day))
                except Unavailable as exc:
                    cannot = critical("checks", f"cannot be made: {exc}", "props doctor")
                    return DayFindings(day, datetime.now(UTC), judged([cannot]), (str(exc),))
                until, found = time.monotonic() + SECONDS, DayFindings(day, datetime.now(UTC), told)
            self._known = {**dict(list(self._known.items())[1 - REMEMBERED :]), day: (until, found)}
            return found
