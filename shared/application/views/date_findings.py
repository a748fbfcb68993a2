"""Findings of the daily validation of a game date, with a summary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from shared.application.validation.daily import ValidateDaily
from shared.application.views.findings_summary import FindingsSummary, summarize_findings
from shared.application.views.ttl_cache import TtlCache
from shared.domain.findings import critical
from shared.domain.instants import eastern_date
from shared.errors import Unavailable
from shared.ports import Clock


@dataclass(frozen=True)
class DayFindings:
    """``checked_at`` is real time. ``unavailable`` is filled if the checks could not run, with the reason."""

    game_date: date
    checked_at: datetime
    summary: FindingsSummary
    unavailable: tuple[str, ...] = ()


class ShowFindings:
    """Runs the daily validation; its findings are cached for a minute."""

    def __init__(self, validate: ValidateDaily, clock: Clock) -> None:
        self._clock = clock
        self._cache = TtlCache[date, DayFindings](
            lambda day: DayFindings(day, datetime.now(UTC), summarize_findings(validate(day)))
        )

    def __call__(self, game_date: date | None = None, *, refresh: bool = False) -> DayFindings:
        """Return the findings; ``refresh`` ignores cached ones. If no check can run, that is a finding."""
        day = self._day(game_date)
        try:
            return self._cache(day, refresh=refresh)
        except Unavailable as exc:
            failure = critical("checks", f"cannot run: {exc}", "props doctor")
            return DayFindings(day, datetime.now(UTC), summarize_findings([failure]), (str(exc),))

    def get_cached(self, game_date: date | None = None) -> DayFindings | None:
        """Return the findings of the last minute, None if there are none."""
        return self._cache.get_cached(self._day(game_date))

    def _day(self, game_date: date | None) -> date:
        return game_date or eastern_date(self._clock.now())
