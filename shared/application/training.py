"""Train the models that the systems serve, on what was known before each game."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import catboost
import numpy as np
from numpy.typing import NDArray

from shared.application.examples import read_played
from shared.application.loading import Progress
from shared.domain.evaluation import always_under, hits
from shared.domain.features_contract import FEATURES, INDEX, REQUIRED
from shared.domain.instants import from_day, to_day
from shared.domain.statistics import Rate, distribution
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.errors import Rejected
from shared.model_registry import bundle
from shared.model_registry.bundle import GoldenRow, HitRate, Manifest, Metrics, Reference
from shared.model_registry.catboost_model import CatBoostModel, to_bytes
from shared.ports import Warehouse
from shared.warehouse.statements import statement

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEED = 42
THREADS = 2
"""CatBoost gives the same bytes only for the same number of threads."""

SEASONS = 3
DAYS_BACK = {"catboost_v9": 1, "catboost_v9_2026_02": 30, "catboost_v8": 365}
"""How many days before the game date each demo model's training ends."""

VALIDATION_SHARE = 0.15
LEAST_ROWS = 500


@dataclass(frozen=True)
class Window:
    """Training dates, inclusive, and those it is evaluated on; without them, on the training's own tail."""

    system_id: str
    start: date
    end: date
    eval_start: date | None = None
    eval_end: date | None = None

    @property
    def last(self) -> date:
        return self.eval_end or self.end


def checked(system_id: str, start: date, end: date, eval_start: date, eval_end: date) -> Window:
    """A window whose evaluation begins after its training has ended; ``Rejected`` names what is wrong."""
    if system_id not in MODEL_SYSTEMS:
        raise Rejected(f"system {system_id!r}, wanted one of {', '.join(MODEL_SYSTEMS)}")
    if end < start:
        raise Rejected(f"train_end {end}, wanted {start} or later")
    if eval_start <= end:
        raise Rejected(f"eval_start {eval_start}, wanted a date after train_end {end}: the windows overlap")
    if eval_end < eval_start:
        raise Rejected(f"eval_end {eval_end}, wanted {eval_start} or later")
    return Window(system_id, start, end, eval_start, eval_end)


def demo_windows(game_date: date) -> list[Window]:
    """The three windows of the demo's models, each three seasons long and over before the game date."""
    ends = {system: game_date - timedelta(days=days) for system, days in DAYS_BACK.items()}
    return [Window(system, end - timedelta(days=365 * SEASONS), end) for system, end in ends.items()]


@dataclass(frozen=True)
class Rows:
    """Player-games to learn from or to be judged by, in order of time."""

    x: Floats
    y: Floats
    day: Ints

    def between(self, first: date, last: date) -> Rows:
        inside = (self.day >= to_day(first)) & (self.day <= to_day(last))
        return Rows(self.x[inside], self.y[inside], self.day[inside])

    def __len__(self) -> int:
        return len(self.y)


class TrainModels:
    """Fits one CatBoost regressor per window and writes a bundle for each."""

    def __init__(self, warehouse: Warehouse, folder: Path, git_commit: str | None = None) -> None:
        self._warehouse = warehouse
        self._folder = folder
        self._git_commit = git_commit

    def __call__(
        self, windows: list[Window], now: datetime, progress: Progress = lambda *_: None
    ) -> dict[str, Path]:
        """Path of the bundle by system; ``Rejected`` where a window holds too few games."""
        first, last = min(w.start for w in windows), max(w.last for w in windows)
        rows = self._rows(first, last, now)
        paths = {}
        for w in windows:
            paths[w.system_id] = self._train(w, rows)
            progress("train", len(paths), len(windows))
        return paths

    def _rows(self, first: date, last: date, now: datetime) -> Rows:
        """Complete rows of the range, without dates whose every feature snapshot was invalidated."""
        played = read_played(self._warehouse, first, last, now)
        refused = self._warehouse.query(statement("invalidated_dates", first=first, last=last))
        bad = np.array([to_day(d) for d in refused["game_date"].to_pylist()], dtype=np.int64)
        whole = ~np.isnan(played.values[:, list(REQUIRED)]).any(axis=-1) & ~np.isin(played.day, bad)
        return Rows(played.values[whole], played.points[whole], played.day[whole])

    def _train(self, w: Window, rows: Rows) -> Path:
        train = rows.between(w.start, w.end)
        if len(train) < LEAST_ROWS:
            raise Rejected(
                f"train {w.system_id}: {len(train)} complete player-games from {w.start} to {w.end}, "
                f"wanted at least {LEAST_ROWS}"
            )
        x, y, day = train.x, train.y, train.day
        cut = _cut(day)
        held = Rows(x[cut:], y[cut:], day[cut:])
        if w.eval_start is not None and w.eval_end is not None:
            held = rows.between(w.eval_start, w.eval_end)
            if not len(held):
                raise Rejected(
                    f"train {w.system_id}: no game from {w.eval_start} to {w.eval_end} to judge by"
                )
        model = fit(train)
        data = to_bytes(model)
        digest = bundle.sha256_of(data)
        scored = CatBoostModel(model)
        golden = x[:: max(len(x) // 5, 1)][:5]
        manifest = Manifest(
            name=bundle.bundle_name(w.system_id, w.end, digest),
            system_id=w.system_id,
            sha256=digest,
            feature_names=list(FEATURES),
            train_start=w.start,
            train_end=w.end,
            train_rows=cut,
            eval_start=w.eval_start or from_day(int(day[cut])),
            eval_end=w.last,
            metrics=_metrics(scored.predict(held.x), held.y, held.x[:, INDEX["vegas_points_line"]]),
            trees=scored.trees,
            seed=SEED,
            thread_count=THREADS,
            trend_sign="positive is improving",
            libraries={name: version(name) for name in ("catboost", "numpy")},
            golden=[_golden(row, scored) for row in golden],
            git_commit=self._git_commit,
            reference={name: _reference(x[:cut, i]) for i, name in enumerate(FEATURES)},
        )
        return bundle.write(self._folder, data, manifest)


def _cut(day: NDArray[np.int64]) -> int:
    """Where validation begins: at a date's first row, so that no date stands on both sides."""
    at = int(len(day) * (1.0 - VALIDATION_SHARE))
    return int(np.searchsorted(day, day[at], side="left"))


def settings() -> dict[str, Any]:
    """How a model is fitted; the tail of its training window stops it."""
    return {
        "iterations": 600,
        "depth": 6,
        "learning_rate": 0.06,
        "l2_leaf_reg": 6,
        "early_stopping_rounds": 40,
        "loss_function": "RMSE",
    }


def fit(rows: Rows) -> catboost.CatBoostRegressor:
    """A model of the rows; the last of them in time stop its growth, so no later date is looked at.

    ``Rejected`` for rows that are not in order of time: their tail would be a random split, in which games
    of one date stand on both sides.
    """
    if np.any(np.diff(rows.day) < 0):
        raise Rejected("training rows are not in order of time: a random split is not allowed")
    cut = _cut(rows.day)
    model = catboost.CatBoostRegressor(
        **settings(), random_seed=SEED, thread_count=THREADS, verbose=False, allow_writing_files=False
    )
    names = list(FEATURES)
    model.fit(
        catboost.Pool(rows.x[:cut], rows.y[:cut], feature_names=names),
        eval_set=catboost.Pool(rows.x[cut:], rows.y[cut:], feature_names=names),
        use_best_model=True,
    )
    return model


def _metrics(predicted: Floats, actual: Floats, line: Floats) -> Metrics:
    gap = predicted - actual
    lined = ~np.isnan(line)
    return Metrics(
        n=len(gap),
        mae=round(float(np.abs(gap).mean()), 4),
        bias=round(float(gap.mean()), 4),
        line_n=int(lined.sum()),
        line_bias=_rounded((predicted - line)[lined]),
        lined_mae=_rounded(np.abs(gap[lined])),
        line_mae=_rounded(np.abs(line - actual)[lined]),
        hit={name: _hit_rate(rate) for name, rate in hits(predicted, line, actual).items()},
        always_under=_hit_rate(always_under(line, actual)),
    )


def _rounded(values: Floats) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


def _hit_rate(rate: Rate) -> HitRate:
    return HitRate(rate.n, *(None if v is None else round(v, 4) for v in (rate.rate, rate.low, rate.high)))


def _reference(values: Floats) -> Reference:
    told = distribution(values)
    return Reference(told.edges, told.shares, told.missing)


def _golden(row: Floats, model: CatBoostModel) -> GoldenRow:
    values = [None if np.isnan(v) else float(v) for v in row]
    return GoldenRow(values, float(model.predict(row[None, :])[0]))
