"""Walk-forward forecasts: predict past games with models that are refitted as time goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from shared.application.training.examples import Examples, complete_rows
from shared.application.training.recipes import RECIPES, Rows, rows_of
from shared.domain.arrays import Floats, Ints
from shared.domain.features.contract import INDEX
from shared.domain.instants import from_day, to_day
from shared.domain.systems.base import Batch, Forecast, Regressor, System
from shared.domain.systems.catalog import build_systems, forecast_all, required_models
from shared.errors import Rejected
from shared.model_registry.catboost_model import parse_model, to_bytes

NO_LINE, LINE_ANCHORED = "no_line_forecast", "line_anchored_v1"
"""An extra system for evaluation: forecasts of the line-anchored model without a line."""

REFIT_DAYS, SPREAD_DAYS = 28, 3 * 365
FitModel = Callable[[str, Rows], Regressor]


@dataclass(frozen=True)
class Forecasts:
    """Points of each system for the evaluated rows, NaN without a forecast.

    ``over``, ``low``, ``high``: P(OVER) and interval of the systems with probabilities. ``rows``: (n,)
    positions in the examples. ``spread``: (n,) standard deviation of points around a forecast, estimated
    from earlier rows only.
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
    fit: FitModel | None = None,
) -> Forecasts:
    """Return forecasts for every row from ``first`` to ``last`` that was complete before its game.

    Each stretch of ``refit_days`` is predicted by models fitted on earlier dates only; each system's training
    window ends ``days_back`` of its recipe before. ``train_days`` replaces the lengths in the recipes.
    """
    day, is_complete = examples.day, complete_rows(examples)
    begin, end = to_day(first), to_day(last)
    rows = np.flatnonzero(is_complete & examples.between(first, last) & (examples.minutes > 0))
    fitted_systems = required_models([LINE_ANCHORED if s == NO_LINE else s for s in systems])
    by_system = {s: rows_of(s, examples, is_complete) for s in fitted_systems}
    average = examples.features.values[:, INDEX["points_avg_last_10"]]
    forecasts = _ForecastBuffer(len(rows))
    starts = range(begin, end + 1, refit_days)
    for done, start in enumerate(starts, 1):
        stretch = np.flatnonzero((day[rows] >= start) & (day[rows] < start + refit_days))
        if len(stretch):
            models = {}
            for s in fitted_systems:
                recipe = RECIPES[s]
                window = by_system[s].window(start - recipe.days_back + 1, train_days or recipe.train_days)
                models[s] = (fit or _fit)(s, window)
            for system, forecast in _forecasts(models, examples.batch(rows[stretch]), systems).items():
                forecasts.add(system, forecast, stretch)
            past = is_complete & (day < start) & (day >= start - SPREAD_DAYS)
            if not past.any():
                raise Rejected(
                    f"{from_day(start)}: no complete player-game before it, expected a later start"
                )
            forecasts.spread[stretch] = _spread(average[past], examples.points[past], average[rows[stretch]])
        progress("walk forward", done, len(starts))
    points = {s: forecasts.points.get(s, np.full(len(rows), np.nan)) for s in systems}
    return Forecasts(rows, points, forecasts.over, forecasts.low, forecasts.high, forecasts.spread)


class _ForecastBuffer:
    """Collects the forecasts of the stretches into arrays over all rows."""

    def __init__(self, n: int) -> None:
        self._n = n
        self.points: dict[str, Floats] = {}
        self.over: dict[str, Floats] = {}
        self.low: dict[str, Floats] = {}
        self.high: dict[str, Floats] = {}
        self.spread = np.full(n, np.nan)

    def add(self, system: str, forecast: Forecast, rows: Ints) -> None:
        self._put(self.points, system, rows, forecast.points)
        if forecast.chance is not None:
            self._put(self.over, system, rows, forecast.chance.over)
            self._put(self.low, system, rows, forecast.chance.low)
            self._put(self.high, system, rows, forecast.chance.high)

    def _put(self, columns: dict[str, Floats], system: str, rows: Ints, part: Floats) -> None:
        columns.setdefault(system, np.full(self._n, np.nan))[rows] = part


def _forecasts(models: dict[str, Regressor], batch: Batch, systems: Sequence[str]) -> dict[str, Forecast]:
    built = build_systems(models)
    forecasts = {s: f for s, f in forecast_all(built, batch).items() if s in systems}
    if NO_LINE in systems:
        without_line = replace(batch, line=np.full(len(batch), np.nan), market=np.full(len(batch), np.nan))
        anchored: System = next(s for s in built if s.system_id == LINE_ANCHORED)
        forecasts[NO_LINE] = replace(anchored.forecast(without_line, {}), chance=None)
    return forecasts


def _fit(system_id: str, rows: Rows) -> Regressor:
    return parse_model(to_bytes(RECIPES[system_id].fit(rows)), system_id, rows.names)


def _spread(average: Floats, points: Floats, of_average: Floats) -> Floats:
    """Return the standard deviation around a forecast, linear in it, fitted on points minus averages."""
    slope, base = np.polyfit(average, np.abs(points - average), 1)
    scale = np.sqrt(np.pi / 2.0)  # from mean absolute deviation to standard deviation of a normal
    return np.asarray(np.maximum(scale * (base + slope * of_average), 1.0))
