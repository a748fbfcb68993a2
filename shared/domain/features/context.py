"""Inputs of a forecast without a line, in addition to the 33 features: weighted form, role and load."""

from __future__ import annotations

import numpy as np

from shared.domain.arrays import Floats
from shared.domain.features.compute import CHUNK, Targets
from shared.domain.features.contract import FEATURES, INDEX
from shared.domain.features.history import History
from shared.domain.features.past import Past
from shared.domain.features.windows import Window, ratio

GAMES = 40
"""Number of past games in a weighted mean."""

HALF_LIVES = (4.0, 10.0, 25.0)
"""In games."""

_WEIGHTED = ("points", "minutes", "fga", "fta", "fg3a")
_WINDOWS = (
    "minutes_last_3", "points_last_3", "minutes_last_1", "points_last_20", "minutes_last_20",
    "minutes_std_10", "usage_last_10", "days_rest", "games_this_season", "career_games", "minutes_season",
)  # fmt: skip

CONTEXT: tuple[str, ...] = (
    *(f"{stat}_weighted_{int(life)}" for stat in _WEIGHTED for life in HALF_LIVES),
    *(f"points_per_minute_{int(life)}" for life in HALF_LIVES),
    *_WINDOWS,
)
"""Names of the columns, in order."""

_MARKET = ("vegas_points_line", "vegas_opening_line", "vegas_line_move", "has_vegas_line")
WITHOUT_MARKET: tuple[int, ...] = tuple(i for name, i in INDEX.items() if name not in _MARKET)
"""Indices of the features (of the 33) that do not come from the market."""

ALL_INPUTS: tuple[str, ...] = (*FEATURES, *CONTEXT)
"""All columns that a model may take."""

WITHOUT_MARKET_INPUTS: tuple[str, ...] = (*(FEATURES[i] for i in WITHOUT_MARKET), *CONTEXT)
"""Names of the columns of ``without_market``, in order."""

MAX_CAREER_GAMES = 300.0


def context(history: History, t: Targets) -> Floats:
    """Return (n, 29) columns of ``CONTEXT``, from games before the target's as-of; NaN where missing."""
    starts = range(0, max(len(t), 1), CHUNK)
    return np.concatenate([_context(history, t.take(slice(at, at + CHUNK))) for at in starts])


def _context(history: History, t: Targets) -> Floats:
    past = Past.of(history, t.player, t.day, t.as_of, t.season)
    stats, games = history.stats, past.last(GAMES)
    weighted = {
        (stat, life): _weighted(games, stats[stat], life) for stat in _WEIGHTED for life in HALF_LIVES
    }
    per_minute = [
        ratio(weighted["points", life], weighted["minutes", life], weighted["minutes", life] > 0)
        for life in HALF_LIVES
    ]
    windows = [
        past.last(3).mean(stats["minutes"]),
        past.last(3).mean(stats["points"]),
        past.last(1).mean(stats["minutes"]),
        past.last(20).mean(stats["points"]),
        past.last(20).mean(stats["minutes"]),
        past.last(10).std(stats["minutes"]),
        past.last(10).mean(stats["usage"]),
        past.days_rest,
        (past.end - past.season_start).astype(np.float64),
        np.minimum(past.end - past.start, MAX_CAREER_GAMES).astype(np.float64),
        past.season_mean(stats["minutes"]),
    ]
    return np.stack([*weighted.values(), *per_minute, *windows], axis=-1) + 0.0  # no store keeps -0.0


def without_market(values: Floats, extra: Floats) -> Floats:
    """Return (n, 58) inputs of the forecast without a line, from the 33 features and the context."""
    return np.concatenate([values[:, list(WITHOUT_MARKET)], extra], axis=-1)


def _weighted(games: Window, values: Floats, half_life: float) -> Floats:
    """Return (n,) means in which a game counts half as much as one ``half_life`` games later."""
    weight = np.where(games.valid, 0.5 ** (np.arange(GAMES) / half_life), 0.0)
    total = np.asarray((weight * games.gather(values)).sum(axis=-1))
    return ratio(total, np.asarray(weight.sum(axis=-1)), games.count > 0)
