"""Train the models that the systems serve, on what was known before each game."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import catboost
import numpy as np
from numpy.typing import NDArray

from shared.application.loading import Progress
from shared.application.slate import Played, read_played
from shared.domain.features_contract import FEATURES, INDEX, REQUIRED
from shared.domain.instants import from_day, to_day
from shared.domain.statistics import distribution
from shared.errors import Rejected
from shared.model_registry import bundle
from shared.model_registry.bundle import GoldenRow, Manifest, Metrics, Reference
from shared.model_registry.catboost_model import CatBoostModel, to_bytes
from shared.ports import Warehouse

Floats = NDArray[np.float64]

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
    """Training dates, inclusive."""

    system_id: str
    start: date
    end: date


def demo_windows(game_date: date) -> list[Window]:
    """The three windows of the demo's models, each three seasons long and over before the game date."""
    ends = {system: game_date - timedelta(days=days) for system, days in DAYS_BACK.items()}
    return [Window(system, end - timedelta(days=365 * SEASONS), end) for system, end in ends.items()]


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
        first, last = min(w.start for w in windows), max(w.end for w in windows)
        played = read_played(self._warehouse, first, last, now)
        paths = {}
        for w in windows:
            paths[w.system_id] = self._train(w, played)
            progress("train", len(paths), len(windows))
        return paths

    def _train(self, w: Window, played: Played) -> Path:
        inside = (played.day >= to_day(w.start)) & (played.day <= to_day(w.end))
        whole = ~np.isnan(played.values[:, list(REQUIRED)]).any(axis=-1)
        rows = inside & whole
        x, y, day = played.values[rows], played.points[rows], played.day[rows]
        if len(x) < LEAST_ROWS:
            raise Rejected(
                f"train {w.system_id}: {len(x)} complete player-games from {w.start} to {w.end}, "
                f"wanted at least {LEAST_ROWS}"
            )
        cut = _cut(day)
        model = _fit(x[:cut], y[:cut], x[cut:], y[cut:])
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
            eval_start=from_day(int(day[cut])),
            eval_end=w.end,
            metrics=_metrics(scored.predict(x[cut:]), y[cut:], x[cut:, INDEX["vegas_points_line"]]),
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


def _fit(x: Floats, y: Floats, held: Floats, truth: Floats) -> catboost.CatBoostRegressor:
    model = catboost.CatBoostRegressor(
        iterations=600,
        depth=6,
        learning_rate=0.06,
        l2_leaf_reg=6,
        early_stopping_rounds=40,
        random_seed=SEED,
        thread_count=THREADS,
        loss_function="RMSE",
        verbose=False,
        allow_writing_files=False,
    )
    names = list(FEATURES)
    model.fit(
        catboost.Pool(x, y, feature_names=names),
        eval_set=catboost.Pool(held, truth, feature_names=names),
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
        line_bias=round(float((predicted - line)[lined].mean()), 4) if lined.any() else None,
    )


def _reference(values: Floats) -> Reference:
    told = distribution(values)
    return Reference(told.edges, told.shares, told.missing)


def _golden(row: Floats, model: CatBoostModel) -> GoldenRow:
    values = [None if np.isnan(v) else float(v) for v in row]
    return GoldenRow(values, float(model.predict(row[None, :])[0]))
