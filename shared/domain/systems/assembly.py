"""Parts that the systems share: what is missing, adjustments, and the finished forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from shared.domain.features_contract import FEATURES, REQUIRED
from shared.domain.systems.base import Batch, Chance, Floats, Forecast

LOWEST, HIGHEST = 0.0, 60.0
"""Points a forecast is clamped to."""


class Adjustments:
    """A sum of terms, (n,) points; a term that is NaN adds nothing and its name is kept."""

    def __init__(self, n: int) -> None:
        self.total = np.zeros(n)
        self.terms: dict[str, Floats] = {}
        self._missing: list[tuple[str, np.ndarray]] = []

    def add(self, name: str, term: Floats) -> None:
        gone = np.isnan(term)
        self.terms[name] = np.where(gone, 0.0, term)
        self.total = self.total + self.terms[name]
        if gone.any():
            self._missing.append((name, gone))

    def missing(self, n: int) -> tuple[tuple[str, ...], ...]:
        return named(self._missing, n)


def named(gone: Sequence[tuple[str, np.ndarray]], n: int) -> tuple[tuple[str, ...], ...]:
    """For each of n rows the names whose (n,) array holds there."""
    code = np.zeros(n, dtype=np.int64)
    for at, (_, where) in enumerate(gone):
        code += where.astype(np.int64) << at
    names = {
        one: tuple(name for at, (name, _) in enumerate(gone) if one >> at & 1)
        for one in np.unique(code).tolist()
    }
    return tuple(names[one] for one in code.tolist())


def missing_required(batch: Batch, also: Sequence[str] = ()) -> list[str | None]:
    """For each row the first required feature that is NaN, None where all are there."""
    wanted = [*(FEATURES[i] for i in REQUIRED), *also]
    gone = np.isnan(np.stack([batch.feature(name) for name in wanted], axis=-1))
    first = gone.argmax(axis=-1)
    return [
        f"missing_feature:{wanted[at]}" if any_ else None
        for at, any_ in zip(first.tolist(), np.asarray(gone.any(axis=-1)).tolist(), strict=True)
    ]


def finish(
    points: Floats,
    confidence: Floats,
    reasons: Sequence[str | None],
    missing: tuple[tuple[str, ...], ...] | None = None,
    terms: Mapping[str, Floats] | None = None,
    chance: Chance | None = None,
) -> Forecast:
    """Clamp, and leave nothing where there is a reason."""
    none = np.array([r is not None for r in reasons], dtype=np.bool_)
    if chance is not None:
        chance = Chance(*(np.where(none, np.nan, part) for part in (chance.over, chance.low, chance.high)))
    return Forecast(
        points=np.where(none, np.nan, np.clip(points, LOWEST, HIGHEST)),
        confidence=np.where(none, np.nan, confidence),
        reasons=tuple(reasons),
        missing_inputs=missing if missing is not None else ((),) * len(reasons),
        terms=terms or {},
        chance=chance,
    )


def fatigue_penalty(score: Floats, tired: float, worn: float) -> Floats:
    """Points lost to fatigue: ``worn`` below 50, ``tired`` below 70, nothing above (100 is fresh)."""
    return np.where(np.isnan(score), np.nan, np.where(score < 50, -worn, np.where(score < 70, -tired, 0.0)))


def formula_confidence(batch: Batch) -> Floats:
    """20-80: 50, less 8 or 15 for spread over 4 or 6 points, -10 to +10 for games in the last week."""
    spread, games = batch.feature("points_std_last_10"), batch.feature("games_in_last_7_days")
    steady = np.where(spread > 6, -15.0, np.where(spread > 4, -8.0, 0.0))
    rhythm = np.where(games >= 3, 10.0, np.where(games >= 2, 5.0, -10.0))
    return np.clip(50.0 + steady + rhythm, 20.0, 80.0)
