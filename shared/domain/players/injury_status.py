"""Map the words of feeds to the five statuses of the league's injury report."""

from __future__ import annotations

import re

STATUSES = ("out", "doubtful", "questionable", "probable", "available")

_WORDS = {
    "out": (
        "out", "o", "ofs", "out for season", "out for the season", "out for year", "out indefinitely",
        "inactive", "ir", "injured reserve", "injured list", "il", "suspended", "suspension", "not with team",
        "will not play", "ruled out", "dnp", "nwt",
    ),
    "doubtful": ("doubtful", "d"),
    "questionable": (
        "questionable", "q", "gtd", "game time decision", "gametime decision", "day to day", "daytoday",
        "dtd",
    ),
    "probable": ("probable", "p", "likely", "likely to play", "expected to play"),
    "available": ("available", "active", "healthy", "cleared", "will play", "not on injury report"),
}  # fmt: skip
"""Game-time decision and day-to-day both leave open whether the player plays: questionable."""

_STATUS_OF = {word: status for status, words in _WORDS.items() for word in words}
_DETAIL = re.compile(r"[(:;,].*|\s[-\u2013\u2014]\s.*")
_NO_LETTERS = re.compile(r"[^a-z]+")


def injury_status(text: str) -> str | None:
    """Return the status that ``text`` means, None for unknown words.

    Case, hyphens and a detail after the word ("Out (Left Knee; Soreness)", "GTD - rest") are ignored.
    """
    word = _NO_LETTERS.sub(" ", _DETAIL.sub("", text.strip()).lower()).strip()
    return _STATUS_OF.get(word)
