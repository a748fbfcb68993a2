"""Values in the words of a page: moments in US Eastern time, spans, points, shares."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from markupsafe import Markup

from shared.domain.instants import EASTERN

NOTHING = "–"


def eastern(moment: datetime | None) -> Markup | str:
    """A moment as people on the East coast say it; the element keeps it in UTC."""
    return NOTHING if moment is None else _time(moment, "%-d %b %Y, %H:%M %Z")


def clock(moment: datetime | None) -> Markup | str:
    """The time of day alone."""
    return NOTHING if moment is None else _time(moment, "%H:%M %Z")


def long_date(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def span(length: timedelta | None) -> str:
    """The two largest units of a length of time."""
    if length is None:
        return NOTHING
    seconds = abs(int(length.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


def points(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}"


def score(value: float | None) -> str:
    """A confidence score of 0-100, a whole number: it is no probability."""
    return NOTHING if value is None else f"{value:.0f}"


def signed(value: float | None) -> str:
    return NOTHING if value is None else f"{round(value, 1) + 0.0:+.1f}"


def hundredths(value: float | None) -> str:
    """Points to two decimals: differences of errors are small."""
    return NOTHING if value is None else f"{value:.2f}"


def signed_hundredths(value: float | None) -> str:
    return NOTHING if value is None else f"{round(value, 2) + 0.0:+.2f}"


def percent(share: float | None) -> str:
    """A share of 0-1."""
    return NOTHING if share is None else f"{share:.0%}"


def plain(value: Any) -> Any:
    """The value, or a dash where there is none."""
    return NOTHING if value is None else value


def count(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


FILTERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        eastern,
        clock,
        long_date,
        span,
        points,
        score,
        signed,
        hundredths,
        signed_hundredths,
        percent,
        plain,
        count,
    )
}


def _time(moment: datetime, pattern: str) -> Markup:
    told = moment.astimezone(EASTERN).strftime(pattern)
    return Markup('<time datetime="{}">{}</time>').format(
        moment.astimezone(UTC).isoformat(timespec="seconds"), told
    )
