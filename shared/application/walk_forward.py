"""Predict the past as it could have been predicted: models are fitted again as time goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import catboost
import numpy as np
from numpy.typing import NDArray

from shared.application.examples import Examples
from shared.application.predict import box_shares, zone_shares
from shared.application.training import DAYS_BACK, SEED, THREADS, Rows, fit
from shared.domain import line_anchored
from shared.domain.features.compute import FeatureRows
from shared.domain.features.context import without_market
from shared.domain.features_contract import INDEX, REQUIRED
from shared.domain.instants import to_day
from shared.domain.systems.base import Batch, Regressor
from shared.domain.systems.catalog import MODEL_SYSTEMS, build, forecast_all
from shared.model_registry.catboost_model import CatBoostModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NO_LINE, LINE_ANCHORED = "no_line_forecast", "line_anchored_v1"
"""Judged beside the systems: a forecast without a line, and the line moved towards it."""

TRAIN_DAYS, FORECAST_DAYS = 3 * 365, 5 * 365
REFIT_DAYS = 28
Fit = Callable[[Rows], Regressor]


@dataclass(frozen=True)
class Forecasts:
    """Points of each system for the rows judged, NaN where it emits nothing.

    ``over``: P(OVER) of the systems that give one. ``rows``: (n,) positions in the examples. ``spread``: (n,)
    standard deviation of points around a forecast, learnt from earlier rows only.
    """

    rows: Ints
    points: dict[str, Floats]
    over: dict[str, Floats]
    spread: Floats


def walk(
    examples: Examples,
    first: date,
    last: date,
    systems: Sequence[str],
    *,
    refit_days: int = REFIT_DAYS,
    train_days: int = TRAIN_DAYS,
    progress: Callable[[str, int, int], None] = lambda *_: None,
    learn: Fit | None = None,
) -> Forecasts:
    """Every row that was complete before its game, from ``first`` to ``last``.

    Each stretch of ``refit_days`` is predicted by models that saw rows of earlier dates only, each system's
    window ending as long before as its recipe says.
    """
    values, day = examples.features.values, examples.day
    whole = ~np.isnan(values[:, list(REQUIRED)]).any(axis=-1)
    begin, end = to_day(first), to_day(last)
    learnt = Rows(values[whole], examples.points[whole], day[whole])
    judged = np.flatnonzero(whole & (day >= begin) & (day <= end) & (examples.minutes > 0))
    points = {s: np.full(len(judged), np.nan) for s in systems}
    spread = np.full(len(judged), np.nan)
    anchored = {NO_LINE, LINE_ANCHORED} & set(systems)
    forecast_alone = np.full(len(judged), np.nan)
    starts = range(begin, end + 1, refit_days)
    for done, start in enumerate(starts, 1):
        mine = (day[judged] >= start) & (day[judged] < start + refit_days)
        if mine.any():
            models = {
                s: (learn or _learn)(_window(learnt, start - DAYS_BACK[s] + 1, train_days))
                for s in MODEL_SYSTEMS
            }
            batch = _batch(examples.with_recent(judged[mine]))
            for system, forecast in forecast_all(build(models), batch).items():
                if system in points:
                    points[system][mine] = forecast.points
            spread[mine] = _spread(_window(learnt, start, train_days), batch)
            if anchored:
                forecast_alone[mine] = _forecast_alone(examples, whole & (day < start), judged[mine])
        progress("walk forward", done, len(starts))
    line, market = examples.market.line[judged], examples.market.over[judged]
    chance = {}
    if NO_LINE in points:
        points[NO_LINE] = forecast_alone
    if LINE_ANCHORED in points:
        points[LINE_ANCHORED] = line_anchored.points(line, forecast_alone, market)
        chance[LINE_ANCHORED] = line_anchored.over(line, forecast_alone, market)
    return Forecasts(judged, points, chance, spread)


def _forecast_alone(examples: Examples, before: Bools, rows: Ints) -> Floats:
    """A forecast that never looks at the market: the mean of fits on squared and on absolute error."""
    x = without_market(examples.features.values, examples.context)
    since = examples.day[rows].min() - FORECAST_DAYS
    learnt = before & (examples.day >= since) & (examples.minutes > 0)
    forecasts = []
    for loss in ("RMSE", "MAE"):
        model = catboost.CatBoostRegressor(
            iterations=450, depth=6, learning_rate=0.05, l2_leaf_reg=6, loss_function=loss, random_seed=SEED,
            thread_count=THREADS, verbose=False, allow_writing_files=False,
        )  # fmt: skip
        model.fit(x[learnt], examples.points[learnt])
        forecasts.append(model.predict(x[rows]))
    return np.asarray((forecasts[0] + forecasts[1]) / 2.0, dtype=np.float64)


def _window(rows: Rows, end: int, days: int) -> Rows:
    """Rows of dates before ``end``, no older than ``days``."""
    inside = (rows.day < end) & (rows.day >= end - days)
    return Rows(rows.x[inside], rows.y[inside], rows.day[inside])


def _learn(rows: Rows) -> Regressor:
    return CatBoostModel(fit(rows))


def _spread(rows: Rows, batch: Batch) -> Floats:
    """Standard deviation around a forecast, linear in it: from how far points lay from season averages."""
    average = rows.x[:, INDEX["points_avg_last_10"]]
    slope, base = np.polyfit(average, np.abs(rows.y - average), 1)
    scale = np.sqrt(np.pi / 2.0)  # from mean absolute deviation to standard deviation of a normal
    return np.asarray(np.maximum(scale * (base + slope * batch.feature("points_avg_last_10")), 1.0))


def _batch(rows: FeatureRows) -> Batch:
    values = rows.values
    return Batch(
        features=values,
        quality=rows.quality,
        league_def_rating=rows.league_def_rating,
        zone_shares=zone_shares(values),
        box_shares=box_shares(values),
        recent=rows.recent,
        days_rest=rows.days_rest,
    )
