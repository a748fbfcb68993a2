"""Keys of bookmakers: one spelling for all names that sources use."""

from __future__ import annotations

import re
from functools import lru_cache

SPORTSBOOK, PICKEM = "sportsbook", "dfs"

_SPORTSBOOKS = {
    "draftkings": ("draftkingssportsbook", "dk", "dksportsbook"),
    "fanduel": ("fanduelsportsbook", "fd"),
    "betmgm": ("mgm", "betmgmsportsbook"),
    "williamhill_us": ("caesars", "caesarssportsbook", "caesarsus", "czr"),
    "pointsbetus": ("pointsbet",),
    "betrivers": ("rivers", "betriverssportsbook"),
    "espnbet": ("espnbetsportsbook", "thescorebet"),
    "bet365": ("bet365us",),
    "betonlineag": ("betonline",),
    "mybookieag": ("mybookie",),
    "unibet_us": ("unibet",),
    "lowvig": ("lowvigag",),
    "hardrockbet": ("hardrock", "hardrocksportsbook"),
    "fanatics": ("fanaticssportsbook", "fanaticsbetting"),
    "ballybet": (), "barstool": ("barstoolsportsbook",), "betparx": ("parx",), "betus": (), "bovada": (),
    "circasports": ("circa",), "fliff": (), "pinnacle": (), "superbook": (), "wynnbet": (),
    "sisportsbook": (), "twinspires": (), "foxbet": (), "sugarhouse": (), "tipico_us": ("tipico",),
    "betfred": (), "rebet": (),
    "betanysports": (), "novig": (), "prophetx": (), "betopenly": (), "intertops": (), "gtbets": (),
}  # fmt: skip
"""Keys of the odds feed, each with other names of the same book, folded."""

_PICKEM = {
    "prizepicks": (),
    "underdog": ("underdogfantasy", "underdogsports"),
    "pick6": ("draftkingspick6", "dkpick6"),
    "betr_us_dfs": ("betr", "betrpicks"),
    "sleeper": ("sleeperpicks", "sleeperfantasy"),
    "parlayplay": (),
    "dabble": (),
    "chalkboard": (),
    "thrivefantasy": ("thrive",),
    "vividpicks": ("vivid",),
}  # fmt: skip

_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")


def _fold(name: str) -> str:
    return _NOT_A_LETTER.sub("", name.lower())


_KEYS = {
    folded: key
    for key, aliases in (*_SPORTSBOOKS.items(), *_PICKEM.items())
    for folded in (_fold(key), *aliases)
}


@lru_cache(maxsize=1024)
def book_key(name: str) -> str:
    """Return the key of a bookmaker: ``DraftKings`` is ``draftkings``, ``Caesars`` ``williamhill_us``.

    A book that is not listed keeps its name in lower case, with one underscore for every other run of
    characters. Raises ``ValueError`` for a name without a letter or digit.
    """
    key = _KEYS.get(_fold(name)) or _NOT_A_LETTER.sub("_", name.lower()).strip("_")
    if not key:
        raise ValueError(f"{name!r} has no letter or digit")
    return key


def book_type(key: str) -> str | None:
    """Return ``sportsbook`` or ``dfs`` for the key of a listed book, None for another."""
    return SPORTSBOOK if key in _SPORTSBOOKS else PICKEM if key in _PICKEM else None
