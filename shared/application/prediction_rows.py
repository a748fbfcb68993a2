"""Forecasts as rows of the staging table, laid out by columns for all systems at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from operator import attrgetter
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.job_columns import JobColumns
from shared.domain.betting import bets
from shared.domain.recommendation import SIDES, edge, round_points, sides
from shared.domain.systems.base import Chance, Forecast, System
from shared.model_registry.loading import LoadedModel
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


def prediction_rows(jobs: JobColumns, parts: Sequence[Part]) -> pa.Table:
    """The rows of all parts, one part after the other; what jobs say is laid out once."""
    if not parts:
        return SCHEMA.empty_table()
    at = np.concatenate([p.rows for p in parts])
    part = np.repeat(np.arange(len(parts)), [len(p.rows) for p in parts])
    (all_jobs,) = jobs.columns.combine_chunks().to_batches()
    of_jobs = pa.concat_batches(
        [all_jobs if len(p.rows) == len(jobs) else all_jobs.take(pa.array(p.rows)) for p in parts]
    )
    columns = dict(zip(jobs.columns.column_names, of_jobs.columns, strict=True))
    columns |= _part_columns(jobs, parts, at, part)
    columns |= _point_columns(jobs, parts, at, part)
    return pa.table([columns[f.name] for f in SCHEMA], schema=SCHEMA)


def _ids(jobs: JobColumns, parts: Sequence[Part], at: Ints, part: Ints) -> pa.Array:
    """The id of each row: the same for every delivery of the same job to the same model.

    It is the exclusive or of two hashes, the job's and the model's, so that each is made once and not for
    every row; it meets another row's as rarely as a hash of both would.
    """
    names = (jobs.words(column) for column in ("run_id", "game_id", "player_lookup"))
    of_jobs = _halves(zip(*names, strict=True))
    of_parts = _halves((p.system.system_id, p.model.sha256 if p.model else "formula") for p in parts)
    digits = (of_jobs[at] ^ of_parts[part]).tobytes().hex().encode()
    starts = np.arange(0, _DIGITS * (len(at) + 1), _DIGITS, dtype=np.int32)
    return pa.StringArray.from_buffers(len(at), pa.py_buffer(starts), pa.py_buffer(digits))


_DIGITS = 32


def _halves(keys: Iterable[Sequence[str]]) -> Ints:
    """(n, 2) the first 128 bits of each key's hash."""
    digests = [sha256(msgspec.json.encode(key)).digest()[: _DIGITS // 2] for key in keys]
    return np.frombuffer(b"".join(digests), np.int64).reshape(-1, 2)


def _part_columns(jobs: JobColumns, parts: Sequence[Part], at: Ints, part: Ints) -> dict[str, pa.Array]:
    """Which system, which model, in which role, and what each row was made without."""
    of_part = pa.array(part)
    names = pa.array([*(p.role for p in parts), IN_SAMPLE], pa.string())
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
        "prediction_id": _ids(jobs, parts, at, part),
        "role": names.take(pa.array(np.where(jobs.in_sample[at], len(parts), part))),
        "missing_inputs": pa.array([texts[names] for names in lacks], pa.string()),
    }


def _point_columns(jobs: JobColumns, parts: Sequence[Part], at: Ints, part: Ints) -> dict[str, pa.Array]:
    """The numbers that systems give, and what follows from them and the line."""
    line, over_price, under_price = (
        jobs.floats(name)[at] for name in ("current_points_line", "line_over_price", "line_under_price")
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


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, from_pandas=True)
