"""Past games: players' box scores and teams' ratings, each on a timeline."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shared.domain.arrays import Bools, Floats, Ints, Strings
from shared.domain.features.windows import Timeline, ratio
from shared.domain.instants import result_known_at


@dataclass(frozen=True)
class Games:
    """Games of the schedule, one row each.

    ``day``: days since 1970 (US Eastern date). ``tipoff``: microseconds, ``UNKNOWN`` if missing.
    ``season``: first year. ``home``, ``away``: three-letter codes.
    """

    game_id: Strings
    day: Ints
    tipoff: Ints
    season: Ints
    playoffs: Bools
    home: Strings
    away: Strings


STATS = (
    "points",
    "minutes",
    "fga",
    "fg3a",
    "fg3m",
    "fta",
    "ftm",
    "oreb",
    "tov",
    "paint_fga",
    "paint_fgm",
    "mid_fga",
    "mid_fgm",
)
"""Box-score columns, all float64; the last four NaN where shots are not located."""


@dataclass(frozen=True)
class BoxScores:
    """Lines of players who played. ``game`` is the row in ``Games``, ``is_home`` the player's side."""

    player: Ints
    game: Ints
    is_home: Bools
    birth_day: Floats
    stats: dict[str, Floats]


class History:
    """Games and box scores, sorted and summed once, then read as of any instant.

    ``order``: the position of each row among the box scores as passed.
    """

    def __init__(self, games: Games, box: BoxScores) -> None:
        available_at = result_known_at(games.day, games.tipoff)
        order = np.lexsort((games.game_id[box.game], games.day[box.game], box.player))
        self.games, self.order = games, order
        self.player_ids, code = np.unique(box.player[order], return_inverse=True)
        self.game = box.game[order]
        self.is_home = box.is_home[order]
        self.birth_day = box.birth_day[order]
        self.stats = {name: box.stats[name][order] for name in STATS}
        self.players = Timeline(
            code.astype(np.int64), games.day[self.game], available_at[self.game], games.season[self.game]
        )
        self.teams, self._slot = _teams(games, available_at, self)
        self.stats["usage"] = self._usage()

    @property
    def day(self) -> Ints:
        return self.players.day

    @cached_property
    def team_names(self) -> Strings:
        return np.unique(np.concatenate([self.games.home, self.games.away]))

    def player_codes(self, player_id: Ints) -> Ints:
        """Codes on the players' timeline; one past the last for a player without games."""
        return codes_of(player_id, self.player_ids)

    def team_codes(self, names: Strings) -> Ints:
        return codes_of(names, self.team_names)

    def team_of_row(self) -> Strings:
        """Return the team of each box-score row."""
        return np.where(self.is_home, self.games.home[self.game], self.games.away[self.game])

    def _usage(self) -> Floats:
        """Return the percentage of team possessions that ended with the player while on the court."""
        s, t = self.stats, self.teams
        used = s["fga"] + 0.44 * s["fta"] + s["tov"]
        numerator = 100.0 * used * (t.raw["minutes"][self._slot] / 5.0)
        return ratio(numerator, s["minutes"] * t.raw["used"][self._slot], s["minutes"] > 0)


@dataclass(frozen=True)
class TeamGames:
    """One row per team and finished game, sorted by team and day.

    ``values``: ratings in points per 100 possessions, pace in possessions per 48 minutes, ``win`` 0/1,
    and what the team allowed by zone. ``raw``: sums by (game, side) slot.
    """

    timeline: Timeline
    values: dict[str, Floats]
    raw: dict[str, Floats]


_ALLOWED = ("paint_fga", "paint_fgm", "mid_fga", "mid_fgm", "fg3a", "fg3m")


def _teams(games: Games, available_at: Ints, history: History) -> tuple[TeamGames, Ints]:
    slot = history.game * 2 + (~history.is_home).astype(np.int64)
    slots = 2 * len(games.day)
    raw: dict[str, Floats] = {
        name: np.bincount(slot, weights=history.stats[name], minlength=slots).astype(np.float64)
        for name in ("points", "minutes", "fga", "fta", "oreb", "tov", *_ALLOWED)
    }
    raw["used"] = raw["fga"] + 0.44 * raw["fta"] + raw["tov"]
    raw["possessions"] = raw["used"] - raw["oreb"]
    other = np.arange(slots) ^ 1
    possessions = (raw["possessions"] + raw["possessions"][other]) / 2.0
    present = (raw["minutes"] > 0) & (raw["minutes"][other] > 0)

    game = np.repeat(np.arange(len(games.day)), 2)
    name = np.stack([games.home, games.away], axis=1).reshape(-1) if len(games.day) else games.home
    rows = np.flatnonzero(present)
    team = codes_of(name[rows], history.team_names)
    rows = rows[np.lexsort((games.game_id[game[rows]], games.day[game[rows]], team))]
    team = codes_of(name[rows], history.team_names)
    opponent = other[rows]
    values = {
        "off_rating": 100.0 * raw["points"][rows] / possessions[rows],
        "def_rating": 100.0 * raw["points"][opponent] / possessions[rows],
        "pace": possessions[rows] * 48.0 / (raw["minutes"][rows] / 5.0),
        "win": (raw["points"][rows] > raw["points"][opponent]).astype(np.float64),
        **{f"allowed_{s}": raw[s][opponent] for s in _ALLOWED},
    }
    at = game[rows]
    return TeamGames(Timeline(team, games.day[at], available_at[at], games.season[at]), values, raw), slot


def codes_of(values: Ints | Strings, sorted_values: Ints | Strings) -> Ints:
    """Return the position of each value in a sorted array; ``len(sorted_values)`` if absent."""
    if not len(sorted_values):
        return np.zeros(len(values), np.int64)
    at = np.searchsorted(sorted_values, values)
    is_present = (at < len(sorted_values)) & (sorted_values[np.minimum(at, len(sorted_values) - 1)] == values)
    return np.where(is_present, at, len(sorted_values)).astype(np.int64)
