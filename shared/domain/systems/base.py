"""Inputs and outputs of every prediction system, for many player-games at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, wraps
from typing import Any, Protocol, TypeVar, TypeVarTuple, runtime_checkable

import numpy as np

from shared.domain.arrays import Floats, Ints
from shared.domain.features.contract import INDEX

T = TypeVar("T")
Args = TypeVarTuple("Args")


@dataclass(frozen=True)
class Batch:
    """The inputs of ``n`` player-games.

    ``features``: (n, 33) in the order of ``FEATURES``, NaN where missing.
    ``quality``: (n,) feature quality score, 0-100.
    ``league_def_rating``: (n,) league mean of team defensive ratings as of the game, points per 100.
    ``recent``: (n, 30, 5) past games, newest first, in the order of ``RECENT_FIELDS``; NaN rows pad.
    ``days_rest``: (n,) days between the player's last game and this one.
    ``context``: (n, 29) in the order of ``CONTEXT``, NaN where missing.
    ``line``: (n,) points, NaN without a line. ``market``: (n,) no-vig P(OVER) 0-1 of its prices, NaN
    without two of them.
    """

    features: Floats
    quality: Floats
    league_def_rating: Floats
    recent: Floats
    days_rest: Floats
    context: Floats
    line: Floats
    market: Floats

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: Ints | slice) -> Batch:
        """Return the batch of these rows."""
        return Batch(*(getattr(self, f.name)[rows] for f in fields(self)))

    def feature(self, name: str) -> Floats:
        """Return (n,) values of one feature."""
        values: Floats = self.columns[INDEX[name]]
        return values

    @cached_property
    def columns(self) -> Floats:
        """(33, n) ``features``, each contiguous in memory."""
        return np.ascontiguousarray(self.features.T)

    @cached_property
    def cache(self) -> dict[Hashable, Any]:
        """Values computed from this batch, see ``memoized_per_batch``."""
        return {}


def memoized_per_batch(compute: Callable[[Batch, *Args], T]) -> Callable[[Batch, *Args], T]:
    """Make a function of a batch run once per batch. The batch caches the value: callers must not modify it
    or the batch's arrays."""

    @wraps(compute)
    def cached(batch: Batch, *args: *Args) -> T:
        key = (compute, *args)
        if key not in batch.cache:
            batch.cache[key] = compute(batch, *args)
        value: T = batch.cache[key]
        return value

    return cached


@dataclass(frozen=True)
class Chance:
    """Parts of a distribution: each (n,), NaN where the system emits nothing.

    ``over``: P(OVER) 0-1 of the line, pushes excluded, NaN without a line. ``low``, ``high``: points;
    80 % of players score between them.
    """

    over: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, eq=False)  # equal only to itself: ``memoized_per_batch`` uses it as a key
class Forecast:
    """The predictions of one system for a batch.

    ``points``: (n,) expected points clamped to 0-60, NaN where the system cannot predict.
    ``unclamped``: (n,) the same before clamping; None where it is ``points``.
    ``confidence``: (n,) 0-100, NaN where ``points`` is.
    ``reasons``: n reasons for emitting nothing, None where there is a prediction.
    ``missing_inputs``: for each row the names of adjustments left out because their input is NaN.
    ``terms``: the addends, each (n,) points; their sum is the points before clamping. The term
    ``model`` is a trained model's share; ``Explainable`` splits it further.
    ``chance``: None for a system that gives points only.
    """

    points: Floats
    confidence: Floats
    reasons: tuple[str | None, ...]
    missing_inputs: tuple[tuple[str, ...], ...]
    terms: Mapping[str, Floats] = field(default_factory=dict)
    chance: Chance | None = None
    unclamped: Floats | None = None

    @property
    def raw(self) -> Floats:
        """(n,) points before clamping; NaN where ``points`` is."""
        return self.points if self.unclamped is None else self.unclamped


class Regressor(Protocol):
    """A trained model: (n, k) inputs in, (n,) points out, the same value for a row alone or in any batch."""

    def predict(self, inputs: Floats) -> Floats: ...


@runtime_checkable
class Explainable(Regressor, Protocol):
    """A model that returns what each input adds to a prediction."""

    def contributions(self, inputs: Floats) -> Floats:
        """Return (n, k + 1) points: the share of each of the k inputs, and last the mean to add them to."""


class System(Protocol):
    """One prediction system.

    ``min_edge`` (points) and ``min_confidence`` (0-100): minimum for a prediction to get a side;
    ``members`` names the systems whose forecasts it combines.
    """

    @property
    def system_id(self) -> str: ...

    @property
    def min_edge(self) -> float: ...

    @property
    def min_confidence(self) -> float: ...

    @property
    def members(self) -> tuple[str, ...]: ...

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast: ...


class TrainedSystem(System, Protocol):
    """A system around a trained model; ``inputs`` are the columns that the model takes."""

    def inputs(self, batch: Batch) -> Floats: ...
