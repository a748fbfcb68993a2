"""Names and codes of teams in all sources, by season: the one table from which imports resolve a team.

NBA.com's code of the season is the product's; a word that two teams share gives both of them, and the
schedule decides.
"""

from __future__ import annotations

import re
from functools import lru_cache

_TEAMS = (
    ("ATL", 1968, None, "Atlanta Hawks"),
    ("BKN", 2012, None, "Brooklyn Nets", "BRK", "BK"),
    ("NJN", 1977, 2011, "New Jersey Nets", "NJ"),
    ("BOS", 1946, None, "Boston Celtics"),
    ("CHA", 2014, None, "Charlotte Hornets", "CHO"),
    ("CHA", 2004, 2013, "Charlotte Bobcats"),
    ("CHH", 1988, 2001, "Charlotte Hornets", "CHA"),
    ("CHI", 1966, None, "Chicago Bulls"),
    ("CLE", 1970, None, "Cleveland Cavaliers"),
    ("DAL", 1980, None, "Dallas Mavericks", "MAV"),
    ("DEN", 1976, None, "Denver Nuggets"),
    ("DET", 1957, None, "Detroit Pistons"),
    ("GSW", 1971, None, "Golden State Warriors", "GS", "GOL"),
    ("HOU", 1971, None, "Houston Rockets"),
    ("IND", 1976, None, "Indiana Pacers"),
    ("LAC", 1984, None, "Los Angeles Clippers", "LA Clippers", "LA"),
    ("LAL", 1960, None, "Los Angeles Lakers", "LA Lakers", "LA", "LAK"),
    ("MEM", 2001, None, "Memphis Grizzlies"),
    ("VAN", 1995, 2000, "Vancouver Grizzlies"),
    ("MIA", 1988, None, "Miami Heat"),
    ("MIL", 1968, None, "Milwaukee Bucks"),
    ("MIN", 1989, None, "Minnesota Timberwolves"),
    ("NOP", 2013, None, "New Orleans Pelicans", "NO", "NOR", "NOH"),
    ("NOH", 2007, 2012, "New Orleans Hornets", "NO", "NOR"),
    ("NOK", 2005, 2006, "New Orleans/Oklahoma City Hornets", "Oklahoma City Hornets", "NO"),
    ("NOH", 2002, 2004, "New Orleans Hornets", "NO", "NOR"),
    ("NYK", 1946, None, "New York Knicks", "NY"),
    ("OKC", 2008, None, "Oklahoma City Thunder", "OKL"),
    ("SEA", 1967, 2007, "Seattle SuperSonics"),
    ("ORL", 1989, None, "Orlando Magic"),
    ("PHI", 1963, None, "Philadelphia 76ers", "PHL"),
    ("PHX", 1968, None, "Phoenix Suns", "PHO"),
    ("POR", 1970, None, "Portland Trail Blazers"),
    ("SAC", 1985, None, "Sacramento Kings"),
    ("SAS", 1976, None, "San Antonio Spurs", "SA", "SAN"),
    ("TOR", 1995, None, "Toronto Raptors"),
    ("UTA", 1979, None, "Utah Jazz", "UTAH", "UTH"),
    ("WAS", 1997, None, "Washington Wizards", "WSH"),
    ("WAS", 1974, 1996, "Washington Bullets", "WSH"),
)  # fmt: skip
"""NBA.com's code, first and last season by the year in which it began, the name, other codes and names."""

_NOT_A_LETTER = re.compile(r"[^a-z0-9]")


def season_start(year: int, month: int) -> int:
    """Return the year in which the season of a date began; seasons begin in autumn."""
    return year if month >= 8 else year - 1


@lru_cache(maxsize=4096)
def team_candidates(text: str, season: int | None = None) -> tuple[str, ...]:
    """Return the codes that a name, a nickname or a code of any source can mean; empty for an unknown one.

    ``season`` is the year in which the season began; None: teams of the present. Case, blanks and
    punctuation are ignored. ``LA`` gives two codes.
    """
    word = _NOT_A_LETTER.sub("", text.lower())
    found = [code for code, first, last, words in _ENTRIES if word in words and _plays(season, first, last)]
    return tuple(dict.fromkeys(found))


def team_name(code: str) -> str:
    """Return the name of a team of the present, such as Boston Celtics for ``BOS``; raise ``KeyError``."""
    return _PRESENT[code]


def _plays(season: int | None, first: int, last: int | None) -> bool:
    return last is None if season is None else first <= season <= (last if last is not None else season)


def _words(code: str, name: str, others: tuple[str, ...]) -> frozenset[str]:
    nickname = "Trail Blazers" if name.endswith("Trail Blazers") else name.split()[-1]
    return frozenset(_NOT_A_LETTER.sub("", w.lower()) for w in (code, name, nickname, *others))


_ENTRIES = tuple(
    (code, first, last, _words(code, name, tuple(others))) for code, first, last, name, *others in _TEAMS
)
_PRESENT = {code: name for code, _, last, name, *_ in _TEAMS if last is None}
