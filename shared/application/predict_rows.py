"""Predict rows that a caller brings along; nothing is read or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from shared.application.predict import Predict, box_shares, zone_shares
from shared.domain.features_contract import FEATURES
from shared.domain.recommendation import edge, recommend, round_points
from shared.domain.systems.base import RECENT_FIELDS, RECENT_GAMES, Batch
from shared.domain.systems.catalog import forecast_all
from shared.errors import Rejected


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
        features = np.array([_values(i, row["features"]) for i, row in enumerate(rows)])
        n = len(rows)
        batch = Batch(
            features=features,
            quality=np.full(n, 100.0),
            league_def_rating=np.array([row["league_def_rating"] for row in rows], dtype=np.float64),
            zone_shares=zone_shares(features),
            box_shares=box_shares(features),
            recent=np.full((n, RECENT_GAMES, len(RECENT_FIELDS)), np.nan),
            days_rest=np.array([row["days_rest"] for row in rows], dtype=np.float64),
        )
        line = np.array([row["line"] for row in rows], dtype=np.float64)
        forecasts = forecast_all(self._predict.systems, batch)
        answer: list[dict[str, Any]] = [{} for _ in rows]
        for system in self._predict.systems:
            if system.system_id not in wanted:
                continue
            f = forecasts[system.system_id]
            points = round_points(f.points)
            sides = recommend(points, line, f.confidence, system.min_edge, system.min_confidence)
            gaps = edge(points, line)
            for i in range(n):
                answer[i][system.system_id] = (
                    {"reason": f.reasons[i]}
                    if f.reasons[i]
                    else {
                        "predicted_points": float(points[i]),
                        "raw_prediction": float(f.points[i]),
                        "confidence": float(f.confidence[i]),
                        "edge": None if np.isnan(gaps[i]) else float(gaps[i]),
                        "recommendation": sides[i],
                        "missing_inputs": list(f.missing_inputs[i]),
                    }
                )
        return answer


def _values(row: int, named: Mapping[str, float | None]) -> list[float]:
    unknown = sorted(set(named) - set(FEATURES))
    if unknown:
        raise Rejected(f"row {row}: feature {unknown[0]!r} is unknown, wanted names of the contract")
    values = [float("nan") if named.get(name) is None else float(named[name] or 0.0) for name in FEATURES]
    infinite = [n for n, v in zip(FEATURES, values, strict=True) if np.isinf(v)]
    if infinite:
        raise Rejected(f"row {row}: feature {infinite[0]} is infinite, wanted a finite number or null")
    return values
