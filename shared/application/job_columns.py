"""Jobs in columns: what the systems take of them, and what every system's rows say of them."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shared.application.jobs import RunJobs
from shared.application.known import Mode
from shared.domain.features.context import ALL_INPUTS, CONTEXT
from shared.domain.features_contract import FEATURES
from shared.domain.lines import no_vig_over
from shared.domain.systems.base import RECENT_FIELDS, RECENT_GAMES, Batch
from shared.schemas.messages import PredictionRequest
from shared.schemas.predictions import PREDICTION_STAGING
from shared.warehouse.features import context_matrix, matrix
from shared.warehouse.history import floats, padded

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Days = NDArray[np.datetime64]

_SCHEMA = PREDICTION_STAGING.arrow_schema


@dataclass(frozen=True)
class JobColumns:
    """``n`` jobs, of one run or of many.

    ``columns``: by name the columns of the staging table that do not depend on a system. ``systems``: the
    ids that each job asks for. ``in_sample``: (n,) models may run on games that they were trained on.
    """

    batch: Batch
    columns: pa.Table
    systems: Sequence[Sequence[str]]
    in_sample: Bools

    def __len__(self) -> int:
        return len(self.systems)

    def take(self, rows: Ints) -> JobColumns:
        if len(rows) == len(self):
            return self
        batch = self.batch.take(rows)
        chosen = [self.systems[i] for i in rows.tolist()]
        return JobColumns(batch, self.columns.take(pa.array(rows)), chosen, self.in_sample[rows])

    @property
    def day(self) -> Days:
        """(n,) game dates."""
        return np.asarray(self.columns["game_date"].to_numpy())

    def floats(self, column: str) -> Floats:
        """(n,) NaN where there is none."""
        return floats(self.columns[column])

    def words(self, column: str) -> list[Any]:
        return list(self.columns[column].to_pylist())


def to_batch(jobs: Sequence[PredictionRequest], inputs: Sequence[bytes]) -> Batch:
    """The arrays that the systems take; ``inputs`` as ``packed_inputs`` gives them, job by job."""
    whole = np.frombuffer(b"".join(inputs), np.float64).reshape(len(jobs), len(ALL_INPUTS))
    recent = np.frombuffer(b"".join(_padded(_packed(j.recent)) for j in jobs), np.float64)
    quotes = [j.line for j in jobs]
    over, under = (
        np.array([getattr(q, side) if q else None for q in quotes], dtype=np.float64)
        for side in ("over_price", "under_price")
    )
    return Batch.of(
        features=whole[:, : len(FEATURES)],
        quality=np.array([j.feature_quality_score for j in jobs], dtype=np.float64),
        league_def_rating=np.array([j.league_def_rating for j in jobs], dtype=np.float64),
        recent=recent.reshape(len(jobs), RECENT_GAMES, len(RECENT_FIELDS)),
        days_rest=np.array([j.days_rest for j in jobs], dtype=np.float64),
        context=whole[:, len(FEATURES) :],
        line=np.array([q.value if q else None for q in quotes], dtype=np.float64),
        market=no_vig_over(over, under),
    )


def packed_inputs(job: PredictionRequest) -> bytes:
    """The 62 numbers of ``ALL_INPUTS`` as doubles, NaN where null; a job's context may be empty."""
    packed = _packed(job.features) + _packed(job.context)
    return packed if job.context else packed + _BLANK_CONTEXT


def numbers(width: int, rows: Sequence[Sequence[float | None]]) -> Floats:
    """Rows of ``width`` numbers as an array, NaN for None."""
    return np.frombuffer(b"".join(map(_packed, rows)), np.float64).reshape(len(rows), width)


def _packed(row: Sequence[float | None]) -> bytes:
    """Numbers as doubles, NaN for None."""
    pack = _doubles(len(row))
    try:
        return pack(*row)
    except struct.error:
        return pack(*[math.nan if v is None else v for v in row])


@cache
def _doubles(n: int) -> Callable[..., bytes]:
    return struct.Struct(f"{n}d").pack


_BLANK_CONTEXT = _packed([None] * len(CONTEXT))
_NO_GAMES = _packed([None] * (RECENT_GAMES * len(RECENT_FIELDS)))


def _padded(recent: bytes) -> bytes:
    return recent + _NO_GAMES[len(recent) :]


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


def of_requests(
    jobs: Sequence[PredictionRequest], now: datetime, inputs: Sequence[bytes] | None = None
) -> JobColumns:
    """Jobs as messages bring them, at least one; the line's columns are NULL without one. ``inputs``: what
    ``packed_inputs`` gives for each of them, where it is known already."""
    columns: dict[str, Any] = dict(zip(_AS_THEY_ARE, zip(*map(_plain, jobs), strict=True), strict=True))
    quotes = (_of_line(j.line) if j.line else _NO_LINE for j in jobs)
    columns |= zip(_OF_LINE, zip(*quotes, strict=True), strict=True)
    columns |= {
        "game_date": [date.fromisoformat(j.game_date) for j in jobs],
        "has_prop_line": [j.line is not None for j in jobs],
        "prediction_run_mode": [j.mode for j in jobs],
        "prediction_made_before_game": [_before(j.mode, j.tipoff, now) for j in jobs],
    }
    return JobColumns(
        to_batch(jobs, inputs or list(map(packed_inputs, jobs))),
        _table(columns, len(jobs), now),
        [j.systems for j in jobs],
        np.fromiter((j.in_sample for j in jobs), np.bool_, len(jobs)),
    )


_STORED = {
    "current_points_line": "line_value",
    "sportsbook": "line_book",
    "feature_snapshot_id": "snapshot_id",
    "line_quote_id": "line_quote_id",
    "line_over_price": "line_over_price",
    "line_under_price": "line_under_price",
    "line_captured_at": "line_captured_at",
    "line_precision": "line_precision",
    "game_date": "game_date",
} | {name: name for name in _AS_THEY_ARE if name not in ("run_id", "feature_snapshot_id")}


def of_runs(runs: Sequence[RunJobs], now: datetime) -> JobColumns:
    """The jobs of one or more runs as the feature store holds them, the same as their messages would say."""
    rows = pa.concat_tables([r.rows for r in runs]).combine_chunks()
    sizes = [r.rows.num_rows for r in runs]
    games = rows["game_id"].to_pylist()
    before = [
        _before(r.request.mode.value, r.tipoffs[game], now)
        for r, start, n in zip(runs, np.cumsum([0, *sizes]).tolist(), sizes, strict=False)
        for game in games[start : start + n]
    ]
    columns = {ours: rows[theirs] for ours, theirs in _STORED.items()} | {
        "run_id": _each([r.run_id for r in runs], sizes),
        "has_prop_line": pc.is_valid(rows["line_value"]),
        "prediction_run_mode": _each([r.request.mode.value for r in runs], sizes),
        "prediction_made_before_game": before,
    }
    recent = padded(rows["recent"], RECENT_GAMES * len(RECENT_FIELDS))
    over, under = floats(rows["line_over_price"]), floats(rows["line_under_price"])
    batch = Batch.of(
        features=matrix(rows),
        quality=floats(rows["feature_quality_score"]),
        league_def_rating=floats(rows["league_def_rating"]),
        recent=recent.reshape(-1, RECENT_GAMES, len(RECENT_FIELDS)),
        days_rest=floats(rows["days_rest"]),
        context=context_matrix(rows),
        line=floats(rows["line_value"]),
        market=no_vig_over(over, under),
    )
    systems = [s for r in runs for s in r.systems]
    in_sample = np.repeat(np.array([r.request.in_sample for r in runs], dtype=np.bool_), sizes)
    return JobColumns(batch, _table(columns, len(systems), now), systems, in_sample)


def with_commit(jobs: JobColumns, build_commit: str | None) -> JobColumns:
    """The same jobs; their rows name the commit of the code that predicts them."""
    field = _SCHEMA.field("build_commit")
    column = _alike(build_commit, field.type, len(jobs))
    return replace(jobs, columns=jobs.columns.append_column(field, column))


def _before(mode: str, tipoff: datetime | None, now: datetime) -> bool:
    return mode == Mode.LIVE and (tipoff is None or now < tipoff)


def _each(values: Sequence[str], sizes: Sequence[int]) -> list[str]:
    return [v for v, n in zip(values, sizes, strict=True) for _ in range(n)]


def _table(columns: Mapping[str, Any], n: int, now: datetime) -> pa.Table:
    fields = [_SCHEMA.field(name) for name in (*columns, "predicted_at", "created_at")]
    arrays = [
        c.cast(f.type) if isinstance(c, pa.ChunkedArray) else pa.array(c, f.type)
        for c, f in zip(columns.values(), fields, strict=False)
    ]
    arrays += [
        _alike(moment, f.type, n) for moment, f in zip((now, datetime.now(UTC)), fields[-2:], strict=True)
    ]
    return pa.table(arrays, schema=pa.schema(fields))


def _alike(value: Any, kind: pa.DataType, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), n)
