"""Kinds of games: which are predicted and which are history of the features.

A game of the regular season, the play-in, the play-offs or the NBA Cup final is played for its result and
has props: it is predicted, and it counts in every later feature. The league leaves the play-in and the Cup
final out of its season statistics; features measure recent games, so they count here.
Games of the pre-season and the All-Star weekend are stored, never predicted, and never history.
``playoff_game`` is 1 in the play-offs only.
"""

from __future__ import annotations

import re
from functools import lru_cache

REGULAR, PLAY_IN, PLAYOFFS, CUP_FINAL = "Regular Season", "Play-In", "Playoffs", "NBA Cup Final"
PRE_SEASON, ALL_STAR = "Pre Season", "All-Star"

COUNTED = (REGULAR, PLAY_IN, PLAYOFFS, CUP_FINAL)
"""Predicted, and history of later games."""

SEASON_TYPES = (*COUNTED, PRE_SEASON, ALL_STAR)

_OTHER_NAMES = {
    REGULAR: ("regular", "regularseason"),
    PLAY_IN: ("playin", "playingame", "playintournament", "sofiplayintournament"),
    PLAYOFFS: ("playoffs", "playoff", "postseason"),
    CUP_FINAL: (
        "nbacupfinal", "nbacupfinals", "nbacupchampionship", "emiratesnbacupfinal",
        "emiratesnbacupchampionship", "istchampionship", "istfinal", "inseasontournamentfinal",
        "inseasontournamentchampionship", "cupfinal",
    ),
    PRE_SEASON: ("preseason", "exhibition"),
    ALL_STAR: ("allstar", "allstargame", "allstarweekend", "risingstars"),
}  # fmt: skip
_NAMES = {name: kind for kind, names in _OTHER_NAMES.items() for name in names}
_NOT_A_LETTER = re.compile(r"[^a-z]")


@lru_cache(maxsize=256)
def season_type(name: str) -> str | None:
    """Return the season type of a word (``PlayIn``, ``IST Championship``), None for an unknown one."""
    return _NAMES.get(_NOT_A_LETTER.sub("", name.lower()))
