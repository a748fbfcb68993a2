"""Predict rows that a caller brings along; nothing is read or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.application.predict import Predict
from shared.domain.betting import bets
from shared.domain.features.context import ALL_INPUTS
from shared.domain.features_contract import FEATURES
from shared.domain.lines import no_vig_over
from shared.domain.recommendation import edge, recommend, round_points
from shared.domain.systems.base import RECENT_FIELDS, RECENT_GAMES, Batch, Forecast, System
from shared.domain.systems.catalog import forecast_all, with_members
from shared.errors import Rejected
from shared.schemas.messages import LEAST_PRICE
from shared.schemas.rows import Rows

Floats = NDArray[np.float64]

BESIDE = ("line", "over_price", "under_price", "league_def_rating", "days_rest")
"""What a row holds beside its features."""

Answer = dict[str, dict[str, Any]]
"""By system: its numbers, or the reason for none."""


@dataclass
class Asked:
    """One caller's rows; ``answers`` is there once they are predicted.

    ``features``: (n, 62) in the order of ``ALL_INPUTS``; ``beside``: (n, 5) in that of ``BESIDE``.
    """

    features: Floats
    beside: Floats
    systems: tuple[str, ...]
    answers: list[Answer] = field(default_factory=list)


class PredictRows:
    def __init__(self, predict: Predict) -> None:
        self._predict = predict

    def __call__(self, rows: Sequence[Mapping[str, Any]], systems: Sequence[str] | None) -> list[Answer]:
        """One answer per row and system; ``Rejected`` names a feature or system that is not known."""
        asked = Asked(
            np.array([_values(i, row["features"]) for i, row in enumerate(rows)]),
            np.array([[row[name] for name in BESIDE] for row in rows], dtype=np.float64),
            self.wanted(systems),
        )
        self.several([asked])
        return asked.answers

    def wanted(self, systems: Sequence[str] | None) -> tuple[str, ...]:
        """The systems to run, all that run here for None; ``Rejected`` for one that does not."""
        off = [s for s in systems or () if s not in self._predict.system_ids]
        if off:
            raise Rejected(
                f"systems: {off[0]!r} does not run here, wanted some of {self._predict.system_ids}"
            )
        return self._predict.system_ids if systems is None else tuple(systems)

    def read(self, rows: Rows) -> Asked | None:
        """Decoded rows, None for a price that is none; ``Rejected`` as ``wanted``."""
        beside = np.array(list(map(attrgetter(*BESIDE), rows.rows)), dtype=np.float64)
        if (np.abs(beside[:, 1:3]) < LEAST_PRICE).any():
            return None
        features = [msgspec.structs.astuple(row.features) for row in rows.rows]
        return Asked(np.array(features, dtype=np.float64), beside, self.wanted(rows.systems))

    def several(self, asked: Sequence[Asked]) -> None:
        """Answer callers together: one call of each model for all who want the same systems."""
        alike: dict[tuple[str, ...], list[Asked]] = {}
        for one in asked:
            alike.setdefault(one.systems, []).append(one)
        for systems, some in alike.items():
            answers = self._answers(
                np.concatenate([a.features for a in some]), np.concatenate([a.beside for a in some]), systems
            )
            for one in some:
                one.answers, answers = answers[: len(one.features)], answers[len(one.features) :]

    def _answers(self, given: Floats, beside: Floats, wanted: Sequence[str]) -> list[Answer]:
        n = len(given)
        line, over, under, league, rest = beside.T
        batch = Batch.of(
            features=given[:, : len(FEATURES)],
            quality=np.full(n, 100.0),
            league_def_rating=league,
            recent=np.full((n, RECENT_GAMES, len(RECENT_FIELDS)), np.nan),
            days_rest=rest,
            context=given[:, len(FEATURES) :],
            line=line,
            market=no_vig_over(over, under),
        )
        forecasts = forecast_all(with_members(self._predict.systems, wanted), batch)
        told = [
            _told(system, forecasts[system.system_id], line, over, under)
            for system in self._predict.systems
            if system.system_id in wanted
        ]
        names = [s.system_id for s in self._predict.systems if s.system_id in wanted]
        return [dict(zip(names, row, strict=True)) for row in zip(*told, strict=True)] or [{}] * n


def _told(
    system: System, forecast: Forecast, line: Floats, over: Floats, under: Floats
) -> list[dict[str, Any]]:
    """One system's answer for every row."""
    points = round_points(forecast.points)
    gaps = edge(points, line)
    columns: dict[str, Any] = {
        "predicted_points": _plain(points),
        "raw_prediction": _plain(forecast.points),
        "confidence": _plain(forecast.confidence),
        "edge": _plain(gaps),
        "recommendation": recommend(
            points, line, forecast.confidence, system.min_edge, system.min_confidence
        ),
        "missing_inputs": forecast.missing_inputs,
    }
    if forecast.chance is not None:
        found = bets(forecast.chance.over, gaps, over, under)
        columns |= {
            "prob_over": _plain(forecast.chance.over),
            "interval_low": _plain(np.round(forecast.chance.low, 1)),
            "interval_high": _plain(np.round(forecast.chance.high, 1)),
            "expected_value": _plain(found.value),
            "kelly_fraction": _plain(found.stake),
            "no_bet_reason": found.against,
        }
    names = list(columns)
    return [
        {"reason": reason} if reason else dict(zip(names, values, strict=True))
        for reason, values in zip(forecast.reasons, zip(*columns.values(), strict=True), strict=True)
    ]


def _plain(values: Floats) -> list[float | None]:
    """Numbers, None for NaN, which alone differs from itself."""
    return [None if v != v else v for v in values.tolist()]


def _values(row: int, named: Mapping[str, float | None]) -> list[float]:
    """The 33 features and the context, NaN where nothing was given."""
    unknown = sorted(set(named) - set(ALL_INPUTS))
    if unknown:
        raise Rejected(f"row {row}: feature {unknown[0]!r} is unknown, wanted names of the contract")
    values = [float("nan") if named.get(name) is None else float(named[name] or 0.0) for name in ALL_INPUTS]
    infinite = [n for n, v in zip(ALL_INPUTS, values, strict=True) if np.isinf(v)]
    if infinite:
        raise Rejected(f"row {row}: feature {infinite[0]} is infinite, wanted a finite number or null")
    return values
