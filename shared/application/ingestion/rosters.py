"""The rosters that names are matched in: players with a box score for a team in the year before a game."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from datetime import date, timedelta
from functools import lru_cache

import pyarrow as pa

from shared.domain.players.name_matching import RosterPlayer, roster_player
from shared.ports import Warehouse
from shared.warehouse.statements import statement

ROSTER_DAYS = 400
"""Reaches the last games of a season that ended early."""

KNOWN_DAYS = 1096
"""How long an id and its name are remembered, as long as features remember a game."""

COLUMNS = ["player_id", "player_name", "team_abbr", "game_date"]


class Rosters:
    """Players by team and day, from rows of box scores that have an id."""

    def __init__(self, box_scores: pa.Table) -> None:
        days: dict[str, dict[tuple[int, str], list[date]]] = defaultdict(lambda: defaultdict(list))
        for player, name, team, day in zip(*(box_scores[c].to_pylist() for c in COLUMNS), strict=True):
            if player is not None:
                days[team][player, name].append(day)
        self._days = {
            team: [(roster_player(*who, team), sorted(on)) for who, on in players.items()]
            for team, players in days.items()
        }
        self._known = {(p.player_id, p.lookup) for team in self._days.values() for p, _ in team}
        self.of = lru_cache(maxsize=None)(self._of)

    def knows(self, player_id: int, lookup: str) -> bool:
        """Whether a box score has this id under this name."""
        return (player_id, lookup) in self._known

    def _of(self, team: str, last: date) -> tuple[RosterPlayer, ...]:
        """Players of a team in the ``ROSTER_DAYS`` to ``last``, that day included."""
        first = last - timedelta(days=ROSTER_DAYS)
        players = self._days.get(team, [])
        return tuple(p for p, on in players if (at := bisect_left(on, first)) < len(on) and on[at] <= last)


def stored_box_scores(warehouse: Warehouse, first: date, last: date) -> pa.Table:
    """Who played for which team when, as far as dates from ``first`` to ``last`` need it."""
    since = first - timedelta(days=KNOWN_DAYS)
    return warehouse.query(statement("players_of_teams", first=since, last=last)).select(COLUMNS)
