"""The clock of this machine, or a clock fixed at ``PROPS_NOW``."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.domain.game_dates import FIRST, LAST
from shared.errors import Rejected


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    def __init__(self, instant: datetime) -> None:
        self._instant = instant

    def now(self) -> datetime:
        return self._instant


def parse_now(text: str) -> datetime:
    """Return an aware instant in UTC from ISO 8601; ``Rejected`` without a time zone."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as exc:
        raise Rejected(f"PROPS_NOW: {text!r} is not an ISO 8601 instant") from exc
    if instant.tzinfo is None:
        raise Rejected(
            f"PROPS_NOW: {text!r} has no time zone; expected for example 2025-03-19T20:00:00+00:00"
        )
    if not FIRST.year <= instant.year <= LAST.year:
        raise Rejected(f"PROPS_NOW: {text!r}, expected a year from {FIRST.year} to {LAST.year}")
    return instant.astimezone(UTC)
