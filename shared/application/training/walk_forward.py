"""Predict the past as it could have been predicted: models are fitted again as time goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from shared.application.training.examples import Examples, complete
from shared.application.training.recipes import RECIPES, Rows, rows_of
from shared.domain.features.contract import INDEX
from shared.domain.instants import from_day, to_day
from shared.domain.systems.base import Batch, Forecast, Regressor, System
from shared.domain.systems.catalog import build_systems, forecast_all, required_models
from shared.errors import Rejected
from shared.model_registry.catboost_model import parse_model, to_bytes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_LINE, LINE_ANCHORED = "no_line_forecast", "line_anchored_v1"
"""Judged beside the systems: what the anchored line says of a player when no line is shown to it."""

REFIT_DAYS, SPREAD_DAYS = 28, 3 * 365
Learn = Callable[[str, Rows], Regressor]


@dataclass(frozen=True)
class Forecasts:
    """Points of each system for the rows judged, NaN where it emits nothing.

    ``over``, ``low``, ``high``: P(OVER) and interval of the systems that give them. ``rows``: (n,) positions
    in the examples. ``spread``: (n,) standard deviation of points around a forecast, learnt from earlier rows
    only.
    """

    rows: Ints
    points: dict[str, Floats]
    over: dict[str, Floats]
    low: dict[str, Floats]
    high: dict[str, Floats]
    spread: Floats


def walk(
    examples: Examples,
    first: date,
    last: date,
    systems: Sequence[str],
    *,
    refit_days: int = REFIT_DAYS,
    train_days: int | None = None,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    learn: Learn | None = None,
) -> Forecasts:
    """Every row that was complete before its game, from ``first`` to ``last``.

    Each stretch of ``refit_days`` is predicted by models that saw rows of earlier dates only, each system's
    window ending as long before as its recipe says; ``train_days`` stands in for the recipes' lengths.
    """
    day, whole = examples.day, complete(examples)
    begin, end = to_day(first), to_day(last)
    judged = np.flatnonzero(whole & examples.between(first, last) & (examples.minutes > 0))
    fitted = required_models([LINE_ANCHORED if s == NO_LINE else s for s in systems])
    learnt = {s: rows_of(s, examples, whole) for s in fitted}
    average = examples.features.values[:, INDEX["points_avg_last_10"]]
    told = _Told(len(judged))
    starts = range(begin, end + 1, refit_days)
    for done, start in enumerate(starts, 1):
        mine = np.flatnonzero((day[judged] >= start) & (day[judged] < start + refit_days))
        if len(mine):
            models = {}
            for s in fitted:
                recipe = RECIPES[s]
                window = learnt[s].window(start - recipe.days_back + 1, train_days or recipe.train_days)
                models[s] = (learn or _learn)(s, window)
            for system, forecast in _forecasts(models, examples.batch(judged[mine]), systems).items():
                told.keep(system, forecast, mine)
            past = whole & (day < start) & (day >= start - SPREAD_DAYS)
            if not past.any():
                raise Rejected(f"{from_day(start)}: no complete player-game before it, wanted a later start")
            told.spread[mine] = _spread(average[past], examples.points[past], average[judged[mine]])
        progress("walk forward", done, len(starts))
    points = {s: told.points.get(s, np.full(len(judged), np.nan)) for s in systems}
    return Forecasts(judged, points, told.over, told.low, told.high, told.spread)


class _Told:
    """Forecasts of the stretches, put together as they come."""

    def __init__(self, n: int) -> None:
        self._n = n
        self.points: dict[str, Floats] = {}
        self.over: dict[str, Floats] = {}
        self.low: dict[str, Floats] = {}
        self.high: dict[str, Floats] = {}
        self.spread = np.full(n, np.nan)

    def keep(self, system: str, forecast: Forecast, rows: Ints) -> None:
        self._put(self.points, system, rows, forecast.points)
        if forecast.chance is not None:
            self._put(self.over, system, rows, forecast.chance.over)
            self._put(self.low, system, rows, forecast.chance.low)
            self._put(self.high, system, rows, forecast.chance.high)

    def _put(self, whole: dict[str, Floats], system: str, rows: Ints, part: Floats) -> None:
        whole.setdefault(system, np.full(self._n, np.nan))[rows] = part


def _forecasts(models: dict[str, Regressor], batch: Batch, systems: Sequence[str]) -> dict[str, Forecast]:
    built = build_systems(models)
    found = {s: f for s, f in forecast_all(built, batch).items() if s in systems}
    if NO_LINE in systems:
        unlined = replace(batch, line=np.full(len(batch), np.nan), market=np.full(len(batch), np.nan))
        alone: System = next(s for s in built if s.system_id == LINE_ANCHORED)
        found[NO_LINE] = replace(alone.forecast(unlined, {}), chance=None)
    return found


def _learn(system_id: str, rows: Rows) -> Regressor:
    return parse_model(to_bytes(RECIPES[system_id].fit(rows)), system_id, rows.names)


def _spread(average: Floats, points: Floats, of: Floats) -> Floats:
    """Standard deviation around a forecast, linear in it: from how far points lay from averages."""
    slope, base = np.polyfit(average, np.abs(points - average), 1)
    scale = np.sqrt(np.pi / 2.0)  # from mean absolute deviation to standard deviation of a normal
    return np.asarray(np.maximum(scale * (base + slope * of), 1.0))
