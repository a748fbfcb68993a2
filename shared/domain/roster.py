"""Who is expected to play, from what is known before tip-off; never from that game's box score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.features.history import History
from shared.domain.features.past import HISTORY_DAYS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW_DAYS = 14
FEW_GAMES = 3
RECENT_GAMES = 3
EARLY_SEASON_GAMES = 10
LOOK_BACK_DAYS = 400
"""Enough to reach the last ten games of a season that ended early."""


@dataclass(frozen=True)
class Candidate:
    """A player on one side of a game. ``reason`` says why he is expected, or why he is not."""

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
    lined: dict[int, set[int]],
    out: dict[int, set[int]],
    min_minutes: float,
) -> list[Candidate]:
    """Candidates of the games at ``rows`` of the history's schedule, each game as of its own instant.

    A player is expected when his latest game was for one of the two teams and either he averaged
    ``min_minutes`` per team game over the last 14 days and was in one of the team's last three games,
    or a usable line stands on him (``lined``: game row to player ids). While the team has fewer than
    three games in those days its last ten count, last season's included. ``out``: players reported out.
    """
    by_team = _rows_by_team(history)
    candidates: list[Candidate] = []
    for row, moment in zip(rows.tolist(), as_of.tolist(), strict=True):
        for is_home in (True, False):
            side = _Side(history, by_team, row, moment, is_home)
            candidates += side.candidates(lined.get(row, set()), out.get(row, set()), min_minutes)
    return candidates


def _rows_by_team(history: History) -> dict[str, Ints]:
    """Box-score rows of each team, by day and then game."""
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
        self._history, self._row, self._is_home = history, row, is_home
        self._team = str(games.home[row] if is_home else games.away[row])
        self._day, self._as_of = int(games.day[row]), as_of
        mine = by_team.get(self._team, np.zeros(0, np.int64))
        day = history.day[mine]
        near = mine[np.searchsorted(day, self._day - LOOK_BACK_DAYS) : np.searchsorted(day, self._day)]
        self._lines = near[history.players.known[near] < as_of]

    def candidates(self, lined: set[int], out: set[int], min_minutes: float) -> list[Candidate]:
        minutes, recent = self._minutes()
        found = []
        players = sorted(set(minutes) | lined)
        for player, is_his in zip(players, self._are_his_team(players).tolist(), strict=True):
            if not is_his:
                continue
            average = minutes.get(player, 0.0)
            plays = average >= min_minutes and player in recent
            reason = "minutes" if plays else "line" if player in lined else "few_minutes"
            if player in out:
                reason = "injury_out"
            expected = reason in ("minutes", "line")
            found.append(Candidate(player, self._row, self._is_home, expected, reason, average))
        return found

    def _minutes(self) -> tuple[dict[int, float], set[int]]:
        """Minutes per team game of each player in the window, and who was in the last three games."""
        h, order = self._history, self._lines
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

    def _are_his_team(self, players: list[int]) -> NDArray[np.bool_]:
        """Whether each player's latest game within the history was for this team."""
        h = self._history
        if not players or not len(h.game):
            return np.zeros(len(players), np.bool_)
        code = h.player_codes(np.array(players, dtype=np.int64))
        day = np.full(len(players), self._day)
        end = h.players.before(code, day, np.full(len(players), self._as_of))
        has = end > h.players.from_day(code, day - HISTORY_DAYS)
        last = np.maximum(end - 1, 0)
        game = h.game[last]
        team = np.where(h.is_home[last], h.games.home[game], h.games.away[game])
        return np.asarray(has & (team == self._team))
