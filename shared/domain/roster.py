"""Who is expected to play, from what is known before tip-off; never from that game's box score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.features.history import Games, History
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
    candidates: list[Candidate] = []
    for row, moment in zip(rows.tolist(), as_of.tolist(), strict=True):
        for is_home in (True, False):
            side = _Side(history, history.games, row, moment, is_home)
            candidates += side.candidates(lined.get(row, set()), out.get(row, set()), min_minutes)
    return candidates


class _Side:
    """One team of one game and the box scores of its last games."""

    def __init__(self, history: History, games: Games, row: int, as_of: int, is_home: bool) -> None:
        self._history, self._row, self._is_home = history, row, is_home
        self._team = str(games.home[row] if is_home else games.away[row])
        self._day = int(games.day[row])
        line = history.players
        usable = (line.day < self._day) & (line.day >= self._day - LOOK_BACK_DAYS) & (line.known < as_of)
        self._as_of = as_of
        team = np.where(history.is_home, games.home[history.game], games.away[history.game])
        self._lines = np.flatnonzero(usable & (team == self._team))

    def candidates(self, lined: set[int], out: set[int], min_minutes: float) -> list[Candidate]:
        minutes, recent = self._minutes()
        found = []
        for player in sorted(set(minutes) | lined):
            if not self._is_his_team(player):
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
        h = self._history
        order = self._lines[np.lexsort((h.game[self._lines], h.day[self._lines]))]
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

    def _is_his_team(self, player: int) -> bool:
        h = self._history
        code = h.player_codes(np.array([player]))
        at = np.array([self._day])
        end = int(h.players.before(code, at, np.array([self._as_of]))[0])
        if end <= int(h.players.from_day(code, at - HISTORY_DAYS)[0]):
            return False
        game, home = h.game[end - 1], h.is_home[end - 1]
        return bool((h.games.home[game] if home else h.games.away[game]) == self._team)
