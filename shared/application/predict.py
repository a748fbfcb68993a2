"""Turn jobs into predictions: every system, vectorised, one model call per model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.feature_rows import feature_hash
from shared.application.job_columns import JobColumns, of_requests, with_commit
from shared.application.prediction_rows import CHAMPION, SHADOW, PredictionRows
from shared.domain.systems.base import RECENT_FIELDS, RECENT_GAMES, Forecast, System
from shared.domain.systems.catalog import SYSTEM_IDS, build, forecast_all, with_model
from shared.errors import Rejected
from shared.model_registry.loading import LoadedModel
from shared.schemas.messages import (
    FEATURE_VERSION,
    PredictionRequest,
    check_context,
    check_features,
    check_prices,
)
from shared.schemas.predictions import PREDICTION_STAGING

Bools = NDArray[np.bool_]

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
        check_context(job.context)
        check_prices(job.line)
        served = feature_hash(np.array(job.features, dtype=float), np.array(job.context, dtype=float))
        if served != job.feature_hash:
            raise Rejected(f"features: their hash is {served}, the stored row's is {job.feature_hash}")
        try:
            date.fromisoformat(job.game_date)
        except ValueError as exc:
            raise Rejected(f"game_date: {job.game_date!r}, wanted YYYY-MM-DD") from exc

    def __call__(self, jobs: Sequence[PredictionRequest], now: datetime) -> Predicted:
        """Forecast jobs that passed ``check``."""
        return self.columns(of_requests(jobs, now))

    def columns(self, jobs: JobColumns) -> Predicted:
        """Forecast jobs, whatever runs they belong to.

        A model is never used for a game that it may have been trained on: for such a job its system
        says ``in_sample``, and ensembles go without it. Jobs that ask for it get rows marked as such.
        """
        outcomes: list[dict[str, str]] = [{}] * len(jobs)
        tables = [PREDICTION_STAGING.arrow_schema.empty_table()]
        for usable, members in self._groups(jobs).items():
            rows = np.flatnonzero(members)
            part = self._group(usable, with_commit(jobs.take(rows), self._build_commit))
            tables.append(part.rows)
            for i, said in zip(rows.tolist(), part.systems, strict=True):
                outcomes[i] = said
        return Predicted(pa.concat_tables(tables), outcomes)

    def _groups(self, jobs: JobColumns) -> dict[frozenset[str], Bools]:
        """(n,) by the systems whose model may be used, the jobs for which these are the ones."""
        may = {name: _may_be_used(m, jobs) for name, m in self._models.items()}
        code = np.zeros(len(jobs), dtype=np.int64)
        for at, able in enumerate(may.values()):
            code += able.astype(np.int64) << at
        return {
            frozenset(name for at, name in enumerate(may) if one >> at & 1): code == one
            for one in dict.fromkeys(code.tolist())
        }

    def _group(self, usable: frozenset[str], jobs: JobColumns) -> Predicted:
        """Forecast jobs for which the same models may be used."""
        systems = build({name: self._models[name].model for name in sorted(usable)})
        forecasts = forecast_all(systems, jobs.batch)
        words = {name: self._said(name, forecasts, len(jobs)) for name in SYSTEM_IDS}
        outcomes = _asked(words, jobs)
        table = PredictionRows(jobs)
        parts = []
        for system in systems:
            name = system.system_id
            rows = np.array([i for i, said in enumerate(outcomes) if said.get(name) == PREDICTED])
            if len(rows):
                parts.append(table.of(system, self._models.get(name), CHAMPION, forecasts[name], rows))
        parts += self._shadow_rows(jobs, outcomes, table)
        return Predicted(pa.concat_tables([PREDICTION_STAGING.arrow_schema.empty_table(), *parts]), outcomes)

    def _said(self, system_id: str, forecasts: Mapping[str, Forecast], n: int) -> list[str]:
        if system_id in forecasts:
            return [reason or PREDICTED for reason in forecasts[system_id].reasons]
        return ["in_sample" if system_id in self._models else "no_model"] * n

    def _shadow_rows(
        self, jobs: JobColumns, outcomes: list[dict[str, str]], table: PredictionRows
    ) -> list[pa.Table]:
        """Rows of the shadows where their system's key ended as predicted, so that both can be compared."""
        parts = []
        for model in self._shadows:
            system = with_model(model.system_id, model.model)
            forecast = system.forecast(jobs.batch, {})
            able = _may_be_used(model, jobs)
            rows = [
                i
                for i, said in enumerate(outcomes)
                if said.get(model.system_id) == PREDICTED and able[i] and forecast.reasons[i] is None
            ]
            if rows:
                parts.append(table.of(system, model, SHADOW, forecast, np.array(rows)))
        return parts


def _may_be_used(model: LoadedModel, jobs: JobColumns) -> Bools:
    """(n,) a model serves a game date that its training, where it is known, ended before."""
    if model.manifest is None:
        return np.ones(len(jobs), np.bool_)
    return np.asarray(jobs.in_sample | (jobs.day > np.datetime64(model.manifest.train_end, "D")))


def _asked(words: Mapping[str, list[str]], jobs: JobColumns) -> list[dict[str, str]]:
    """What each system that a job asks for says of it, in the order of the catalog."""
    names = tuple(words)
    outcomes = []
    for systems, said in zip(jobs.systems, zip(*words.values(), strict=True), strict=True):
        told = dict(zip(names, said, strict=True))
        if len(set(systems)) < len(names):
            told = {name: told[name] for name in names if name in systems}
        outcomes.append(told)
    return outcomes
