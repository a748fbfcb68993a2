"""Rosters for name matching: players of box scores in the year before a game, and listed players."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

import pyarrow as pa

from shared.application.players.directory import ListedPlayer
from shared.domain.players.name_matching import RosterPlayer, roster_player
from shared.ports import Warehouse
from shared.warehouse.statements import statement

ROSTER_DAYS = 400
"""Reaches the last games of a season that ended early."""

ID_LOOKBACK_DAYS = 1096
"""Days for which an id keeps its name: as long as features use a game."""

COLUMNS = ["player_id", "player_name", "team_abbr", "game_date"]


class Rosters:
    """Players by team and day, from rows of box scores that have an id, and from the directory."""

    def __init__(self, box_scores: pa.Table, listed: Iterable[ListedPlayer] = ()) -> None:
        days: dict[str, dict[tuple[int, str], list[date]]] = defaultdict(lambda: defaultdict(list))
        for player, name, team, day in zip(*(box_scores[c].to_pylist() for c in COLUMNS), strict=True):
            if player is not None:
                days[team][player, name].append(day)
        self._days = {
            team: [(roster_player(*key, team), sorted(dates)) for key, dates in players.items()]
            for team, players in days.items()
        }
        self._listed: dict[str, list[tuple[RosterPlayer, ListedPlayer]]] = defaultdict(list)
        for p in listed:
            if p.team is not None:
                self._listed[p.team].append((roster_player(p.player_id, p.name, p.team), p))
        self._id_names = {(p.player_id, p.lookup) for team in self._days.values() for p, _ in team}
        self._id_names |= {(p.player_id, p.lookup) for team in self._listed.values() for p, _ in team}
        self.of = lru_cache(maxsize=None)(self._of)
        self.of_game = lru_cache(maxsize=None)(self._of_game)

    def has(self, player_id: int, lookup: str) -> bool:
        """Whether a box score, or the directory with a team, has this id under this name."""
        return (player_id, lookup) in self._id_names

    def _of_game(self, last: date, *teams: str) -> tuple[RosterPlayer, ...]:
        """Return the players of the teams of a game, with listed players whose name no other one has."""
        players = tuple(p for team in teams for p in self.of(team, last))
        names = {p.lookup for p in players}
        listed = (p for team in teams for p, entry in self._listed[team] if entry.may_play_on(last))
        return (*players, *(p for p in listed if p.lookup not in names))

    def _of(self, team: str, last: date) -> tuple[RosterPlayer, ...]:
        """Return the players of a team in the ``ROSTER_DAYS`` up to and including ``last``."""
        first = last - timedelta(days=ROSTER_DAYS)
        players = self._days.get(team, [])
        return tuple(p for p, on in players if (i := bisect_left(on, first)) < len(on) and on[i] <= last)


def stored_box_scores(warehouse: Warehouse, first: date, last: date) -> pa.Table:
    """Return the players and teams of the box scores that matching from ``first`` to ``last`` needs."""
    since = first - timedelta(days=ID_LOOKBACK_DAYS)
    return warehouse.query(statement("players_of_teams", first=since, last=last)).select(COLUMNS)
