"""Whether a game date is fine, in one sentence with what to do, and everything behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared.application.validation.daily import ValidateDaily
from shared.application.views.findings_summary import Judged, judged
from shared.application.views.ttl_cache import ForAMinute
from shared.domain.findings import critical
from shared.domain.instants import eastern_date
from shared.errors import Unavailable
from shared.ports import Clock


@dataclass(frozen=True)
class DayFindings:
    """``checked_at`` is real time. ``away``: why nothing could be checked."""

    game_date: date
    checked_at: datetime
    judged: Judged
    away: tuple[str, ...] = ()


class FindDay:
    """Runs the daily validation, whose answer it gives again for a minute."""

    def __init__(self, validate: ValidateDaily, clock: Clock) -> None:
        self._clock = clock
        self._found = ForAMinute[date, DayFindings](
            lambda day: DayFindings(day, datetime.now(UTC), judged(validate(day)))
        )

    def __call__(self, game_date: date | None = None, *, again: bool = False) -> DayFindings:
        """``again`` asks anew whatever is remembered. That the checks cannot be made is a finding."""
        day = self._day(game_date)
        try:
            return self._found(day, again=again)
        except Unavailable as exc:
            cannot = critical("checks", f"cannot be made: {exc}", "props doctor")
            return DayFindings(day, datetime.now(UTC), judged([cannot]), (str(exc),))

    def known(self, game_date: date | None = None) -> DayFindings | None:
        """What was found within the last minute."""
        return self._found.known(self._day(game_date))

    def _day(self, game_date: date | None) -> date:
        return game_date or eastern_date(self._clock.now())
