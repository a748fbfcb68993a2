"""Turn jobs into predictions: every system, vectorised, one model call per model."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.feature_rows import hash_of
from shared.application.prediction_rows import CHAMPION, SHADOW, Part, prediction_rows
from shared.domain.features.context import CONTEXT
from shared.domain.features_contract import FEATURES
from shared.domain.lines import no_vig_over
from shared.domain.systems.base import RECENT_FIELDS, RECENT_GAMES, Batch, Floats, Forecast, System
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

Ints = NDArray[np.int64]

PREDICTED = "predicted"

_KNOWN = frozenset(SYSTEM_IDS)
_NOBODY = np.zeros(0, dtype=np.int64)


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
        whole = _inputs(job)
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
        served = hash_of(whole)
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
        if not jobs:
            return Predicted(PREDICTION_STAGING.arrow_schema.empty_table(), [])
        usable = {key: self._usable(*key) for key in {_when(job) for job in jobs}}
        groups: dict[frozenset[str], list[int]] = {}
        for i, job in enumerate(jobs):
            groups.setdefault(usable[_when(job)], []).append(i)
        if len(groups) == 1:
            return self._group(next(iter(groups)), jobs, now)
        outcomes: list[dict[str, str]] = [{} for _ in jobs]
        tables = [PREDICTION_STAGING.arrow_schema.empty_table()]
        for models, members in groups.items():
            part = self._group(models, [jobs[i] for i in members], now)
            tables.append(part.rows)
            for i, said in zip(members, part.systems, strict=True):
                outcomes[i] = said
        return Predicted(pa.concat_tables(tables), outcomes)

    def _usable(self, game_date: str, in_sample: bool) -> frozenset[str]:
        """Systems whose model's training ended before the game date, or is not known to reach it."""
        return frozenset(name for name, m in self._models.items() if _may_be_used(m, game_date, in_sample))

    def _group(self, usable: frozenset[str], jobs: Sequence[PredictionRequest], now: datetime) -> Predicted:
        """Forecast jobs for which the same models may be used."""
        systems = build({name: self._models[name].model for name in sorted(usable)})
        batch = to_batch(jobs)
        forecasts = forecast_all(systems, batch)
        asked = _asked(jobs)
        said = {name: self._said(name, forecasts, len(jobs)) for name in SYSTEM_IDS if name in asked}
        parts = []
        for system in systems:
            rows = _predicted(system.system_id, said, asked)
            if len(rows):
                model = self._models.get(system.system_id)
                parts.append(Part(system, model, CHAMPION, forecasts[system.system_id], rows))
        parts += self._shadow_parts(jobs, batch, said, asked)
        rows_of_all = prediction_rows(jobs, parts, now, self._build_commit)
        return Predicted(rows_of_all, _by_job(jobs, said, asked))

    def _said(self, system_id: str, forecasts: Mapping[str, Forecast], n: int) -> list[str]:
        """What one system says of each job."""
        if system_id in forecasts:
            return [reason or PREDICTED for reason in forecasts[system_id].reasons]
        return ["in_sample" if system_id in self._models else "no_model"] * n

    def _shadow_parts(
        self,
        jobs: Sequence[PredictionRequest],
        batch: Batch,
        said: Mapping[str, list[str]],
        asked: Mapping[str, Ints],
    ) -> list[Part]:
        """Rows of the shadows where their system's key ended as predicted, so that both can be compared."""
        parts = []
        for model in self._shadows:
            system = with_model(model.system_id, model.model)
            forecast = system.forecast(batch, {})
            rows = [
                i
                for i in _predicted(model.system_id, said, asked).tolist()
                if forecast.reasons[i] is None and _may_be_used(model, *_when(jobs[i]))
            ]
            if rows:
                parts.append(Part(system, model, SHADOW, forecast, np.array(rows)))
        return parts


def _when(job: PredictionRequest) -> tuple[str, bool]:
    """What of a job decides which models may be used."""
    return job.game_date, job.in_sample


def _may_be_used(model: LoadedModel, game_date: str, in_sample: bool) -> bool:
    """A model serves a game date that its training, where it is known, ended before."""
    manifest = model.manifest
    return in_sample or manifest is None or manifest.train_end.isoformat() < game_date


def _asked(jobs: Sequence[PredictionRequest]) -> dict[str, Ints]:
    """The jobs that ask for a system, by system; most often all ask for the same ones."""
    everybody = np.arange(len(jobs))
    common = jobs[0].systems
    if all(job.systems == common for job in jobs):
        return dict.fromkeys(common, everybody)
    names = {name for job in jobs for name in job.systems}
    return {name: everybody[[name in job.systems for job in jobs]] for name in names}


def _predicted(system_id: str, said: Mapping[str, list[str]], asked: Mapping[str, Ints]) -> Ints:
    """Jobs that ask for a system and are predicted by it."""
    words = said.get(system_id, [])
    rows = asked.get(system_id, _NOBODY)
    if words.count(PREDICTED) == len(words):
        return rows
    return rows[[words[i] == PREDICTED for i in rows.tolist()]]


def _by_job(
    jobs: Sequence[PredictionRequest], said: Mapping[str, list[str]], asked: Mapping[str, Ints]
) -> list[dict[str, str]]:
    """What the systems that a job asks for say of it."""
    if not said:
        return [{} for _ in jobs]
    rows = (dict(zip(said, words, strict=True)) for words in zip(*said.values(), strict=True))
    if all(len(rows) == len(jobs) for rows in asked.values()):
        return list(rows)
    return [
        {name: word for name, word in row.items() if name in job.systems}
        for job, row in zip(jobs, rows, strict=True)
    ]


def _inputs(job: PredictionRequest) -> Floats:
    """Features and context in one array, NaN where null; each number is looked at by name only where one
    of them is wrong."""
    given = job.features + job.context
    whole = np.array(given, dtype=np.float64)
    as_wanted = len(job.features) == len(FEATURES) and len(job.context) in (0, len(CONTEXT))
    if not as_wanted or np.count_nonzero(np.isfinite(whole)) + given.count(None) != len(given):
        check_features(job.features)
        check_context(job.context)
    return whole


def to_batch(jobs: Sequence[PredictionRequest]) -> Batch:
    """The arrays that the systems take."""
    features = matrix(len(FEATURES), [j.features for j in jobs])
    recent = np.full((len(jobs), RECENT_GAMES * len(RECENT_FIELDS)), np.nan)
    for row, j in zip(recent, jobs, strict=True):
        row[: len(j.recent)] = array("d", j.recent)
    quotes = [j.line for j in jobs]
    over, under = (
        np.array([getattr(q, side) if q else None for q in quotes], dtype=np.float64)
        for side in ("over_price", "under_price")
    )
    blank = [None] * len(CONTEXT)
    return Batch.of(
        features=features,
        quality=np.array([j.feature_quality_score for j in jobs], dtype=np.float64),
        league_def_rating=np.array([j.league_def_rating for j in jobs], dtype=np.float64),
        recent=recent.reshape(len(jobs), RECENT_GAMES, len(RECENT_FIELDS)),
        days_rest=np.array([j.days_rest for j in jobs], dtype=np.float64),
        context=matrix(len(CONTEXT), [j.context or blank for j in jobs]),
        line=np.array([q.value if q else None for q in quotes], dtype=np.float64),
        market=no_vig_over(over, under),
    )


def matrix(width: int, rows: Sequence[Sequence[float | None]]) -> Floats:
    """Rows of ``width`` numbers as an array, NaN for None."""
    pack = struct.Struct(f"{width}d").pack
    try:
        packed = [pack(*row) for row in rows]
    except struct.error:
        packed = [pack(*[math.nan if v is None else v for v in row]) for row in rows]
    return np.frombuffer(b"".join(packed), np.float64).reshape(len(rows), width)
