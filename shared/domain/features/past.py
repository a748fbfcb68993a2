"""Past games of a player and a team before each target, as positions on their timelines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Floats, Ints, Strings
from shared.domain.features.history import History
from shared.domain.features.windows import Window, window

HISTORY_DAYS = 1096
"""Age in days from which a game is no longer history."""

SEASON_GAMES = 128
"""More games than a player can play in a season, play-offs included."""


@dataclass(frozen=True)
class Past:
    """A player's usable games before each target: positions ``[start, end)`` on the timeline."""

    start: Ints
    end: Ints
    season_start: Ints
    since_7: Ints
    since_14: Ints
    since_30: Ints
    last_day: Ints
    days_rest: Floats

    @staticmethod
    def of(history: History, player: Ints, day: Ints, as_of: Ints, season: Ints) -> Past:
        line = history.players
        code = history.player_codes(player)
        start = line.from_day(code, day - HISTORY_DAYS)
        end = np.maximum(line.before(code, day, as_of), start)

        def since(days: int) -> Ints:
            return np.minimum(line.from_day(code, day - days), end)

        has = end > start
        last = np.where(has, line.day[np.maximum(end - 1, 0)], -1) if len(line.day) else np.full(len(day), -1)
        rest = np.where(has, day - last - 1, np.nan).astype(np.float64)
        season_start = np.clip(line.season_start(code, season), start, end)
        return Past(start, end, season_start, since(7), since(14), since(30), last, rest)

    def last(self, width: int) -> Window:
        return window(self.start, self.end, width)

    def season_mean(self, values: Floats) -> Floats:
        """Return (n,) means over this season's games, NaN without one."""
        return window(self.season_start, self.end, SEASON_GAMES).mean(values)


@dataclass(frozen=True)
class TeamPast:
    """A team's usable games before each target, and the means read from them."""

    history: History
    start: Ints
    end: Ints
    season_start: Ints
    days_rest: Floats

    @staticmethod
    def of(history: History, team: Strings, day: Ints, as_of: Ints, season: Ints) -> TeamPast:
        line = history.teams.timeline
        code = history.team_codes(team)
        start = line.from_day(code, day - HISTORY_DAYS)
        end = np.maximum(line.before(code, day, as_of), start)
        has = end > start
        last = np.where(has, line.day[np.maximum(end - 1, 0)], 0) if len(line.day) else np.zeros(len(day))
        rest = np.where(has, day - last - 1, np.nan).astype(np.float64)
        return TeamPast(history, start, end, np.clip(line.season_start(code, season), start, end), rest)

    def mean(self, name: str, width: int) -> Floats:
        return window(self.start, self.end, width).mean(self.history.teams.values[name])

    def total(self, name: str, width: int) -> Floats:
        return window(self.start, self.end, width).total(self.history.teams.values[name])
