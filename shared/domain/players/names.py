"""Build the identifiers ``player_lookup`` and ``game_id``."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

from anyascii import anyascii

_NOT_A_LETTER = re.compile(r"[^a-z0-9]")


@lru_cache(maxsize=16384)
def player_lookup(name: str) -> str:
    """Return the key of a name: ``LeBron James`` becomes ``lebronjames``.

    Accents, case, spaces and punctuation are ignored. ``anyascii`` transliterates letters that are more than
    an ASCII letter with an accent (ı, Đ, Ł, other alphabets). Raises ``ValueError`` for a name without a
    letter or digit.
    """
    key = search_key(name)
    if not key:
        raise ValueError(f"{name!r} has no letter or digit")
    return key


def search_key(text: str) -> str:
    """Return a part of a name as ``player_lookup`` spells it; empty if it has no letter or digit."""
    plain = "".join(map(_ascii, unicodedata.normalize("NFC", text))).lower()
    return _NOT_A_LETTER.sub("", plain)


def _ascii(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if _NOT_A_LETTER.sub("", decomposed.lower()) or unicodedata.category(character)[0] not in "LN":
        return decomposed
    return anyascii(character)


def game_id(game_date: date, away: str, home: str) -> str:
    """Return ``YYYYMMDD_AWAY_HOME``."""
    return f"{game_date:%Y%m%d}_{away}_{home}"
