"""Forecasts as rows of the staging table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.domain.betting import bets
from shared.domain.recommendation import edge, recommend, round_points
from shared.domain.systems.base import Forecast, System
from shared.model_registry.loading import LoadedModel
from shared.schemas.messages import PredictionRequest
from shared.schemas.predictions import PREDICTION_STAGING

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHAMPION, SHADOW, IN_SAMPLE = "champion", "shadow", "in_sample"


class PredictionRows:
    """Rows of the same jobs for one system after the other; what jobs say is laid out once."""

    def __init__(self, jobs: Sequence[PredictionRequest], now: datetime, build_commit: str | None) -> None:
        self._jobs = jobs
        self._columns = _job_columns(jobs, now, build_commit)
        self._line, self._over, self._under = (
            np.array([getattr(j.line, name) if j.line else None for j in jobs], dtype=np.float64)
            for name in ("value", "over_price", "under_price")
        )

    def of(
        self, system: System, model: LoadedModel | None, role: str, forecast: Forecast, rows: Ints
    ) -> pa.Table:
        """The rows of one system for the jobs at ``rows``."""
        n, line = len(rows), self._line[rows]
        raw, confidence = forecast.points[rows], forecast.confidence[rows]
        points = round_points(raw)
        key = model.sha256 if model else "formula"
        jobs = [self._jobs[i] for i in rows]
        own = {
            "prediction_id": [prediction_id(j, system.system_id, key) for j in jobs],
            "system_id": [system.system_id] * n,
            "role": [IN_SAMPLE if j.in_sample else role for j in jobs],
            "raw_prediction": raw,
            "predicted_points": points,
            "confidence_score": np.round(confidence, 2),
            "recommendation": recommend(points, line, confidence, system.min_edge, system.min_confidence),
            "line_margin": _nullable(edge(points, line)),
            "model_id": [model.model_id if model else None] * n,
            "model_sha256": [model.sha256 if model else None] * n,
            "missing_inputs": [",".join(forecast.missing_inputs[i]) or None for i in rows.tolist()],
            **self._chance_columns(forecast, points, rows),
        }
        at = pa.array(rows)
        schema = PREDICTION_STAGING.arrow_schema
        columns = [
            pa.array(own[f.name], f.type) if f.name in own else self._columns[f.name].take(at) for f in schema
        ]
        return pa.table(columns, schema=schema)

    def _chance_columns(self, forecast: Forecast, points: Floats, rows: Ints) -> dict[str, Any]:
        """The distribution and what it makes of the prices; NULL for a system that gives points only."""
        names = ("prob_over", "interval_low", "interval_high", "expected_value", "kelly_fraction")
        if forecast.chance is None:
            return dict.fromkeys((*names, "no_bet_reason"), [None] * len(rows))
        over, low, high = (v[rows] for v in vars(forecast.chance).values())
        found = bets(over, edge(points, self._line[rows]), self._over[rows], self._under[rows])
        values = (over, np.round(low, 1), np.round(high, 1), found.value, found.stake)
        return {n: _nullable(v) for n, v in zip(names, values, strict=True)} | {
            "no_bet_reason": found.against
        }


def prediction_id(job: PredictionRequest, system_id: str, model_key: str) -> str:
    """The same for every delivery of the same job."""
    parts = [job.run_id, job.game_id, job.player_lookup, system_id, model_key]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


_AS_THEY_ARE = (
    "run_id", "player_lookup", "player_id", "game_id", "team_abbr", "opponent_team_abbr", "feature_version",
    "feature_snapshot_id", "feature_hash", "feature_quality_score", "as_of",
)  # fmt: skip
_OF_LINE = {
    "current_points_line": "value",
    "line_quote_id": "quote_id",
    "sportsbook": "book",
    "line_over_price": "over_price",
    "line_under_price": "under_price",
    "line_captured_at": "captured_at",
    "line_precision": "precision",
}


def _job_columns(
    jobs: Sequence[PredictionRequest], now: datetime, build_commit: str | None
) -> dict[str, pa.Array]:
    """What every system's rows say of the jobs; the line's columns are NULL without one."""
    n = len(jobs)
    plain: dict[str, list[Any]] = {name: [getattr(j, name) for j in jobs] for name in _AS_THEY_ARE}
    plain |= {c: [getattr(j.line, name) if j.line else None for j in jobs] for c, name in _OF_LINE.items()}
    plain |= {
        "game_date": [datetime.fromisoformat(j.game_date).date() for j in jobs],
        "has_prop_line": [j.line is not None for j in jobs],
        "prediction_run_mode": [j.mode for j in jobs],
        "prediction_made_before_game": [
            j.mode == "LIVE" and (j.tipoff is None or now < j.tipoff) for j in jobs
        ],
        "predicted_at": [now] * n,
        "build_commit": [build_commit] * n,
        "created_at": [datetime.now(UTC)] * n,
    }
    schema = PREDICTION_STAGING.arrow_schema
    return {name: pa.array(values, schema.field(name).type) for name, values in plain.items()}


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
