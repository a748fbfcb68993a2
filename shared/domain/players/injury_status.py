"""The five statuses of the league's injury report, from the words that feeds use for them."""

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
"""A decision at game time and day to day both leave open whether he plays: questionable."""

_STATUS_OF = {word: status for status, words in _WORDS.items() for word in words}
_DETAIL = re.compile(r"[(:;,].*|\s[-\u2013\u2014]\s.*")
_NO_LETTERS = re.compile(r"[^a-z]+")


def injury_status(text: str) -> str | None:
    """The status that ``text`` means, None for words that are not known.

    Case, hyphens and a detail behind the word ("Out (Left Knee; Soreness)", "GTD - rest") do not count.
    """
    word = _NO_LETTERS.sub(" ", _DETAIL.sub("", text.strip()).lower()).strip()
    return _STATUS_OF.get(word)
