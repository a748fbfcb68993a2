"""Turn jobs into predictions: every system, vectorised, one model call per model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.feature_rows import feature_hash
from shared.domain.features_contract import INDEX
from shared.domain.recommendation import edge, recommend, round_points
from shared.domain.systems.base import RECENT_FIELDS, RECENT_GAMES, ZONES, Batch, Forecast, System
from shared.domain.systems.catalog import SYSTEM_IDS, build, forecast_all, with_model
from shared.errors import Rejected
from shared.model_registry.loading import LoadedModel
from shared.schemas.messages import FEATURE_VERSION, PredictionRequest, check_features
from shared.schemas.predictions import PREDICTION_STAGING

Floats = NDArray[np.float64]

CHAMPION, SHADOW, IN_SAMPLE = "champion", "shadow", "in_sample"
PREDICTED = "predicted"


@dataclass(frozen=True)
class Predicted:
    """Rows to stage, and for each job what every asked system gave: ``predicted`` or its reason."""

    rows: pa.Table
    systems: list[dict[str, str]]


class Predict:
    """Runs the systems whose models are loaded; the others are off, with a reason.

    ``shadows`` run beside the champions on the same jobs; their rows are marked and never active.
    """

    def __init__(
        self,
        models: Mapping[str, LoadedModel],
        build_commit: str | None = None,
        shadows: Sequence[LoadedModel] = (),
    ) -> None:
        self._models = dict(models)
        self._shadows = tuple(shadows)
        self._systems = build({name: m.model for name, m in models.items()})
        self._build_commit = build_commit

    @property
    def systems(self) -> tuple[System, ...]:
        return self._systems

    @property
    def system_ids(self) -> tuple[str, ...]:
        return tuple(s.system_id for s in self._systems)

    def check(self, job: PredictionRequest) -> None:
        """Refuse a job that can never be predicted; says what came and what was wanted."""
        check_features(job.features)
        if job.feature_version != FEATURE_VERSION:
            raise Rejected(f"feature_version {job.feature_version!r}, wanted {FEATURE_VERSION!r}")
        unknown = [s for s in job.systems if s not in SYSTEM_IDS]
        if unknown:
            raise Rejected(f"systems: {unknown[0]!r} is unknown, wanted some of {', '.join(SYSTEM_IDS)}")
        if len(job.recent) % len(RECENT_FIELDS) or len(job.recent) > RECENT_GAMES * len(RECENT_FIELDS):
            raise Rejected(
                f"recent: {len(job.recent)} numbers, "
                f"wanted up to {RECENT_GAMES} games of {len(RECENT_FIELDS)}"
            )
        if not np.isfinite(job.recent).all():
            raise Rejected("recent: holds a number that is not finite")
        served = feature_hash(np.array(job.features, dtype=np.float64))
        if served != job.feature_hash:
            raise Rejected(f"features: their hash is {served}, the stored row's is {job.feature_hash}")
        try:
            date.fromisoformat(job.game_date)
        except ValueError as exc:
            raise Rejected(f"game_date: {job.game_date!r}, wanted YYYY-MM-DD") from exc

    def __call__(self, jobs: Sequence[PredictionRequest], now: datetime) -> Predicted:
        """Forecast jobs that passed ``check``.

        A model is never used for a game that it may have been trained on: for such a job its system
        says ``in_sample``, and ensembles go without it. Jobs that ask for it get rows marked as such.
        """
        groups: dict[frozenset[str], list[int]] = {}
        for i, job in enumerate(jobs):
            groups.setdefault(self._usable(job), []).append(i)
        outcomes: list[dict[str, str]] = [{} for _ in jobs]
        tables = [PREDICTION_STAGING.arrow_schema.empty_table()]
        for usable, members in groups.items():
            part = self._group(usable, [jobs[i] for i in members], now)
            tables.append(part.rows)
            for i, said in zip(members, part.systems, strict=True):
                outcomes[i] = said
        return Predicted(pa.concat_tables(tables), outcomes)

    def _usable(self, job: PredictionRequest) -> frozenset[str]:
        """Systems whose model's training ended before the game date, or is not known to reach it."""
        return frozenset(name for name, m in self._models.items() if _may_be_used(m, job))

    def _group(self, usable: frozenset[str], jobs: Sequence[PredictionRequest], now: datetime) -> Predicted:
        """Forecast jobs for which the same models may be used."""
        systems = build({name: self._models[name].model for name in sorted(usable)})
        batch = to_batch(jobs)
        forecasts = forecast_all(systems, batch)
        outcomes: list[dict[str, str]] = [{} for _ in jobs]
        for name in SYSTEM_IDS:
            for i, job in enumerate(jobs):
                if name in job.systems:
                    outcomes[i][name] = self._said(name, forecasts, i)
        parts = [
            self._rows(
                system,
                self._models.get(system.system_id),
                CHAMPION,
                forecasts[system.system_id],
                jobs,
                rows,
                now,
            )
            for system in systems
            if (rows := [i for i, said in enumerate(outcomes) if said.get(system.system_id) == PREDICTED])
        ]
        parts += self._shadow_rows(jobs, batch, outcomes, now)
        return Predicted(pa.concat_tables([PREDICTION_STAGING.arrow_schema.empty_table(), *parts]), outcomes)

    def _said(self, system_id: str, forecasts: Mapping[str, Forecast], row: int) -> str:
        if system_id in forecasts:
            return forecasts[system_id].reasons[row] or PREDICTED
        return "in_sample" if system_id in self._models else "no_model"

    def _shadow_rows(
        self, jobs: Sequence[PredictionRequest], batch: Batch, outcomes: list[dict[str, str]], now: datetime
    ) -> list[pa.Table]:
        """Rows of the shadows where their system's key ended as predicted, so that both can be compared."""
        parts = []
        for model in self._shadows:
            system = with_model(model.system_id, model.model)
            forecast = system.forecast(batch, {})
            rows = [
                i
                for i, said in enumerate(outcomes)
                if said.get(model.system_id) == PREDICTED
                and _may_be_used(model, jobs[i])
                and forecast.reasons[i] is None
            ]
            if rows:
                parts.append(self._rows(system, model, SHADOW, forecast, jobs, rows, now))
        return parts

    def _rows(
        self,
        system: System,
        model: LoadedModel | None,
        role: str,
        forecast: Forecast,
        jobs: Sequence[PredictionRequest],
        rows: list[int],
        now: datetime,
    ) -> pa.Table:
        name = system.system_id
        chosen = [jobs[i] for i in rows]
        lines = np.array([j.line.value if j.line else np.nan for j in chosen], dtype=np.float64)
        raw, confidence = forecast.points[rows], forecast.confidence[rows]
        points = round_points(raw)
        n = len(rows)
        columns = {
            "prediction_id": [prediction_id(j, name, model.sha256 if model else "formula") for j in chosen],
            "run_id": [j.run_id for j in chosen],
            "system_id": [name] * n,
            "role": [IN_SAMPLE if j.in_sample else role for j in chosen],
            "player_lookup": [j.player_lookup for j in chosen],
            "player_id": [j.player_id for j in chosen],
            "game_date": [datetime.fromisoformat(j.game_date).date() for j in chosen],
            "game_id": [j.game_id for j in chosen],
            "team_abbr": [j.team_abbr for j in chosen],
            "opponent_team_abbr": [j.opponent_team_abbr for j in chosen],
            "raw_prediction": raw,
            "predicted_points": points,
            "confidence_score": np.round(confidence, 2),
            "recommendation": recommend(points, lines, confidence, system.min_edge, system.min_confidence),
            "current_points_line": _nullable(lines),
            "line_margin": _nullable(edge(points, lines)),
            **_quote_columns(chosen),
            "model_id": [model.model_id if model else None] * n,
            "model_sha256": [model.sha256 if model else None] * n,
            "feature_version": [j.feature_version for j in chosen],
            "feature_snapshot_id": [j.feature_snapshot_id for j in chosen],
            "feature_hash": [j.feature_hash for j in chosen],
            "feature_quality_score": [j.feature_quality_score for j in chosen],
            "missing_inputs": [",".join(forecast.missing_inputs[i]) or None for i in rows],
            "prediction_run_mode": [j.mode for j in chosen],
            "prediction_made_before_game": [
                j.mode == "LIVE" and (j.tipoff is None or now < j.tipoff) for j in chosen
            ],
            "as_of": [j.as_of for j in chosen],
            "predicted_at": [now] * n,
            "build_commit": [self._build_commit] * n,
            "created_at": [datetime.now(UTC)] * n,
        }
        schema = PREDICTION_STAGING.arrow_schema
        return pa.table({f.name: pa.array(columns[f.name], f.type) for f in schema}, schema=schema)


def _may_be_used(model: LoadedModel, job: PredictionRequest) -> bool:
    """A model serves a game date that its training, where it is known, ended before."""
    manifest = model.manifest
    return job.in_sample or manifest is None or manifest.train_end.isoformat() < job.game_date


def _quote_columns(jobs: Sequence[PredictionRequest]) -> dict[str, list[Any]]:
    """Where each job's line came from; None without one."""
    quotes = [j.line for j in jobs]
    return {
        "has_prop_line": [q is not None for q in quotes],
        "line_quote_id": [q.quote_id if q else None for q in quotes],
        "sportsbook": [q.book if q else None for q in quotes],
        "line_over_price": [q.over_price if q else None for q in quotes],
        "line_under_price": [q.under_price if q else None for q in quotes],
        "line_captured_at": [q.captured_at if q else None for q in quotes],
        "line_precision": [q.precision if q else None for q in quotes],
    }


def prediction_id(job: PredictionRequest, system_id: str, model_key: str) -> str:
    """The same for every delivery of the same job."""
    parts = [job.run_id, job.game_id, job.player_lookup, system_id, model_key]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def to_batch(jobs: Sequence[PredictionRequest]) -> Batch:
    """The arrays that the systems take; shares of shots are read from the features themselves."""
    features = np.array([j.features for j in jobs], dtype=np.float64)
    recent = np.full((len(jobs), RECENT_GAMES, len(RECENT_FIELDS)), np.nan)
    for i, j in enumerate(jobs):
        games = np.array(j.recent, dtype=np.float64).reshape(-1, len(RECENT_FIELDS))
        recent[i, : len(games)] = games
    return Batch(
        features=features,
        quality=np.array([j.feature_quality_score for j in jobs], dtype=np.float64),
        league_def_rating=np.array([j.league_def_rating for j in jobs], dtype=np.float64),
        zone_shares=zone_shares(features),
        box_shares=box_shares(features),
        recent=recent,
        days_rest=np.array([j.days_rest for j in jobs], dtype=np.float64),
    )


def zone_shares(features: Floats) -> Floats:
    """(n, 4) shares of the zones, NaN where shots are not located."""
    return features[:, [INDEX[f"pct_{zone}"] for zone in ZONES]]


def box_shares(features: Floats) -> Floats:
    """(n, 3) shares of two-point, three-point and free-throw scoring that a plain box score tells."""
    three = features[:, INDEX["pct_three"]]
    return np.stack([1.0 - three, three, features[:, INDEX["pct_free_throw"]]], axis=-1)


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
