"""Forecasts as rows of the staging table, laid out by columns for all systems at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.prediction.job_batch import JobColumns
from shared.domain.market.betting import sides_and_bets
from shared.domain.market.recommendation import SIDES, edge, round_points, sides
from shared.domain.systems.base import Chance, Forecast, System
from shared.model_registry.loading import LoadedModel
from shared.schemas.predictions import PREDICTION_STAGING

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHAMPION, SHADOW, IN_SAMPLE = "champion", "shadow", "in_sample"

SCHEMA = PREDICTION_STAGING.arrow_schema
_NAMES = tuple(SCHEMA.names)
_OF_CHANCE = ("prob_over", "interval_low", "interval_high", "expected_value", "kelly_fraction")


_raw, _points, _confidence = attrgetter("raw"), attrgetter("points"), attrgetter("confidence")


class SystemForecast(NamedTuple):
    """What one system says of the jobs at ``rows``; ``model`` is None for a formula."""

    system: System
    model: LoadedModel | None
    role: str
    forecast: Forecast
    rows: Ints


def build_staging_rows(jobs: JobColumns, parts: Sequence[SystemForecast]) -> pa.Table:
    """The rows of all parts, one part after the other; what jobs say is laid out once."""
    if not parts:
        return SCHEMA.empty_table()
    at = np.concatenate([p.rows for p in parts])
    part = np.repeat(np.arange(len(parts)), [len(p.rows) for p in parts])
    numbers, side = _point_columns(jobs, parts, at, part)
    columns = jobs.expand(at) | numbers | _part_columns(jobs, parts, at, part, side)
    return pa.Table.from_arrays([columns[name] for name in _NAMES], schema=SCHEMA)


def _ids(jobs: JobColumns, of_parts: Ints, at: Ints, part: Ints) -> pa.Array:
    """The id of each row: the same for every delivery of the same job to the same model.

    It is the exclusive or of two hashes, the job's and the model's, so that each is made once and not for
    every row; it meets another row's as rarely as a hash of both would.
    """
    of_jobs = _halves(jobs.keys)
    digits = (of_jobs.take(at, axis=0) ^ of_parts.take(part, axis=0)).tobytes().hex().encode()
    starts = np.arange(0, _DIGITS * (len(at) + 1), _DIGITS, dtype=np.int32)
    return pa.StringArray.from_buffers(len(at), pa.py_buffer(starts), pa.py_buffer(digits))


_DIGITS = 32


def _halves(keys: Iterable[Sequence[str | int]]) -> Ints:
    """(n, 2) the first 128 bits of each key's hash."""
    digests = [sha256(msgspec.json.encode(key)).digest()[: _DIGITS // 2] for key in keys]
    return np.frombuffer(b"".join(digests), np.int64).reshape(-1, 2)


def _part_columns(
    jobs: JobColumns, parts: Sequence[SystemForecast], at: Ints, part: Ints, side: Ints
) -> dict[str, pa.Array]:
    """Which system, which model, in which role, which side, and what each row was made without."""
    words, halves = _words_of(tuple([_said_of(p) for p in parts]))
    kind = part + len(parts) * jobs.in_sample.take(at)
    of_rows = words.take(pa.array(len(SIDES) * kind + side))
    return dict(zip(_WORDS.names, of_rows.columns, strict=True)) | {
        "prediction_id": _ids(jobs, halves, at, part),
        "missing_inputs": _lacks(parts),
    }


_Said = tuple[str, str | None, str | None, str]
_WORDS = pa.struct(
    [SCHEMA.field(name) for name in ("system_id", "model_id", "model_sha256", "role", "recommendation")]
)


def _said_of(part: SystemForecast) -> _Said:
    system, model = part.system.system_id, part.model
    return (system, model.model_id, model.sha256, part.role) if model else (system, None, None, part.role)


@lru_cache(maxsize=64)
def _words_of(parts: tuple[_Said, ...]) -> tuple[pa.RecordBatch, Ints]:
    """What rows of each part say, side by side as ``SIDES``, and after all parts once more what they say in
    sample; and each part's half of its rows' ids. Both stay while the models do."""
    in_sample = [(*said[:-1], IN_SAMPLE) for said in parts]
    rows = [(*said, side) for said in (*parts, *in_sample) for side in SIDES]
    halves = _halves((system, digest or "formula") for system, _, digest, _ in parts)
    return pa.RecordBatch.from_struct_array(pa.array(rows, _WORDS)), halves


def _lacks(parts: Sequence[SystemForecast]) -> pa.Array:
    """For each row the names of what it was made without, NULL where that is nothing."""
    texts: list[str | None] = []
    for p in parts:
        of_all = p.forecast.missing_inputs
        if any(of_all):
            told = {names: ",".join(names) or None for names in set(of_all)}
            texts += [told[of_all[i]] for i in p.rows.tolist()]
        else:
            texts += [None] * len(p.rows)
    return pa.array(texts, pa.string())


def _point_columns(
    jobs: JobColumns, parts: Sequence[SystemForecast], at: Ints, part: Ints
) -> tuple[dict[str, pa.Array], Ints]:
    """The numbers that systems give, what follows from them and the line, and the position in ``SIDES``."""
    line = jobs.batch.line.take(at)
    said = [values(p.forecast) for values in (_raw, _points, _confidence) for p in parts]
    raw, clamped, confidence = np.concatenate(said).reshape(3, -1).take(len(jobs) * part + at, axis=1)
    worth = np.array([(p.system.min_edge, p.system.min_confidence) for p in parts])
    least_edge, least_confidence = worth.T.take(part, axis=1)
    points = round_points(clamped)
    gaps = edge(points, line)
    side, of_chance = _chance_columns(
        parts, sides(gaps, confidence, least_edge, least_confidence), gaps, jobs.prices.take(at, axis=1)
    )
    columns = {
        "raw_prediction": pa.array(raw),
        "predicted_points": pa.array(points),
        "confidence_score": pa.array(np.round(confidence, 2)),
        "line_margin": _nullable(gaps),
        **of_chance,
    }
    return columns, side


def _chance_columns(
    parts: Sequence[SystemForecast], side: Ints, gaps: Floats, prices: Floats
) -> tuple[Ints, dict[str, pa.Array]]:
    """Return the sides that are worth their price, and the columns of the distributions.

    For a system that gives points only the columns are NULL and its sides stay as they are.
    """
    n = len(gaps)
    if all(p.forecast.chance is None for p in parts):
        unknown = pa.nulls(n, pa.float64())
        return side, dict.fromkeys(_OF_CHANCE, unknown) | {"no_bet_reason": pa.nulls(n, pa.string())}
    side = side.copy()
    reasons: list[str | None] = [None] * n
    values = np.full((len(_OF_CHANCE), n), np.nan)
    start = 0
    for p in parts:
        rows = slice(start, start + len(p.rows))
        start = rows.stop
        if p.forecast.chance is None:
            continue
        chance = Chance(*(v[p.rows] for v in vars(p.forecast.chance).values()))
        side[rows], found = sides_and_bets(side[rows], chance.over, gaps[rows], *prices[:, rows])
        low, high = np.round(chance.low, 1), np.round(chance.high, 1)
        values[:, rows] = (chance.over, low, high, found.value, found.stake)
        reasons[rows] = found.against
    columns = {name: _nullable(v) for name, v in zip(_OF_CHANCE, values, strict=True)}
    return side, columns | {"no_bet_reason": pa.array(reasons, pa.string())}


def _nullable(values: Floats) -> pa.Array:
    return pa.array(values, from_pandas=True)
