"""NBA.com's game ids: ten digits of league, kind of game, season and number.

``0022400974``: league 00 is the NBA, kind 2 is the regular season, 24 is the season 2024-25.
"""

from __future__ import annotations

import re

from shared.domain.season_types import ALL_STAR, CUP_FINAL, PLAY_IN, PLAYOFFS, PRE_SEASON, REGULAR

KINDS = {"1": PRE_SEASON, "2": REGULAR, "3": ALL_STAR, "4": PLAYOFFS, "5": PLAY_IN, "6": CUP_FINAL}
"""Season types by the third digit. Cup games before the final are regular-season games."""

LEAGUES = {"00": "NBA", "01": "ABA", "10": "WNBA", "15": "Summer League", "20": "G League"}

_GAME_ID = re.compile(r"\d{10}")


def parse_game_id(value: str | int) -> str:
    """Return an id of an NBA game as ten digits; an id that was a number gets its leading zeros back.

    Raises ``ValueError`` for another form, league or kind.
    """
    text = str(value).strip()
    if text.isdigit() and len(text) == 8:
        text = f"00{text}"
    if not _GAME_ID.fullmatch(text):
        raise ValueError(f"game id {value!r}, expected ten digits such as 0022400974")
    if text[:2] != "00":
        raise ValueError(
            f"game {text} of league {text[:2]} ({LEAGUES.get(text[:2], 'unknown')}), expected 00 (NBA)"
        )
    if text[2] not in KINDS:
        raise ValueError(f"game {text} of kind {text[2]}, expected one of {', '.join(KINDS)}")
    return text


def kind_of(game_id: str) -> str:
    """Return the season type of a parsed id."""
    return KINDS[game_id[2]]


def season_of(game_id: str) -> str:
    """Return the season of a parsed id, such as ``2024-25``; years from 46 on belong to the last century."""
    year = int(game_id[3:5])
    first = year + (1900 if year >= 46 else 2000)
    return f"{first}-{(first + 1) % 100:02d}"
