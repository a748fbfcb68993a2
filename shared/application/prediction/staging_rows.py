"""Build the staging rows of forecasts column by column, for all systems at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from shared.application.prediction.job_batch import JobColumns
from shared.domain.arrays import Floats, Ints
from shared.domain.market.betting import sides_and_bets
from shared.domain.market.recommendation import SIDES, edge, round_points, sides
from shared.domain.systems.base import Chance, Forecast, System
from shared.domain.vocabulary import Role
from shared.model_registry.loading import LoadedModel
from shared.schemas.predictions import PREDICTION_STAGING
from shared.warehouse.history import nullable

SCHEMA = PREDICTION_STAGING.arrow_schema
_NAMES = tuple(SCHEMA.names)
_CHANCE_COLUMNS = ("prob_over", "interval_low", "interval_high", "expected_value", "kelly_fraction")


_raw, _points, _confidence = attrgetter("raw"), attrgetter("points"), attrgetter("confidence")


class SystemForecast(NamedTuple):
    """The forecast of one system for the jobs at ``rows``; ``model`` is None for a formula."""

    system: System
    model: LoadedModel | None
    role: Role
    forecast: Forecast
    rows: Ints


def build_staging_rows(jobs: JobColumns, parts: Sequence[SystemForecast]) -> pa.Table:
    """Return the staging rows of all forecasts, one forecast after the other. ``at``, here and below: the
    position of each row's job; ``part``: that of its forecast in ``parts``."""
    if not parts:
        return SCHEMA.empty_table()
    at = np.concatenate([p.rows for p in parts])
    part = np.repeat(np.arange(len(parts)), [len(p.rows) for p in parts])
    numbers, side = _build_point_columns(jobs, parts, at, part)
    columns = jobs.expand(at) | numbers | _build_label_columns(jobs, parts, at, part, side)
    return pa.Table.from_arrays([columns[name] for name in _NAMES], schema=SCHEMA)


def _build_ids(jobs: JobColumns, model_hashes: Ints, at: Ints, part: Ints) -> pa.Array:
    """Return the id of each row: the same for every delivery of the same job to the same model.

    It is the exclusive or of the job's hash and the model's hash, so that each is computed once and not for
    every row. Collisions are as rare as with one hash of both.
    """
    job_hashes = _hash_keys(jobs.keys)
    digits = (job_hashes.take(at, axis=0) ^ model_hashes.take(part, axis=0)).tobytes().hex().encode()
    starts = np.arange(0, _DIGITS * (len(at) + 1), _DIGITS, dtype=np.int32)
    return pa.StringArray.from_buffers(len(at), pa.py_buffer(starts), pa.py_buffer(digits))


_DIGITS = 32


def _hash_keys(keys: Iterable[Sequence[str | int]]) -> Ints:
    """Return (n, 2) the first 128 bits of each key's SHA-256."""
    digests = [sha256(msgspec.json.encode(key)).digest()[: _DIGITS // 2] for key in keys]
    return np.frombuffer(b"".join(digests), np.int64).reshape(-1, 2)


def _build_label_columns(
    jobs: JobColumns, parts: Sequence[SystemForecast], at: Ints, part: Ints, side: Ints
) -> dict[str, pa.Array]:
    """Return system, model, role, side, id and missing inputs of each row."""
    labels, model_hashes = _labels_by_part(tuple([_part_key(p) for p in parts]))
    labelled_part = part + len(parts) * jobs.in_sample.take(at)
    row_labels = labels.take(pa.array(len(SIDES) * labelled_part + side))
    return dict(zip(_LABELS.names, row_labels.columns, strict=True)) | {
        "prediction_id": _build_ids(jobs, model_hashes, at, part),
        "missing_inputs": _join_missing_inputs(parts),
    }


_PartKey = tuple[str, str | None, str | None, Role]
_LABELS = pa.struct(
    [SCHEMA.field(name) for name in ("system_id", "model_id", "model_sha256", "role", "recommendation")]
)


def _part_key(part: SystemForecast) -> _PartKey:
    system, model = part.system.system_id, part.model
    return (system, model.model_id, model.sha256, part.role) if model else (system, None, None, part.role)


@lru_cache(maxsize=64)
def _labels_by_part(parts: tuple[_PartKey, ...]) -> tuple[pa.RecordBatch, Ints]:
    """Return the labels of rows, for each part and side, first as served and then as in-sample rows, and the
    hash of each part. The cache holds while the same models are loaded."""
    in_sample = [(*key[:-1], Role.IN_SAMPLE) for key in parts]
    rows = [(*key, side) for key in (*parts, *in_sample) for side in SIDES]
    model_hashes = _hash_keys((system, digest or "formula") for system, _, digest, _ in parts)
    return pa.RecordBatch.from_struct_array(pa.array(rows, _LABELS)), model_hashes


def _join_missing_inputs(parts: Sequence[SystemForecast]) -> pa.Array:
    """Return the names of each row's missing inputs, separated by commas; NULL if it has all."""
    texts: list[str | None] = []
    for p in parts:
        missing = p.forecast.missing_inputs
        if any(missing):
            joined = {names: ",".join(names) or None for names in set(missing)}
            texts += [joined[missing[i]] for i in p.rows.tolist()]
        else:
            texts += [None] * len(p.rows)
    return pa.array(texts, pa.string())


def _build_point_columns(
    jobs: JobColumns, parts: Sequence[SystemForecast], at: Ints, part: Ints
) -> tuple[dict[str, pa.Array], Ints]:
    """Return the columns of numbers, also those that depend on the line, and positions in ``SIDES``."""
    line = jobs.batch.line.take(at)
    forecasts = [values(p.forecast) for values in (_raw, _points, _confidence) for p in parts]
    raw, clamped, confidence = np.concatenate(forecasts).reshape(3, -1).take(len(jobs) * part + at, axis=1)
    minimums = np.array([(p.system.min_edge, p.system.min_confidence) for p in parts])
    min_edge, min_confidence = minimums.T.take(part, axis=1)
    points = round_points(clamped)
    edges = edge(points, line)
    side, chance_columns = _build_chance_columns(
        parts, sides(edges, confidence, min_edge, min_confidence), edges, jobs.prices.take(at, axis=1)
    )
    columns = {
        "raw_prediction": pa.array(raw),
        "predicted_points": pa.array(points),
        "confidence_score": pa.array(np.round(confidence, 2)),
        "line_margin": nullable(edges),
        **chance_columns,
    }
    return columns, side


def _build_chance_columns(
    parts: Sequence[SystemForecast], side: Ints, edges: Floats, prices: Floats
) -> tuple[Ints, dict[str, pa.Array]]:
    """Return the sides that are worth their price, and the columns of the distributions.

    Rows of a system that gives points only have NULL columns and unchanged sides.
    """
    n = len(edges)
    if all(p.forecast.chance is None for p in parts):
        nulls = pa.nulls(n, pa.float64())
        return side, dict.fromkeys(_CHANCE_COLUMNS, nulls) | {"no_bet_reason": pa.nulls(n, pa.string())}
    side = side.copy()
    reasons: list[str | None] = [None] * n
    values = np.full((len(_CHANCE_COLUMNS), n), np.nan)
    start = 0
    for p in parts:
        rows = slice(start, start + len(p.rows))
        start = rows.stop
        if p.forecast.chance is None:
            continue
        chance = Chance(*(v[p.rows] for v in vars(p.forecast.chance).values()))
        side[rows], bets = sides_and_bets(side[rows], chance.over, edges[rows], *prices[:, rows])
        low, high = np.round(chance.low, 1), np.round(chance.high, 1)
        values[:, rows] = (chance.over, low, high, bets.value, bets.stake)
        reasons[rows] = bets.against
    columns = {name: nullable(v) for name, v in zip(_CHANCE_COLUMNS, values, strict=True)}
    return side, columns | {"no_bet_reason": pa.array(reasons, pa.string())}
