"""The game and side of a player, from quotes and injury reports before tip-off (ADR 0026)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Ints, Strings
from shared.domain.features.history import History
from shared.domain.features.past import HISTORY_DAYS


@dataclass(frozen=True)
class Mention:
    """A usable quote or an injury report that names a player in a game, from before the game's as-of.

    ``game``: row of the schedule. ``team``: the player's team as the source gives it, "" without one.
    ``at``: microseconds, ``UNKNOWN`` (the smallest number) if only its day is known.
    """

    game: int
    player: int
    team: str
    at: int
    is_quote: bool


@dataclass(frozen=True)
class Assignment:
    """The game and team of a player on a date. ``team`` is "" if the side is unknown, with ``reason``.

    ``game``: the player's game, or one of several equally likely games if even that is unknown.
    ``other_games``: other games of the date whose quotes or reports name the player.
    """

    player: int
    game: int
    team: str
    last_team: str
    is_quoted: bool
    reason: str = ""
    other_games: tuple[int, ...] = ()


SIDE_UNKNOWN = "side_unknown"
TWO_GAMES = "named_in_two_games"


def assign(history: History, mentions: Iterable[Mention], as_of: Ints) -> dict[tuple[int, int], Assignment]:
    """Return every named player's assignment by (day, player). ``as_of``: instant of every game, by row.

    The newest mention decides the game; between equally new ones the last team's game, and without it
    none. The side is the quote's team, else the injury report's, else the last team if it is one of the
    two. It is never guessed.
    """
    named: dict[tuple[int, int], list[Mention]] = defaultdict(list)
    for m in mentions:
        named[int(history.games.day[m.game]), m.player].append(m)
    newest = {key: max(of, key=lambda m: (m.at, m.is_quote, -m.game)) for key, of in named.items()}
    row = np.array([m.game for m in newest.values()], dtype=np.int64)
    player = np.array([m.player for m in newest.values()], dtype=np.int64)
    last = last_teams(history, player, history.games.day[row], as_of[row]).tolist() if len(row) else []
    return {
        key: _assignment(history, of, newest[key], team)
        for (key, of), team in zip(named.items(), last, strict=True)
    }


def last_teams(history: History, player: Ints, day: Ints, as_of: Ints) -> Strings:
    """Return the team of each player's latest game before ``day`` with a result by ``as_of``, else ""."""
    if not len(player) or not len(history.game):
        return np.full(len(player), "", dtype="<U3")
    code = history.player_codes(player)
    end = history.players.before(code, day, as_of)
    has_game = end > history.players.from_day(code, day - HISTORY_DAYS)
    latest = np.maximum(end - 1, 0)
    game = history.game[latest]
    team = np.where(history.is_home[latest], history.games.home[game], history.games.away[game])
    return np.where(has_game, team, "")


def _assignment(history: History, mentions: list[Mention], newest: Mention, last_team: str) -> Assignment:
    games = sorted({m.game for m in mentions})
    latest = sorted({m.game for m in mentions if (m.at, m.is_quote) == (newest.at, newest.is_quote)})
    of_last_team = [g for g in latest if last_team in _teams(history, g)]
    game = of_last_team[0] if of_last_team else latest[0]
    of_game = [m for m in mentions if m.game == game]
    team = _team(history, game, of_game, last_team)
    reason = "" if team else SIDE_UNKNOWN
    if len(latest) > 1 and not of_last_team:
        team, reason = "", TWO_GAMES
    rest = tuple(g for g in games if g != game)
    return Assignment(newest.player, game, team, last_team, any(m.is_quote for m in of_game), reason, rest)


def _team(history: History, game: int, mentions: list[Mention], last_team: str) -> str:
    by_newest = sorted(mentions, key=lambda m: (m.is_quote, m.at), reverse=True)
    both = _teams(history, game)
    return next((t for t in (*(m.team for m in by_newest), last_team) if t in both), "")


def _teams(history: History, game: int) -> tuple[str, str]:
    return str(history.games.home[game]), str(history.games.away[game])


def assignments_by_game(assignments: Mapping[tuple[int, int], Assignment]) -> dict[int, list[Assignment]]:
    """Return the assignments that have a side, by the row of their game."""
    by_row: dict[int, list[Assignment]] = defaultdict(list)
    for a in assignments.values():
        if a.team:
            by_row[a.game].append(a)
    return by_row
