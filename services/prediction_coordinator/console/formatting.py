"""Formats values for the pages: US Eastern times, durations, points, percentages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from markupsafe import Markup

from shared.domain.instants import EASTERN

NOTHING = "–"


def eastern(moment: datetime | None) -> Markup | str:
    """Return a time in US Eastern time, as a ``<time>`` element with the UTC time."""
    return NOTHING if moment is None else _time(moment, "%-d %b %Y, %H:%M %Z")


def clock(moment: datetime | None) -> Markup | str:
    """Return the time of day in US Eastern time."""
    return NOTHING if moment is None else _time(moment, "%H:%M %Z")


def long_date(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def span(length: timedelta | None) -> str:
    """Return a duration in its two largest units, below 10 seconds with a decimal."""
    if length is None:
        return NOTHING
    seconds = abs(int(length.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    if minutes:
        return f"{minutes} min"
    return f"{seconds} s" if seconds >= 10 else f"{abs(length.total_seconds()):.1f} s"


def points(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f}"


def score(value: float | None) -> str:
    """Return a confidence score of 0-100 as a whole number; it is not a probability."""
    return NOTHING if value is None else f"{value:.0f}"


def signed(value: float | None) -> str:
    return NOTHING if value is None else f"{round(value, 1) + 0.0:+.1f}"


def hundredths(value: float | None) -> str:
    """Return points with two decimals, since differences of errors are small."""
    return NOTHING if value is None else f"{value:.2f}"


def signed_hundredths(value: float | None) -> str:
    return NOTHING if value is None else f"{round(value, 2) + 0.0:+.2f}"


def percent(share: float | None) -> str:
    """Return a share of 0-1 as a percentage."""
    return NOTHING if share is None else f"{share:.0%}"


def plain(value: Any) -> Any:
    """Return the value, or a dash for None."""
    return NOTHING if value is None else value


def reason(text: str) -> str:
    """Return a stored reason as text, ``missing_feature:x`` as ``missing feature: x``."""
    kind, colon, detail = text.partition(":")
    return kind.replace("_", " ") + (f": {detail}" if colon else "")


def count(n: int, singular: str, plural: str | None = None) -> str:
    """Return a number with its noun in the right form."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


FILTERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        eastern, clock, long_date, span, points, score, signed, hundredths, signed_hundredths, percent, plain,
        reason, count,
    )
}  # fmt: skip


def _time(moment: datetime, pattern: str) -> Markup:
    utc, text = moment.astimezone(UTC), moment.astimezone(EASTERN).strftime(pattern)
    return Markup('<time datetime="{}">{}</time>').format(utc.isoformat(timespec="seconds"), text)
