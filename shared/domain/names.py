"""Identity words: ``player_lookup`` and ``game_id``, each made in one place."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

_NOT_A_LETTER = re.compile(r"[^a-z0-9]")


@lru_cache(maxsize=16384)
def player_lookup(name: str) -> str:
    """``LeBron James`` becomes ``lebronjames``; accents, case, spaces and marks do not count."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _NOT_A_LETTER.sub("", plain)


def game_id(game_date: date, away: str, home: str) -> str:
    """``YYYYMMDD_AWAY_HOME``."""
    return f"{game_date:%Y%m%d}_{away}_{home}"
