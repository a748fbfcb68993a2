"""What every prediction system takes and gives, for many player-games at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.domain.features_contract import INDEX

Floats = NDArray[np.float64]

RECENT_GAMES = 30
"""How many past games at most a player-game carries for the similarity system."""

RECENT_FIELDS = ("points", "tier", "days_rest", "is_home", "form")
"""Last axis of ``Batch.recent``; tier -1 elite, 0 average, 1 weak; form -1 cold, 0 normal, 1 hot."""

ZONES = ("paint", "mid_range", "three", "free_throw")
BOX_ZONES = ("two_point", "three", "free_throw")


@dataclass(frozen=True)
class Batch:
    """The inputs of ``n`` player-games.

    ``features``: (n, 33) in the order of ``FEATURES``, NaN where missing.
    ``quality``: (n,) feature quality score, 0-100.
    ``league_def_rating``: (n,) league mean of team defensive ratings as of the game, points per 100.
    ``zone_shares``: (n, 4) shares 0-1 of ``ZONES``, all NaN where shot locations are unknown.
    ``box_shares``: (n, 3) shares 0-1 of ``BOX_ZONES`` over the last 10 games, NaN where unknown.
    ``recent``: (n, 30, 5) past games, newest first, in the order of ``RECENT_FIELDS``; NaN rows pad.
    ``days_rest``: (n,) days between the player's last game and this one.
    """

    features: Floats
    quality: Floats
    league_def_rating: Floats
    zone_shares: Floats
    box_shares: Floats
    recent: Floats
    days_rest: Floats

    def __len__(self) -> int:
        return len(self.features)

    def feature(self, name: str) -> Floats:
        """(n,) values of one feature."""
        return self.features[:, INDEX[name]]


@dataclass(frozen=True)
class Forecast:
    """What one system says of a batch.

    ``points``: (n,) expected points clamped to 0-60, NaN where the system cannot predict.
    ``confidence``: (n,) 0-100, NaN where ``points`` is.
    ``reasons``: n reasons for emitting nothing, None where there is a prediction.
    ``missing_inputs``: for each row the names of adjustments left out because their input is NaN.
    ``terms``: what a formula adds up, each (n,) points; their sum is the points before clamping. Empty for
    a trained model, whose contributions the model itself gives.
    """

    points: Floats
    confidence: Floats
    reasons: tuple[str | None, ...]
    missing_inputs: tuple[tuple[str, ...], ...]
    terms: Mapping[str, Floats] = field(default_factory=dict)


class Regressor(Protocol):
    """A trained model: (n, 33) in, (n,) points out, the same value for a row alone or among others."""

    def predict(self, features: Floats) -> Floats: ...


class System(Protocol):
    """One prediction system.

    ``min_edge`` (points) and ``min_confidence`` (0-100) say when a prediction is worth a side;
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
