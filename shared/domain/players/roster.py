"""Expected players of a game, from data before tip-off; never from that game's box score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Ints
from shared.domain.assignment import Assignment, assignments_by_game, last_teams
from shared.domain.features.history import History

WINDOW_DAYS = 14
FEW_GAMES = 3
RECENT_GAMES = 3
EARLY_SEASON_GAMES = 10
LOOK_BACK_DAYS = 400
"""Enough to reach the last ten games of a season that ended early."""


DEFAULT_MIN_MINUTES = 8.0
"""Minutes per team game from which a player is expected, unless a run requests another number."""


@dataclass(frozen=True)
class Candidate:
    """A player on one side of a game. ``reason``: why the player is expected or not."""

    player: int
    game: int
    is_home: bool
    expected: bool
    reason: str
    minutes: float


def slate_roster(
    history: History,
    rows: Ints,
    as_of: Ints,
    assignments: Mapping[tuple[int, int], Assignment],
    out: dict[int, set[int]],
    min_minutes: float,
) -> list[Candidate]:
    """Return candidates of the games at ``rows`` of the history's schedule, each game as of its instant.

    A player belongs to the game and side of the assignment (by day and player), and without one to the
    last team's game. A player is expected with an average of ``min_minutes`` per team game over the last 14
    days and a place in one of the last three games of the last team, or with a usable line. While that
    team has fewer than three games in those days its last ten count, last season's included. ``out``:
    players reported out, by game row.
    """
    by_team = _rows_by_team(history)
    assigned = assignments_by_game(assignments)
    candidates: list[Candidate] = []
    for row, moment in zip(rows.tolist(), as_of.tolist(), strict=True):
        for is_home in (True, False):
            side = _Side(history, by_team, row, moment, is_home)
            named = assigned.get(row, [])
            candidates += side.candidates(assignments, named, out.get(row, set()), min_minutes)
    return candidates


def _rows_by_team(history: History) -> dict[str, Ints]:
    """Return box-score rows of each team, by day and then game."""
    team = history.team_of_row()
    order = np.lexsort((history.game, history.day, team))
    names, starts = np.unique(team[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, starts[1:]), strict=True)) if len(names) else {}


class _Side:
    """One team of one game and the box scores of its last games."""

    def __init__(
        self, history: History, by_team: dict[str, Ints], row: int, as_of: int, is_home: bool
    ) -> None:
        games = history.games
        self._history, self._by_team, self._row, self._is_home = history, by_team, row, is_home
        self._team = str(games.home[row] if is_home else games.away[row])
        self._day, self._as_of = int(games.day[row]), as_of

    def candidates(
        self,
        assignments: Mapping[tuple[int, int], Assignment],
        assigned: list[Assignment],
        out: set[int],
        min_minutes: float,
    ) -> list[Candidate]:
        minutes, recent = self._minutes(self._team)
        own = [a for a in assigned if a.team == self._team]
        unassigned = [p for p in minutes if (self._day, p) not in assignments]
        for a in own:
            if a.last_team not in ("", self._team):  # joined: use the minutes at the earlier team
                earlier, earlier_recent = self._minutes(a.last_team)
                minutes[a.player] = earlier.get(a.player, 0.0)
                recent = recent | ({a.player} & earlier_recent)
        with_line = {a.player for a in own if a.is_quoted}
        with_minutes = {a.player for a in own if a.player in minutes}
        players = sorted(self._of_this_team(unassigned) | with_line | with_minutes)
        candidates = []
        for player in players:
            average = minutes.get(player, 0.0)
            plays = average >= min_minutes and player in recent
            reason = "minutes" if plays else "line" if player in with_line else "few_minutes"
            if player in out:
                reason = "injury_out"
            expected = reason in ("minutes", "line")
            candidates.append(Candidate(player, self._row, self._is_home, expected, reason, average))
        return candidates

    def _minutes(self, team: str) -> tuple[dict[int, float], set[int]]:
        """Return a team's minutes per game by player in the window, and players of its last three games."""
        h, order = self._history, self._box_scores(team)
        days = np.unique(h.day[order])[::-1]
        if not len(days):
            return {}, set()
        in_window = int((days >= self._day - WINDOW_DAYS).sum())
        count = in_window if in_window >= FEW_GAMES else min(EARLY_SEASON_GAMES, len(days))
        rows = order[h.day[order] >= days[count - 1]]
        players, code = np.unique(h.player_ids[h.players.entity[rows]], return_inverse=True)
        sums = np.bincount(code, weights=h.stats["minutes"][rows], minlength=len(players)) / count
        last = order[h.day[order] >= days[min(RECENT_GAMES, len(days)) - 1]]
        recent = set(h.player_ids[h.players.entity[last]].tolist())
        return dict(zip(players.tolist(), sums.tolist(), strict=True)), recent

    def _box_scores(self, team: str) -> Ints:
        team_rows = self._by_team.get(team, np.zeros(0, np.int64))
        day = self._history.day[team_rows]
        rows = team_rows[np.searchsorted(day, self._day - LOOK_BACK_DAYS) : np.searchsorted(day, self._day)]
        return rows[self._history.players.available_at[rows] < self._as_of]

    def _of_this_team(self, players: list[int]) -> set[int]:
        """Return the players whose latest game was for this team."""
        ids = np.array(players, dtype=np.int64)
        ones = np.ones(len(ids), np.int64)
        last = last_teams(self._history, ids, self._day * ones, self._as_of * ones)
        return set(ids[last == self._team].tolist())
