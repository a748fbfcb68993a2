"""Turn jobs into predictions: every system, vectorised, one model call per model."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.features.snapshot_rows import hash_feature_bytes
from shared.application.prediction.job_batch import JobColumns, add_commit, columns_from_requests, pack_inputs
from shared.application.prediction.staging_rows import CHAMPION, SHADOW, SystemForecast, build_staging_rows
from shared.domain.features.context import CONTEXT
from shared.domain.features.contract import FEATURES
from shared.domain.features.recent_games import RECENT_FIELDS, RECENT_GAMES
from shared.domain.systems.base import Forecast, System
from shared.domain.systems.catalog import SYSTEM_IDS, build_systems, forecast_all, trained_system
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
Days = NDArray[np.datetime64]
Ints = NDArray[np.int64]

PREDICTED = "predicted"

_KNOWN = frozenset(SYSTEM_IDS)
_NOBODY = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class PredictionResults:
    """Rows to stage, and for each job what every asked system gave: ``predicted`` or its reason.

    Jobs of which the same is said share one dictionary, which nobody changes.
    """

    rows: pa.Table
    outcomes: list[dict[str, str]]


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
        self.systems: tuple[System, ...] = build_systems({name: m.model for name, m in models.items()})
        self.system_ids = tuple(s.system_id for s in self.systems)
        self._ends = _ends(self._models.values())
        self._build_commit = build_commit

    def check(self, job: PredictionRequest) -> bytes:
        """``pack_inputs`` of a job; refuses one that can never be predicted, and says what came and what
        was wanted."""
        inputs = _inputs(job)
        if job.feature_version != FEATURE_VERSION:
            raise Rejected(f"feature_version {job.feature_version!r}, wanted {FEATURE_VERSION!r}")
        if not _KNOWN.issuperset(job.systems):
            unknown = next(s for s in job.systems if s not in _KNOWN)
            raise Rejected(f"systems: {unknown!r} is unknown, wanted some of {', '.join(SYSTEM_IDS)}")
        if len(job.recent) % len(RECENT_FIELDS) or len(job.recent) > RECENT_GAMES * len(RECENT_FIELDS):
            raise Rejected(
                f"recent: {len(job.recent)} numbers, "
                f"wanted up to {RECENT_GAMES} games of {len(RECENT_FIELDS)}"
            )
        if not math.isfinite(sum(job.recent)):
            raise Rejected("recent: holds a number that is not finite")
        check_prices(job.line)
        served = hash_feature_bytes(inputs[: 8 * (len(job.features) + len(job.context))])
        if served != job.feature_hash:
            raise Rejected(f"features: their hash is {served}, the stored row's is {job.feature_hash}")
        try:
            date.fromisoformat(job.game_date)
        except ValueError as exc:
            raise Rejected(f"game_date: {job.game_date!r}, wanted YYYY-MM-DD") from exc
        return inputs

    def __call__(self, jobs: Sequence[PredictionRequest], now: datetime) -> PredictionResults:
        """Forecast jobs that passed ``check``."""
        if not jobs:
            return PredictionResults(PREDICTION_STAGING.arrow_schema.empty_table(), [])
        return self.predict_columns(columns_from_requests(jobs, now))

    def predict_columns(self, jobs: JobColumns) -> PredictionResults:
        """Forecast jobs, whatever runs they belong to.

        A model is never used for a game that it may have been trained on: for such a job its system
        says ``in_sample``, and ensembles go without it. Jobs that ask for it get rows marked as such.
        """
        jobs = add_commit(jobs, self._build_commit)
        groups = self._groups(jobs)
        if len(groups) == 1:
            return self._group(next(iter(groups)), jobs)
        outcomes: list[dict[str, str]] = [{}] * len(jobs)
        tables = [PREDICTION_STAGING.arrow_schema.empty_table()]
        for usable, members in groups.items():
            rows = np.flatnonzero(members)
            part = self._group(usable, jobs.take(rows))
            tables.append(part.rows)
            for i, said in zip(rows.tolist(), part.outcomes, strict=True):
                outcomes[i] = said
        return PredictionResults(pa.concat_tables(tables), outcomes)

    def _groups(self, jobs: JobColumns) -> dict[frozenset[str], Bools]:
        """(n,) by the systems whose model may be used, the jobs for which these are the ones."""
        able = _may_be_used(self._ends, jobs)
        if able.all():
            return {frozenset(self._models): np.ones(len(jobs), np.bool_)}
        code = (1 << np.arange(len(able))) @ able
        return {
            frozenset(name for at, name in enumerate(self._models) if one >> at & 1): code == one
            for one in dict.fromkeys(code.tolist())
        }

    def _group(self, usable: frozenset[str], jobs: JobColumns) -> PredictionResults:
        """Forecast jobs for which the same models may be used."""
        systems = self.systems
        if len(usable) < len(self._models):
            systems = build_systems({name: self._models[name].model for name in sorted(usable)})
        forecasts = forecast_all(systems, jobs.batch)
        asked = _asked(jobs.systems)
        said = {name: self._said(name, forecasts, len(jobs)) for name in SYSTEM_IDS if name in asked}
        parts = []
        for system in systems:
            rows = _predicted(system.system_id, said, asked)
            if len(rows):
                model = self._models.get(system.system_id)
                parts.append(SystemForecast(system, model, CHAMPION, forecasts[system.system_id], rows))
        parts += self._shadow_parts(jobs, said, asked)
        return PredictionResults(build_staging_rows(jobs, parts), _by_job(jobs.systems, said, asked))

    def _said(self, system_id: str, forecasts: Mapping[str, Forecast], n: int) -> list[str]:
        """What one system says of each job."""
        if system_id in forecasts:
            return [reason or PREDICTED for reason in forecasts[system_id].reasons]
        return ["in_sample" if system_id in self._models else "no_model"] * n

    def _shadow_parts(
        self, jobs: JobColumns, said: Mapping[str, list[str]], asked: Mapping[str, Ints]
    ) -> list[SystemForecast]:
        """Rows of the shadows where their system's key ended as predicted, so that both can be compared."""
        parts = []
        for model in self._shadows:
            system = trained_system(model.system_id, model.model)
            forecast = system.forecast(jobs.batch, {})
            (able,) = _may_be_used(_ends([model]), jobs)
            rows = [
                i
                for i in _predicted(model.system_id, said, asked).tolist()
                if forecast.reasons[i] is None and able[i]
            ]
            if rows:
                parts.append(SystemForecast(system, model, SHADOW, forecast, np.array(rows)))
        return parts


def _ends(models: Iterable[LoadedModel]) -> Days:
    """(models, 1) the last day of each one's training, NaT where it is not known."""
    ends = [m.manifest.train_end if m.manifest else None for m in models]
    return np.array(ends, dtype="datetime64[D]").reshape(-1, 1)


def _may_be_used(ends: Days, jobs: JobColumns) -> Bools:
    """(models, n) a model serves a game date that its training, where it is known, ended before."""
    return np.asarray(jobs.in_sample | ~(jobs.day <= ends))


def _asked(systems: Sequence[Sequence[str]]) -> dict[str, Ints]:
    """The jobs that ask for a system, by system; most often all ask for the same ones."""
    everybody = np.arange(len(systems))
    common = systems[0]
    if systems.count(common) == len(systems):
        return dict.fromkeys(common, everybody)
    names = {name for one in systems for name in one}
    return {name: everybody[[name in one for one in systems]] for name in names}


def _predicted(system_id: str, said: Mapping[str, list[str]], asked: Mapping[str, Ints]) -> Ints:
    """Jobs that ask for a system and are predicted by it."""
    words = said.get(system_id, [])
    rows = asked.get(system_id, _NOBODY)
    if words.count(PREDICTED) == len(words):
        return rows
    return rows[[words[i] == PREDICTED for i in rows.tolist()]]


def _by_job(
    systems: Sequence[Sequence[str]], said: Mapping[str, list[str]], asked: Mapping[str, Ints]
) -> list[dict[str, str]]:
    """What the systems that a job asks for say of it."""
    if not said:
        return [{} for _ in systems]

    @cache
    def told(words: tuple[str, ...]) -> dict[str, str]:
        return dict(zip(said, words, strict=True))

    rows = map(told, zip(*said.values(), strict=True))
    if all(len(rows) == len(systems) for rows in asked.values()):
        return list(rows)
    return [
        {name: word for name, word in row.items() if name in one}
        for one, row in zip(systems, rows, strict=True)
    ]


def _inputs(job: PredictionRequest) -> bytes:
    """``pack_inputs``; each number is looked at by name only where one of them is wrong."""
    as_wanted = len(job.features) == len(FEATURES) and len(job.context) in (0, len(CONTEXT))
    if not as_wanted or not math.isfinite(_total(job.features) + _total(job.context)):
        check_features(job.features)
        check_context(job.context)
    return pack_inputs(job)


def _total(values: list[float | None]) -> float:
    """The sum of what is not null, which is not finite where one of the numbers is not."""
    try:
        return sum(values)  # type: ignore[arg-type]  # null raises
    except TypeError:
        return sum(v for v in values if v is not None)
