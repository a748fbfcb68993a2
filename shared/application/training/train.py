"""Train the models of the systems, on information from before each game."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import version

import numpy as np

from shared.application.messaging.events import Progress
from shared.application.training.examples import Examples, complete_rows, read_examples
from shared.application.training.recipes import RECIPES, SEED, THREADS, rows_of
from shared.domain.arrays import Bools, Floats, Ints
from shared.domain.evaluation import always_under, hits
from shared.domain.instants import from_day
from shared.domain.statistics import Rate, distribution
from shared.domain.systems.base import System
from shared.domain.systems.catalog import MODEL_SYSTEMS, trained_system
from shared.errors import Rejected
from shared.model_registry import bundle
from shared.model_registry.bundle import Bundle, GoldenRow, HitRate, Manifest, Metrics
from shared.model_registry.catboost_model import CatBoostModel, parse_model, to_bytes
from shared.model_registry.cbm import read_trees
from shared.model_registry.golden import golden_rows
from shared.ports import ModelStore, Warehouse
from shared.warehouse.history import day_numbers
from shared.warehouse.statements import statement

MIN_ROWS = 500


@dataclass(frozen=True)
class Window:
    """Inclusive training and evaluation dates; without the latter the tail of training is evaluated."""

    system_id: str
    start: date
    end: date
    eval_start: date | None = None
    eval_end: date | None = None

    @property
    def last(self) -> date:
        return self.eval_end or self.end


def validate_window(system_id: str, start: date, end: date, eval_start: date, eval_end: date) -> Window:
    """Return the window; raise ``Rejected`` if it is invalid, for example if evaluation overlaps training."""
    if system_id not in MODEL_SYSTEMS:
        raise Rejected(f"system {system_id!r}, expected one of {', '.join(MODEL_SYSTEMS)}")
    if end < start:
        raise Rejected(f"train_end {end}, expected {start} or later")
    if eval_start <= end:
        raise Rejected(f"eval_start {eval_start}, expected a date after train_end {end}: the windows overlap")
    if eval_end < eval_start:
        raise Rejected(f"eval_end {eval_end}, expected {eval_start} or later")
    return Window(system_id, start, end, eval_start, eval_end)


def window_before(game_date: date, system_id: str) -> Window:
    """Return the training window of a system's recipe for a game date; it ends before the date."""
    recipe = RECIPES[system_id]
    end = game_date - timedelta(days=recipe.days_back)
    return Window(system_id, end - timedelta(days=recipe.train_days), end)


def demo_windows(game_date: date) -> list[Window]:
    """Return one window for each system with a model."""
    return [window_before(game_date, system) for system in MODEL_SYSTEMS]


class TrainModels:
    """Fits one CatBoost model per window and writes a bundle for each."""

    def __init__(
        self, warehouse: Warehouse, store: ModelStore, folder: str, git_commit: str | None = None
    ) -> None:
        self._warehouse, self._store, self._folder, self._git_commit = warehouse, store, folder, git_commit

    def __call__(
        self, windows: list[Window], now: datetime, progress: Progress = lambda *_: None
    ) -> dict[str, Bundle]:
        """Return the bundles by system; raise ``Rejected`` if a window has too few games."""
        first, last = min(w.start for w in windows), max(w.last for w in windows)
        examples, usable = self._examples(first, last, now)
        bundles = {}
        for w in windows:
            bundles[w.system_id] = self._train(w, examples, usable)
            progress("train", len(bundles), len(windows))
        return bundles

    def _examples(self, first: date, last: date, now: datetime) -> tuple[Examples, Bools]:
        """Return the games of the range, and whether each may be used: it is complete, and not every feature
        snapshot of its date was invalidated."""
        examples = read_examples(self._warehouse, first, last, now)
        invalidated = self._warehouse.query(statement("invalidated_dates", first=first, last=last))
        is_invalidated = np.isin(examples.day, day_numbers(invalidated["game_date"]))
        return examples, complete_rows(examples) & ~is_invalidated

    def _train(self, w: Window, examples: Examples, usable: Bools) -> Bundle:
        recipe = RECIPES[w.system_id]
        train = rows_of(w.system_id, examples, usable & examples.between(w.start, w.end))
        if len(train) < MIN_ROWS:
            raise Rejected(
                f"train {w.system_id}: {len(train)} complete player-games from {w.start} to {w.end}, "
                f"expected at least {MIN_ROWS}"
            )
        tail = train.tail
        tail_start = from_day(int(train.day[tail]))
        held_out = usable & examples.between(w.eval_start or tail_start, w.last)
        if not held_out.any():
            raise Rejected(f"train {w.system_id}: no game from {w.eval_start} to {w.eval_end} to evaluate on")
        data = to_bytes(recipe.fit(train))
        digest = bundle.sha256_of(data)
        model = parse_model(data, w.system_id, train.names)
        eval_model = model
        if w.eval_start is None and not recipe.stops_on_tail:  # it was trained on its tail too
            eval_model = parse_model(to_bytes(recipe.fit(train.take(slice(tail)))), w.system_id, train.names)
        training_rows = train.take(slice(tail)) if recipe.stops_on_tail else train
        manifest = Manifest(
            name=bundle.bundle_name(w.system_id, w.end, digest),
            system_id=w.system_id,
            sha256=digest,
            feature_names=list(train.names),
            train_start=w.start,
            train_end=w.end,
            train_rows=len(training_rows),
            eval_start=w.eval_start or tail_start,
            eval_end=w.last,
            metrics=_metrics(trained_system(w.system_id, eval_model), examples, np.flatnonzero(held_out)),
            trees=model.trees,
            seed=SEED,
            thread_count=THREADS,
            trend_sign="positive is improving",
            libraries={name: version(name) for name in ("catboost", "numpy")},
            golden=[_golden(row, model) for row in golden_rows(train.x, read_trees(data))],
            git_commit=self._git_commit,
            reference={name: distribution(training_rows.x[:, i]) for i, name in enumerate(train.names)},
        )
        return bundle.write_bundle(self._store, self._folder, data, manifest)


def _metrics(system: System, examples: Examples, rows: Ints) -> Metrics:
    """Return the metrics of the system on held-out games, with the lines of the evaluation."""
    predicted = system.forecast(examples.batch(rows), {}).points
    actual, line = examples.points[rows], examples.market.line[rows]
    error = predicted - actual
    lined = ~np.isnan(line)
    return Metrics(
        n=len(error),
        mae=round(float(np.abs(error).mean()), 4),
        bias=round(float(error.mean()), 4),
        line_n=int(lined.sum()),
        line_bias=_rounded((predicted - line)[lined]),
        lined_mae=_rounded(np.abs(error[lined])),
        line_mae=_rounded(np.abs(line - actual)[lined]),
        hit={name: _hit_rate(rate) for name, rate in hits(predicted, line, actual).items()},
        always_under=_hit_rate(always_under(line, actual)),
    )


def _rounded(values: Floats) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


def _hit_rate(rate: Rate) -> HitRate:
    return HitRate(rate.n, *(None if v is None else round(v, 4) for v in (rate.rate, rate.low, rate.high)))


def _golden(row: Floats, model: CatBoostModel) -> GoldenRow:
    values = [None if np.isnan(v) else float(v) for v in row]
    return GoldenRow(values, float(model.predict(row[None, :])[0]))
