"""Turn jobs into predictions: every system is vectorised and calls its model once per batch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import numpy as np
import pyarrow as pa

from shared.application.features.snapshot_rows import hash_feature_bytes
from shared.application.prediction.job_batch import JobColumns, add_commit, columns_from_requests, pack_inputs
from shared.application.prediction.staging_rows import SystemForecast, build_staging_rows
from shared.domain.arrays import Bools, Days, Ints
from shared.domain.features.context import CONTEXT
from shared.domain.features.contract import FEATURES
from shared.domain.features.recent_games import RECENT_FIELDS, RECENT_GAMES
from shared.domain.systems.base import Forecast, System
from shared.domain.systems.catalog import SYSTEM_IDS, build_systems, forecast_all, trained_system
from shared.domain.vocabulary import OutcomeKind, Role
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

_PREDICTED = OutcomeKind.PREDICTED.value
"""Outcome of a system that has a prediction; plain text, since every job's outcome is compared with it."""

_SYSTEM_IDS = frozenset(SYSTEM_IDS)
_NO_JOBS = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class PredictionResults:
    """Rows to stage, and the outcome of every requested system per job: ``predicted`` or a reason.

    Jobs with equal outcomes share one dictionary, which must not be changed.
    """

    rows: pa.Table
    outcomes: list[dict[str, str]]


class Predict:
    """Runs the systems whose models are loaded; for the others the outcome is a reason.

    ``shadows`` run on the same jobs as the champions; their rows are marked and never active.
    """

    def __init__(
        self,
        models: Mapping[str, LoadedModel],
        build_commit: str | None = None,
        shadows: Sequence[LoadedModel] = (),
    ) -> None:
        self._models = dict(models)
        self._shadows = tuple(shadows)
        self.systems: tuple[System, ...] = build_systems({name: m.model for name, m in models.items()})
        self.system_ids = tuple(s.system_id for s in self.systems)
        self._training_ends = _last_training_days(self._models.values())
        self._build_commit = build_commit

    def check(self, job: PredictionRequest) -> bytes:
        """Return ``pack_inputs`` of a job; raise ``Rejected`` if it can never be predicted, with the value
        received and the value expected."""
        inputs = _check_inputs(job)
        if job.feature_version != FEATURE_VERSION:
            raise Rejected(f"feature_version {job.feature_version!r}, expected {FEATURE_VERSION!r}")
        if not _SYSTEM_IDS.issuperset(job.systems):
            unknown = next(s for s in job.systems if s not in _SYSTEM_IDS)
            raise Rejected(f"systems: {unknown!r} is unknown, expected some of {', '.join(SYSTEM_IDS)}")
        if len(job.recent) % len(RECENT_FIELDS) or len(job.recent) > RECENT_GAMES * len(RECENT_FIELDS):
            raise Rejected(
                f"recent: {len(job.recent)} numbers, "
                f"expected up to {RECENT_GAMES} games of {len(RECENT_FIELDS)}"
            )
        if not math.isfinite(sum(job.recent)):
            raise Rejected("recent: holds a number that is not finite")
        check_prices(job.line)
        computed_hash = hash_feature_bytes(inputs[: 8 * (len(job.features) + len(job.context))])
        if computed_hash != job.feature_hash:
            raise Rejected(f"features: their hash is {computed_hash}, the stored row's is {job.feature_hash}")
        return inputs

    def __call__(self, jobs: Sequence[PredictionRequest], now: datetime) -> PredictionResults:
        """Predict jobs that passed ``check``."""
        if not jobs:
            return PredictionResults(PREDICTION_STAGING.arrow_schema.empty_table(), [])
        return self.predict_columns(columns_from_requests(jobs, now))

    def predict_columns(self, jobs: JobColumns) -> PredictionResults:
        """Predict jobs of one or several runs.

        A model is never used for a game that it may have been trained on: for such a job the outcome of its
        system is ``in_sample``, and ensembles go without it. Jobs with ``in_sample`` set get marked rows.
        """
        jobs = add_commit(jobs, self._build_commit)
        groups = self._group_jobs(jobs)
        if len(groups) == 1:
            return self._predict_group(next(iter(groups)), jobs)
        outcomes: list[dict[str, str]] = [{}] * len(jobs)
        tables = [PREDICTION_STAGING.arrow_schema.empty_table()]
        for usable, members in groups.items():
            rows = np.flatnonzero(members)
            part = self._predict_group(usable, jobs.take(rows))
            tables.append(part.rows)
            for i, job_outcomes in zip(rows.tolist(), part.outcomes, strict=True):
                outcomes[i] = job_outcomes
        return PredictionResults(pa.concat_tables(tables), outcomes)

    def _group_jobs(self, jobs: JobColumns) -> dict[frozenset[str], Bools]:
        """Group jobs by the systems whose models may be used; each group is a mask of shape (n,)."""
        usable = _is_usable(self._training_ends, jobs)
        if usable.all():
            return {frozenset(self._models): np.ones(len(jobs), np.bool_)}
        bits = (1 << np.arange(len(usable))) @ usable
        return {
            frozenset(name for bit, name in enumerate(self._models) if value >> bit & 1): bits == value
            for value in dict.fromkeys(bits.tolist())
        }

    def _predict_group(self, usable: frozenset[str], jobs: JobColumns) -> PredictionResults:
        """Predict jobs for which the same models may be used."""
        systems = self.systems
        if len(usable) < len(self._models):
            systems = build_systems({name: self._models[name].model for name in sorted(usable)})
        forecasts = forecast_all(systems, jobs.batch)
        requested = _jobs_by_system(jobs.systems)
        outcomes = {n: self._system_outcomes(n, forecasts, len(jobs)) for n in SYSTEM_IDS if n in requested}
        parts = []
        for system in systems:
            rows = _predicted_jobs(system.system_id, outcomes, requested)
            if len(rows):
                model = self._models.get(system.system_id)
                parts.append(SystemForecast(system, model, Role.CHAMPION, forecasts[system.system_id], rows))
        parts += self._predict_shadows(jobs, outcomes, requested)
        return PredictionResults(build_staging_rows(jobs, parts), _by_job(jobs.systems, outcomes, requested))

    def _system_outcomes(self, system_id: str, forecasts: Mapping[str, Forecast], n: int) -> list[str]:
        """Return the outcome of one system for each job."""
        if system_id in forecasts:
            return [reason or _PREDICTED for reason in forecasts[system_id].reasons]
        return ["in_sample" if system_id in self._models else "no_model"] * n

    def _predict_shadows(
        self, jobs: JobColumns, outcomes: Mapping[str, list[str]], requested: Mapping[str, Ints]
    ) -> list[SystemForecast]:
        """Return the shadows' forecasts for jobs that their system predicted, so both can be compared."""
        parts = []
        for model in self._shadows:
            system = trained_system(model.system_id, model.model)
            forecast = system.forecast(jobs.batch, {})
            (usable,) = _is_usable(_last_training_days([model]), jobs)
            rows = [
                i
                for i in _predicted_jobs(model.system_id, outcomes, requested).tolist()
                if forecast.reasons[i] is None and usable[i]
            ]
            if rows:
                parts.append(SystemForecast(system, model, Role.SHADOW, forecast, np.array(rows)))
        return parts


def _last_training_days(models: Iterable[LoadedModel]) -> Days:
    """Return (models, 1) the last training day of each model, NaT if it is not recorded."""
    ends = [m.manifest.train_end if m.manifest else None for m in models]
    return np.array(ends, dtype="datetime64[D]").reshape(-1, 1)


def _is_usable(training_ends: Days, jobs: JobColumns) -> Bools:
    """Return (models, n) whether the model's training ended before the game date or has no recorded end."""
    return np.asarray(jobs.in_sample | ~(jobs.day <= training_ends))


def _jobs_by_system(systems: Sequence[Sequence[str]]) -> dict[str, Ints]:
    """Return the positions of the jobs that request each system; usually all request the same ones."""
    positions = np.arange(len(systems))
    common = systems[0]
    if systems.count(common) == len(systems):
        return dict.fromkeys(common, positions)
    names = {name for requested in systems for name in requested}
    return {name: positions[[name in requested for requested in systems]] for name in names}


def _predicted_jobs(system_id: str, outcomes: Mapping[str, list[str]], requested: Mapping[str, Ints]) -> Ints:
    """Return the positions of jobs that request a system and are predicted by it."""
    system_outcomes = outcomes.get(system_id, [])
    rows = requested.get(system_id, _NO_JOBS)
    if system_outcomes.count(_PREDICTED) == len(system_outcomes):
        return rows
    return rows[[system_outcomes[i] == _PREDICTED for i in rows.tolist()]]


def _by_job(
    systems: Sequence[Sequence[str]], outcomes: Mapping[str, list[str]], requested: Mapping[str, Ints]
) -> list[dict[str, str]]:
    """Return the outcomes of the requested systems for each job."""
    if not outcomes:
        return [{} for _ in systems]

    @cache
    def by_system(row: tuple[str, ...]) -> dict[str, str]:
        return dict(zip(outcomes, row, strict=True))

    rows = map(by_system, zip(*outcomes.values(), strict=True))
    if all(len(positions) == len(systems) for positions in requested.values()):
        return list(rows)
    return [
        {name: outcome for name, outcome in row.items() if name in ids}
        for ids, row in zip(systems, rows, strict=True)
    ]


def _check_inputs(job: PredictionRequest) -> bytes:
    """Return ``pack_inputs``; numbers are checked one by one only if a length or the sum is invalid."""
    has_valid_lengths = len(job.features) == len(FEATURES) and len(job.context) in (0, len(CONTEXT))
    if not has_valid_lengths or not math.isfinite(_sum_present(job.features) + _sum_present(job.context)):
        check_features(job.features)
        check_context(job.context)
    return pack_inputs(job)


def _sum_present(values: list[float | None]) -> float:
    """Return the sum of the values that are not null; it is not finite if one of them is not."""
    try:
        return sum(values)  # type: ignore[arg-type]  # null raises
    except TypeError:
        return sum(v for v in values if v is not None)
