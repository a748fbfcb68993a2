"""Forecasts as rows of the staging table, laid out by columns for all systems at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from hashlib import sha256
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.domain.betting import bets
from shared.domain.recommendation import SIDES, edge, round_points, sides
from shared.domain.systems.base import Chance, Forecast, System
from shared.model_registry.loading import LoadedModel
from shared.schemas.messages import PredictionRequest
from shared.schemas.predictions import PREDICTION_STAGING

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHAMPION, SHADOW, IN_SAMPLE = "champion", "shadow", "in_sample"

SCHEMA = PREDICTION_STAGING.arrow_schema
_OF_CHANCE = ("prob_over", "interval_low", "interval_high", "expected_value", "kelly_fraction")


class Part(NamedTuple):
    """What one system says of the jobs at ``rows``; ``model`` is None for a formula."""

    system: System
    model: LoadedModel | None
    role: str
    forecast: Forecast
    rows: Ints


def prediction_rows(
    jobs: Sequence[PredictionRequest], parts: Sequence[Part], now: datetime, build_commit: str | None
) -> pa.Table:
    """The rows of all parts, one part after the other; what jobs say is laid out once."""
    if not parts:
        return SCHEMA.empty_table()
    at = np.concatenate([p.rows for p in parts])
    part = np.repeat(np.arange(len(parts)), [len(p.rows) for p in parts])
    of_jobs = _job_columns(jobs, now, build_commit)
    repeated = pa.RecordBatch.from_arrays(list(of_jobs.values()), names=list(of_jobs)).take(pa.array(at))
    columns = dict(zip(of_jobs, repeated.columns, strict=True))
    columns |= _part_columns(jobs, parts, at, part)
    columns |= _point_columns(jobs, parts, at, part)
    return pa.table([columns[f.name] for f in SCHEMA], schema=SCHEMA)


def prediction_id(job: PredictionRequest, system_id: str, model_key: str) -> str:
    """The same for every delivery of the same job."""
    return _id_of(_job_key(job), _model_key(system_id, model_key))


def _job_key(job: PredictionRequest) -> bytes:
    return json.dumps([job.run_id, job.game_id, job.player_lookup])[:-1].encode()


def _model_key(system_id: str, model_key: str) -> bytes:
    return f", {json.dumps([system_id, model_key])[1:]}".encode()


def _id_of(job_key: bytes, model_key: bytes) -> str:
    """Both keys are halves of one JSON list, so that each is made once and not for every row."""
    return sha256(job_key + model_key).hexdigest()[:32]


def _part_columns(
    jobs: Sequence[PredictionRequest], parts: Sequence[Part], at: Ints, part: Ints
) -> dict[str, pa.Array]:
    """Which system, which model, in which role, and what each row was made without."""
    of_part = pa.array(part)
    keys = list(map(_job_key, jobs))
    endings = [_model_key(p.system.system_id, p.model.sha256 if p.model else "formula") for p in parts]
    ids = [_id_of(keys[i], end) for p, end in zip(parts, endings, strict=True) for i in p.rows.tolist()]
    names = pa.array([*(p.role for p in parts), IN_SAMPLE], pa.string())
    in_sample = np.fromiter((j.in_sample for j in jobs), np.bool_, len(jobs))
    lacks: list[tuple[str, ...]] = []
    for p in parts:
        of_all = p.forecast.missing_inputs
        lacks += of_all if len(p.rows) == len(of_all) else [of_all[i] for i in p.rows.tolist()]
    texts = {names: ",".join(names) or None for names in set(lacks)}
    per_part: dict[str, Callable[[Part], str | None]] = {
        "system_id": lambda p: p.system.system_id,
        "model_id": lambda p: p.model.model_id if p.model else None,
        "model_sha256": lambda p: p.model.sha256 if p.model else None,
    }
    return {name: pa.array(map(get, parts), pa.string()).take(of_part) for name, get in per_part.items()} | {
        "prediction_id": pa.array(ids, pa.string()),
        "role": names.take(pa.array(np.where(in_sample[at], len(parts), part))),
        "missing_inputs": pa.array([texts[names] for names in lacks], pa.string()),
    }


def _point_columns(
    jobs: Sequence[PredictionRequest], parts: Sequence[Part], at: Ints, part: Ints
) -> dict[str, pa.Array]:
    """The numbers that systems give, and what follows from them and the line."""
    line, over_price, under_price = (
        _floats(getattr(j.line, name) if j.line else None for j in jobs)[at]
        for name in ("value", "over_price", "under_price")
    )
    raw, confidence = (
        np.concatenate([values(p.forecast)[p.rows] for p in parts])
        for values in (attrgetter("points"), attrgetter("confidence"))
    )
    least_edge = np.array([p.system.min_edge for p in parts])[part]
    least_confidence = np.array([p.system.min_confidence for p in parts])[part]
    points = round_points(raw)
    gaps = edge(points, line)
    side = sides(points, line, confidence, least_edge, least_confidence)
    return {
        "raw_prediction": pa.array(raw),
        "predicted_points": pa.array(points),
        "confidence_score": pa.array(np.round(confidence, 2)),
        "recommendation": pa.array(SIDES, pa.string()).take(pa.array(side)),
        "line_margin": _nullable(gaps),
        **_chance_columns(parts, gaps, over_price, under_price),
    }


def _chance_columns(
    parts: Sequence[Part], gaps: Floats, over_price: Floats, under_price: Floats
) -> dict[str, pa.Array]:
    """The distribution and what it makes of the prices; NULL for a system that gives points only."""
    n = len(gaps)
    reasons: list[str | None] = [None] * n
    if all(p.forecast.chance is None for p in parts):
        return {name: pa.nulls(n, pa.float64()) for name in _OF_CHANCE} | {
            "no_bet_reason": pa.nulls(n, pa.string())
        }
    values = np.full((len(_OF_CHANCE), n), np.nan)
    start = 0
    for p in parts:
        rows = slice(start, start + len(p.rows))
        start = rows.stop
        if p.forecast.chance is None:
            continue
        chance = Chance(*(v[p.rows] for v in vars(p.forecast.chance).values()))
        found = bets(chance.over, gaps[rows], over_price[rows], under_price[rows])
        low, high = np.round(chance.low, 1), np.round(chance.high, 1)
        values[:, rows] = (chance.over, low, high, found.value, found.stake)
        reasons[rows] = found.against
    return {name: _nullable(v) for name, v in zip(_OF_CHANCE, values, strict=True)} | {
        "no_bet_reason": pa.array(reasons, pa.string())
    }


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
_plain = attrgetter(*_AS_THEY_ARE)
_of_line = attrgetter(*_OF_LINE.values())
_NO_LINE = (None,) * len(_OF_LINE)


def _job_columns(
    jobs: Sequence[PredictionRequest], now: datetime, build_commit: str | None
) -> dict[str, pa.Array]:
    """What every system's rows say of the jobs; the line's columns are NULL without one."""
    n = len(jobs)
    columns: dict[str, Iterable[Any]] = dict(
        zip(_AS_THEY_ARE, zip(*map(_plain, jobs), strict=True), strict=True)
    )
    quotes = (_of_line(j.line) if j.line else _NO_LINE for j in jobs)
    columns |= zip(_OF_LINE, zip(*quotes, strict=True), strict=True)
    columns |= {
        "game_date": [date.fromisoformat(j.game_date) for j in jobs],
        "has_prop_line": [j.line is not None for j in jobs],
        "prediction_run_mode": [j.mode for j in jobs],
        "prediction_made_before_game": [
            j.mode == "LIVE" and (j.tipoff is None or now < j.tipoff) for j in jobs
        ],
    }
    alike = {"predicted_at": now, "build_commit": build_commit, "created_at": datetime.now(UTC)}
    return {name: pa.array(values, SCHEMA.field(name).type) for name, values in columns.items()} | {
        name: pa.repeat(pa.scalar(value, SCHEMA.field(name).type), n) for name, value in alike.items()
    }


def _floats(values: Iterable[float | None]) -> Floats:
    return np.array(list(values), dtype=np.float64)


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, from_pandas=True)
