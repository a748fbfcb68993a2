"""Forecasts as rows of the staging table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.job_columns import JobColumns
from shared.domain.betting import bets
from shared.domain.recommendation import edge, recommend, round_points
from shared.domain.systems.base import Forecast, System
from shared.model_registry.loading import LoadedModel
from shared.schemas.predictions import PREDICTION_STAGING

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHAMPION, SHADOW, IN_SAMPLE = "champion", "shadow", "in_sample"


class PredictionRows:
    """Rows of the same jobs for one system after the other; what jobs say is laid out once."""

    def __init__(self, jobs: JobColumns) -> None:
        self._jobs = jobs
        self._keys = np.array(_keys(jobs), dtype=object)
        self._line, self._over, self._under = (
            jobs.floats(name) for name in ("current_points_line", "line_over_price", "line_under_price")
        )

    def of(
        self, system: System, model: LoadedModel | None, role: str, forecast: Forecast, rows: Ints
    ) -> pa.Table:
        """The rows of one system for the jobs at ``rows``."""
        n, line = len(rows), self._line[rows]
        raw, confidence = forecast.points[rows], forecast.confidence[rows]
        points = round_points(raw)
        sha256 = model.sha256 if model else None
        own = {
            "prediction_id": prediction_ids(self._keys[rows], system.system_id, sha256),
            "system_id": [system.system_id] * n,
            "role": [IN_SAMPLE if marked else role for marked in self._jobs.in_sample[rows].tolist()],
            "raw_prediction": raw,
            "predicted_points": points,
            "confidence_score": np.round(confidence, 2),
            "recommendation": recommend(points, line, confidence, system.min_edge, system.min_confidence),
            "line_margin": _nullable(edge(points, line)),
            "model_id": [model.model_id if model else None] * n,
            "model_sha256": [sha256] * n,
            "missing_inputs": [",".join(forecast.missing_inputs[i]) or None for i in rows.tolist()],
            **self._chance_columns(forecast, points, rows),
        }
        of_jobs = self._jobs.columns if n == len(self._jobs) else self._jobs.columns.take(pa.array(rows))
        schema = PREDICTION_STAGING.arrow_schema
        columns = [pa.array(own[f.name], f.type) if f.name in own else of_jobs[f.name] for f in schema]
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


def _keys(jobs: JobColumns) -> list[bytes]:
    """What the ids of each job's rows have in common, written as JSON."""
    quoted = cache(json.dumps)
    names = (jobs.words(column) for column in ("run_id", "game_id", "player_lookup"))
    return [f"[{', '.join(map(quoted, job))}, ".encode() for job in zip(*names, strict=True)]


def prediction_ids(keys: Iterable[bytes], system_id: str, sha256: str | None) -> list[str]:
    """The same for every delivery of the same job."""
    end = f"{json.dumps(system_id)}, {json.dumps(sha256 or 'formula')}]".encode()
    return [hashlib.sha256(key + end).hexdigest()[:32] for key in keys]


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
