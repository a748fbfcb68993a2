"""Training recipes: the window and the settings of each system's model.

CatBoost is imported only where a model is fitted; callers that need only a window do not load it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shared.application.training.examples import Examples
from shared.domain.arrays import Bools, Floats, Ints
from shared.domain.features.context import ALL_INPUTS
from shared.domain.systems.catalog import TRAINED
from shared.errors import Rejected

if TYPE_CHECKING:
    import catboost


SEED = 42
THREADS = 2
"""CatBoost writes identical bytes only for the same number of threads."""

VALIDATION_SHARE = 0.15
EARLY_STOPPED: Mapping[str, Any] = {
    "iterations": 600,
    "depth": 6,
    "learning_rate": 0.06,
    "l2_leaf_reg": 6,
    "early_stopping_rounds": 40,
    "loss_function": "RMSE",
}
TWO_LOSSES: Mapping[str, Any] = {
    "iterations": 450,
    "depth": 6,
    "learning_rate": 0.05,
    "l2_leaf_reg": 6,
    "loss_functions": ("RMSE", "MAE"),
}


@dataclass(frozen=True)
class Rows:
    """Player-games for training or evaluation, in order of time; ``x`` holds the inputs of one model."""

    x: Floats
    y: Floats
    day: Ints
    names: tuple[str, ...]

    def take(self, rows: slice | Bools) -> Rows:
        return Rows(self.x[rows], self.y[rows], self.day[rows], self.names)

    def window(self, end: int, days: int) -> Rows:
        """Return rows of the ``days`` days before the day ``end``."""
        return self.take((self.day < end) & (self.day >= end - days))

    @property
    def tail(self) -> int:
        """Index of the first validation row: the first row of a date, so no date is on both sides."""
        at = int(len(self.day) * (1.0 - VALIDATION_SHARE))
        return int(np.searchsorted(self.day, self.day[at], side="left"))

    def __len__(self) -> int:
        return len(self.y)


def rows_of(system_id: str, examples: Examples, where: Bools) -> Rows:
    """Return the model inputs of a system for some of the examples."""
    names = TRAINED[system_id].inputs
    all_inputs = np.concatenate([examples.features.values[where], examples.context[where]], axis=-1)
    columns = [ALL_INPUTS.index(name) for name in names]
    return Rows(all_inputs[:, columns], examples.points[where], examples.day[where], names)


@dataclass(frozen=True)
class Recipe:
    """``days_back``: days between the end of training and the game date; ``train_days``: its length.

    ``stops_on_tail``: ``fit`` trains on the rows before ``Rows.tail``, and the tail is for early stopping.
    """

    days_back: int
    train_days: int
    settings: Mapping[str, Any]
    stops_on_tail: bool
    fit: Callable[[Rows], catboost.CatBoost]


def fit_until_tail(rows: Rows) -> catboost.CatBoost:
    """Fit a model on the rows before the tail; the tail decides when to stop, so no later date is used."""
    import catboost

    _check_order(rows)
    cut = rows.tail
    model = catboost.CatBoostRegressor(
        **EARLY_STOPPED, random_seed=SEED, thread_count=THREADS, verbose=False, allow_writing_files=False
    )
    model.fit(_pool(rows.take(slice(cut))), eval_set=_pool(rows.take(slice(cut, None))), use_best_model=True)
    return model


def fit_two_losses(rows: Rows) -> catboost.CatBoost:
    """Fit one model on squared and one on absolute error; return their mean as one model."""
    import catboost

    _check_order(rows)
    settings = {k: v for k, v in TWO_LOSSES.items() if k != "loss_functions"}
    models = []
    for loss in TWO_LOSSES["loss_functions"]:
        model = catboost.CatBoostRegressor(
            **settings, loss_function=loss, random_seed=SEED, thread_count=THREADS, verbose=False,
            allow_writing_files=False,
        )  # fmt: skip
        models.append(model.fit(_pool(rows)))
    return catboost.sum_models(models, weights=[1.0 / len(models)] * len(models))


RECIPES: dict[str, Recipe] = {
    "catboost_v8": Recipe(365, 3 * 365, EARLY_STOPPED, True, fit_until_tail),
    "catboost_v9": Recipe(1, 3 * 365, EARLY_STOPPED, True, fit_until_tail),
    "catboost_v9_2026_02": Recipe(30, 3 * 365, EARLY_STOPPED, True, fit_until_tail),
    "line_anchored_v1": Recipe(1, 5 * 365, TWO_LOSSES, False, fit_two_losses),
}


def _check_order(rows: Rows) -> None:
    """Raise ``Rejected`` for rows that are not in order of time: their tail would be a random split, with
    games of one date on both sides."""
    if np.any(np.diff(rows.day) < 0):
        raise Rejected("training rows are not in order of time: a random split is not allowed")


def _pool(rows: Rows) -> catboost.Pool:
    import catboost

    return catboost.Pool(rows.x, rows.y, feature_names=list(rows.names))
