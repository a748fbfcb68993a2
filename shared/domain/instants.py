"""Game dates, cut-offs and the instant from which a result is available. Microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from shared.domain.arrays import Ints

EASTERN = ZoneInfo("America/New_York")
UNKNOWN = np.iinfo(np.int64).min
"""Value of an unknown tip-off."""

SECOND = 1_000_000
GAME_LASTS = 150 * 60 * SECOND
"""A result is available two and a half hours after tip-off."""

_EPOCH = date(1970, 1, 1)


def to_micros(moment: datetime) -> int:
    """Return the microseconds of an aware instant."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))


def to_day(day: date) -> int:
    """Return days since 1970-01-01."""
    return (day - _EPOCH).days


def from_day(day: int) -> date:
    return _EPOCH + timedelta(days=int(day))


def eastern_date(moment: datetime) -> date:
    """Return the game date of an instant."""
    return moment.astimezone(EASTERN).date()


def eastern_text(moment: datetime) -> str:
    """Return an instant as text in US Eastern time with its zone: 2025-03-19 18:30 EDT."""
    return moment.astimezone(EASTERN).strftime("%Y-%m-%d %H:%M %Z")


@lru_cache(maxsize=16384)
def eastern_midnight(day: int) -> int:
    """Return the instant at which a game date begins in US Eastern time."""
    return to_micros(datetime.combine(from_day(day), time(), EASTERN))


def cut_offs(day: Ints, tipoff: Ints, minutes_before: float = 30.0) -> Ints:
    """Return tip-off less half an hour, or the start of the game date if tip-off is unknown."""
    begins = midnights(day, 0)
    return np.where(tipoff == UNKNOWN, begins, tipoff - int(minutes_before * 60 * SECOND))


def result_known_at(day: Ints, tipoff: Ints) -> Ints:
    """Return the instant from which each game's result is available.

    If tip-off is unknown, that is the last second of the game date: before the next date's cut-off, even
    if that tip-off is unknown too.
    """
    ends = midnights(day, 1) - SECOND
    return np.where(tipoff == UNKNOWN, ends, tipoff + GAME_LASTS)


def midnights(day: Ints, ahead: int) -> Ints:
    """Return the instants at which dates begin in US Eastern time, ``ahead`` days later."""
    unique, inverse = np.unique(day, return_inverse=True)
    begins = np.array([eastern_midnight(int(d) + ahead) for d in unique], dtype=np.int64)
    return begins[inverse] if len(unique) else np.zeros(0, np.int64)
