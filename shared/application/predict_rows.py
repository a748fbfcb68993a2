"""Predict rows that a caller brings along; nothing is read or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.application.predict import Predict
from shared.domain.betting import bets
from shared.domain.features.context import ALL_INPUTS
from shared.domain.features_contract import FEATURES
from shared.domain.lines import no_vig_over
from shared.domain.recommendation import edge, recommend, round_points
from shared.domain.systems.base import RECENT_FIELDS, RECENT_GAMES, Batch, Forecast, System
from shared.domain.systems.catalog import forecast_all
from shared.errors import Rejected

Floats = NDArray[np.float64]


class PredictRows:
    def __init__(self, predict: Predict) -> None:
        self._predict = predict

    def __call__(
        self, rows: Sequence[Mapping[str, Any]], systems: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """One answer per row and system; ``Rejected`` names a feature or system that is not known."""
        wanted = list(systems) if systems is not None else list(self._predict.system_ids)
        off = [s for s in wanted if s not in self._predict.system_ids]
        if off:
            raise Rejected(
                f"systems: {off[0]!r} does not run here, wanted some of {self._predict.system_ids}"
            )
        over, under = _column(rows, "over_price"), _column(rows, "under_price")
        given = np.array([_values(i, row["features"]) for i, row in enumerate(rows)])
        batch = Batch.of(
            features=given[:, : len(FEATURES)],
            quality=np.full(len(rows), 100.0),
            league_def_rating=_column(rows, "league_def_rating"),
            recent=np.full((len(rows), RECENT_GAMES, len(RECENT_FIELDS)), np.nan),
            days_rest=_column(rows, "days_rest"),
            context=given[:, len(FEATURES) :],
            line=_column(rows, "line"),
            market=no_vig_over(over, under),
        )
        forecasts = forecast_all(self._predict.systems, batch)
        told = {
            system.system_id: _told(system, forecasts[system.system_id], batch.line, over, under)
            for system in self._predict.systems
            if system.system_id in wanted
        }
        return [{system: answers[i] for system, answers in told.items()} for i in range(len(rows))]


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
        "missing_inputs": [list(names) for names in forecast.missing_inputs],
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
    return [
        {"reason": reason} if reason else {name: values[i] for name, values in columns.items()}
        for i, reason in enumerate(forecast.reasons)
    ]


def _plain(values: Floats) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    return np.array([row[name] for row in rows], dtype=np.float64)


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
