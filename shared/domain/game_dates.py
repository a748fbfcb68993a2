"""Parse game dates, in one grammar for command line, API, messages and console."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

GRAMMAR = "YYYY-MM-DD, TODAY, TODAY+n or TODAY-n, or TOMORROW"
FIRST, LAST = date(1946, 1, 1), date(2999, 12, 31)
"""The league was founded in 1946. Dates outside are typing errors, and leave room for sums of dates."""

PATTERN = r"^(\d{4}-\d{2}-\d{2}|TODAY([+-]\d{1,9})?|TOMORROW)$"
"""The grammar as a regular expression, for documents of the API."""

MAX_SHOWN = 60
"""Maximum characters of an invalid value in a message."""

_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FROM_TODAY = re.compile(r"TODAY(?:[+-]\d{1,9})?", re.ASCII)


def parse_game_date(text: str, today: Callable[[], date]) -> date:
    """Return the game date that ``text`` names.

    ``today`` is called only if the text is relative to it. Raise ``ValueError`` with the
    received text and the expected grammar.
    """
    if text == "TOMORROW":
        return _in_range(text, lambda: today() + timedelta(days=1))
    if _FROM_TODAY.fullmatch(text):
        return _in_range(text, lambda: today() + timedelta(days=int(text.removeprefix("TODAY") or 0)))
    if not _ISO.fullmatch(text):
        raise ValueError(f"{shorten(text)}, expected {GRAMMAR}")
    return _in_range(text, lambda: date.fromisoformat(text))


def shorten(text: str) -> str:
    """Return an invalid value as text for a message."""
    return repr(text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}...")


def _in_range(text: str, compute: Callable[[], date]) -> date:
    try:
        day = compute()
    except OverflowError as exc:
        raise ValueError(f"{shorten(text)} is not between {FIRST} and {LAST}; expected {GRAMMAR}") from exc
    except ValueError as exc:
        raise ValueError(f"{shorten(text)}: {exc}; expected {GRAMMAR}") from exc
    if not FIRST <= day <= LAST:
        raise ValueError(f"{shorten(text)} is not between {FIRST} and {LAST}; expected {GRAMMAR}")
    return day
