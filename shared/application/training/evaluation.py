"""Evaluate systems walk-forward on identical rows, compared with the line and with always-under."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from math import erf
from typing import Any

import numpy as np

from shared.application.training.examples import Examples, read_examples
from shared.application.training.recipes import RECIPES
from shared.application.training.walk_forward import NO_LINE, REFIT_DAYS, Forecasts, walk
from shared.domain.arrays import Bools, Floats, Ints, Strings
from shared.domain.evaluation import (
    always_under,
    brier,
    calibration_error,
    calibration_limit,
    hits,
    log_loss,
    reliability,
    returns,
    suspected_leaks,
)
from shared.domain.features.contract import INDEX
from shared.domain.instants import from_day
from shared.domain.statistics import mean_by_date, wilson
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.domain.systems.line_anchored import COVERED
from shared.errors import NotFound, Rejected
from shared.ports import Warehouse

EARLIER_GAMES, LINED_MINUTES, ROTATION_MINUTES = 5, 8.0, 10.0
MIN_COMMON_SHARE = 0.99
"""Systems that predict at least this share of the rows are evaluated on common rows, others on their own."""

EVALUATED = (*SYSTEM_IDS, NO_LINE)

WINDOW_GAP = 21
"""A gap of more days than this without a line starts a new window of lines."""

BANDS = (
    (0.0, "line to 10"),
    (10.5, "10.5 to 15"),
    (15.5, "15.5 to 20"),
    (20.5, "20.5 to 25"),
    (25.5, "above 25"),
)
TIERS = ((0.0, "season average to 8"), (8.0, "8 to 15"), (15.0, "15 to 22"), (22.0, "22 and more"))


@dataclass(frozen=True)
class EvaluationRows:
    """The rows of an evaluation, selected from examples and forecasts."""

    points: dict[str, Floats]
    over: dict[str, Floats]
    low: dict[str, Floats]
    high: dict[str, Floats]
    actual: Floats
    line: Floats
    market: Floats
    over_price: Floats
    under_price: Floats
    precision: Strings
    spread: Floats
    average: Floats
    day: Ints

    def take(self, rows: Bools) -> EvaluationRows:
        selected: dict[str, Any] = {
            name: {s: v[rows] for s, v in values.items()} if isinstance(values, dict) else values[rows]
            for name, values in vars(self).items()
        }
        return EvaluationRows(**selected)

    def __len__(self) -> int:
        return len(self.actual)


class Evaluate:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __call__(
        self,
        first: date,
        last: date,
        now: datetime,
        *,
        systems: Sequence[str] = SYSTEM_IDS,
        refit_days: int = REFIT_DAYS,
        train_days: int | None = None,
        progress: Callable[[str, int, int], None] = lambda *_: None,
    ) -> dict[str, Any]:
        """Return figures by system. Raises ``Rejected`` for an invalid range or step, and ``NotFound`` if the
        range has no player-game with a line."""
        if last < first or refit_days < 1 or (train_days is not None and train_days < 30):
            raise Rejected(
                f"{first} to {last}, refit every {refit_days} days on {train_days or 'all'}: expected an end "
                "after the start, steps of a day or more and at least 30 days to learn from"
            )
        history_days = max(r.days_back + (train_days or r.train_days) for r in RECIPES.values())
        since = first - timedelta(days=history_days)
        examples = read_examples(self._warehouse, since, last, now)
        forecasts = walk(
            examples, first, last, systems, refit_days=refit_days, train_days=train_days, progress=progress
        )
        lined, rotation = _populations(examples, forecasts)
        if not len(lined):
            raise NotFound(f"{first} to {last}: no player-game with a main line before its cut-off")
        return _report(lined, rotation, systems)


def _populations(e: Examples, f: Forecasts) -> tuple[EvaluationRows, EvaluationRows]:
    """Return rows with a line, and rows of all rotation players; both have enough earlier games."""
    r, m = f.rows, e.market
    rows = EvaluationRows(
        points=f.points,
        over=f.over,
        low=f.low,
        high=f.high,
        actual=e.points[r],
        line=m.line[r],
        market=m.over[r],
        over_price=m.over_price[r],
        under_price=m.under_price[r],
        precision=m.precision[r],
        spread=f.spread,
        average=e.features.values[r, INDEX["points_avg_last_10"]],
        day=e.day[r],
    )
    has_history = e.earlier[r] >= EARLIER_GAMES
    minutes = e.minutes_last_10[r]
    lined = has_history & (minutes >= LINED_MINUTES) & ~np.isnan(rows.line)
    return rows.take(lined), rows.take(has_history & (minutes >= ROTATION_MINUTES))


def _report(lined: EvaluationRows, rotation: EvaluationRows, systems: Sequence[str]) -> dict[str, Any]:
    share = {s: float(np.mean(~np.isnan(lined.points[s]))) for s in systems}
    full = [s for s in systems if share[s] >= MIN_COMMON_SHARE]
    common = lined.take(np.all([~np.isnan(lined.points[s]) for s in full], axis=0)) if full else lined
    reports: dict[str, dict[str, Any]] = {}
    leaks: list[str] = []
    for s in systems:
        rows = common if s in full else lined.take(~np.isnan(lined.points[s]))
        if not len(rows):
            reports[s] = {"n": 0, "identical_rows": False}
            continue
        reports[s] = {**_system(rows, s), "identical_rows": s in full}
        predicted = rotation.take(~np.isnan(rotation.points[s]))
        reports[s]["rotation"] = {"n": len(predicted), **_errors(predicted.points[s] - predicted.actual)}
        rates = hits(rows.points[s], rows.line, rows.actual)
        leaks += suspected_leaks(s, reports[s]["mae"], reports[s]["rotation"]["mae"], rates)
    return {
        "rows": len(common),
        "first": from_day(int(common.day.min())).isoformat(),
        "last": from_day(int(common.day.max())).isoformat(),
        "line": _errors(common.line - common.actual),
        "always_under": asdict(always_under(common.line, common.actual)),
        "systems": reports,
        "windows": _groups(common, _windows(common.day), full),
        "line_bands": _groups(common, _bands(common.line, BANDS), full, [name for _, name in BANDS]),
        "player_tiers": _groups(common, _bands(common.average, TIERS), full, [name for _, name in TIERS]),
        "precision": _groups(common, common.precision, full),
        "suspected_leaks": leaks,
    }


def _system(rows: EvaluationRows, system: str) -> dict[str, Any]:
    """Return the figures of one system and of the line on the same rows."""
    predicted = rows.points[system]
    error, line_error = np.abs(predicted - rows.actual), np.abs(rows.line - rows.actual)
    excess = mean_by_date(error - line_error, rows.day)
    profit, bets = returns(predicted - rows.line, rows.line, rows.actual, rows.over_price, rows.under_price)
    return {
        "n": len(rows),
        **_errors(predicted - rows.actual),
        "line_mae": _round(line_error.mean()),
        "mae_minus_line": None if excess is None else {k: _round(v) for k, v in vars(excess).items()},
        "line_bias": _round((predicted - rows.line).mean()),
        "hit": {k: asdict(v) for k, v in hits(predicted, rows.line, rows.actual).items()},
        "return": {"value": None if profit is None else _round(profit), "n": bets},
        **_probabilities(rows, predicted, rows.over.get(system)),
        "interval": _interval(rows, system),
    }


def _interval(rows: EvaluationRows, system: str) -> dict[str, Any] | None:
    """Return the share of outcomes inside a system's interval, and its width; None without an interval."""
    if system not in rows.low:
        return None
    low, high = rows.low[system], rows.high[system]
    covered = int(np.sum((rows.actual >= low) & (rows.actual <= high)))
    return {**asdict(wilson(covered, len(rows))), "wanted": COVERED, "width": _round((high - low).mean())}


def _probabilities(rows: EvaluationRows, predicted: Floats, over: Floats | None) -> dict[str, Any]:
    """Compare P(over) with the market's, on rows with prices for both sides. For a system without
    probabilities, P(over) comes from a normal distribution around its prediction."""
    priced = ~np.isnan(rows.market) & (rows.actual != rows.line)
    if not priced.any():
        return dict.fromkeys(("log_loss", "market_log_loss", "brier", "ece", "ece_limit"), None) | {
            "priced": 0
        }
    if over is None:
        z = ((predicted - rows.line) / rows.spread)[priced]
        p = np.array([0.5 * (1.0 + erf(v / np.sqrt(2.0))) for v in z])
    else:
        p = over[priced]
    went_over = (rows.actual > rows.line)[priced]
    return {
        "priced": int(priced.sum()),
        "log_loss": _round(log_loss(p, went_over)),
        "market_log_loss": _round(log_loss(rows.market[priced], went_over)),
        "brier": _round(brier(p, went_over)),
        "ece": _round(calibration_error(p, went_over)),
        "ece_limit": _round(calibration_limit(p)),
        "reliability": [asdict(b) for b in reliability(p, went_over)],
    }


def _groups(
    rows: EvaluationRows, labels: Strings, systems: Sequence[str], names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return errors of every system and of the line by group, in the order of ``names``, else of dates."""
    groups = []
    for label in dict.fromkeys([n for n in names if n in labels] or labels.tolist()):
        part = rows.take(labels == label)
        groups.append(
            {
                "group": label,
                "n": len(part),
                "line_mae": _round(np.abs(part.line - part.actual).mean()),
                "mae": {s: _round(np.abs(part.points[s] - part.actual).mean()) for s in systems},
            }
        )
    return groups


def _windows(day: Ints) -> Strings:
    """Return for each row the window of dates with lines, named by its first and last date."""
    days = np.unique(day)
    cuts = np.flatnonzero(np.diff(days) > WINDOW_GAP) + 1
    labels = np.empty(len(day), dtype="<U24")
    for part in np.split(days, cuts):
        name = f"{from_day(int(part[0]))} to {from_day(int(part[-1]))}"
        labels[(day >= part[0]) & (day <= part[-1])] = name
    return labels.astype(np.str_)


def _bands(values: Floats, bands: Sequence[tuple[float, str]]) -> Strings:
    band = np.searchsorted([low for low, _ in bands], values, side="right") - 1
    return np.array([bands[i][1] for i in band.tolist()], dtype=np.str_)


def _errors(error: Floats) -> dict[str, float | None]:
    if not len(error):
        return {"mae": None, "bias": None, "rmse": None}
    return {
        "mae": _round(np.abs(error).mean()),
        "bias": _round(error.mean()),
        "rmse": _round(np.sqrt((error**2).mean())),
    }


def _round(value: Any) -> float:
    return round(float(value), 5)
