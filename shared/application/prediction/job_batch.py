"""Jobs as columns: the inputs of the systems, and the staging columns that describe the job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.runs.jobs import RunJobs
from shared.domain.arrays import Bools, Days, Floats, Ints
from shared.domain.features.context import ALL_INPUTS, CONTEXT
from shared.domain.features.contract import FEATURES
from shared.domain.features.recent_games import RECENT_FIELDS, RECENT_GAMES
from shared.domain.market.lines import no_vig_over
from shared.domain.systems.base import Batch
from shared.domain.vocabulary import RunMode
from shared.schemas.doubles import pack_doubles
from shared.schemas.messages import STAGED_LINE, STORED_LINE, PredictionRequest
from shared.schemas.predictions import PREDICTION_STAGING
from shared.warehouse.features import context_matrix, matrix
from shared.warehouse.history import floats, padded

Key = tuple[str, str, int]

_FIELDS = {field.name: field for field in PREDICTION_STAGING.arrow_schema}


@dataclass(frozen=True)
class JobColumns:
    """``n`` jobs of one or several runs.

    ``columns``: the columns of the staging table that do not depend on a system and differ between jobs.
    ``constant_columns``: those in which all jobs have the same value. ``keys``: run, game and player id of
    each job. ``day``: (n,) game dates. ``prices``: (2, n) American odds of over and under, NaN if absent.
    ``systems``: the system ids that each job requests. ``in_sample``: (n,) whether models may run on games
    that they were trained on.
    """

    batch: Batch
    columns: pa.RecordBatch
    constant_columns: Mapping[str, pa.Scalar]
    keys: Sequence[Key]
    day: Days
    prices: Floats
    systems: Sequence[Sequence[str]]
    in_sample: Bools

    def __len__(self) -> int:
        return len(self.systems)

    def take(self, rows: Ints) -> JobColumns:
        if len(rows) == len(self):
            return self
        positions = rows.tolist()
        return JobColumns(
            batch=self.batch.take(rows),
            columns=self.columns.take(pa.array(rows)),
            constant_columns=self.constant_columns,
            keys=[self.keys[i] for i in positions],
            day=self.day[rows],
            prices=self.prices[:, rows],
            systems=[self.systems[i] for i in positions],
            in_sample=self.in_sample[rows],
        )

    def expand(self, at: Ints) -> dict[str, pa.Array]:
        """Return the columns by name, with one row for each position in ``at``; positions may repeat."""
        rows = self.columns.take(pa.array(at))
        constants = {name: pa.repeat(value, len(at)) for name, value in self.constant_columns.items()}
        return dict(zip(rows.schema.names, rows.columns, strict=True)) | constants


def to_batch(jobs: Sequence[PredictionRequest], inputs: Sequence[bytes]) -> Batch:
    """Return the inputs of the systems; ``inputs``: the bytes from ``pack_inputs`` for each job."""
    columns = _build_varying_columns(jobs)
    return _build_batch(jobs, inputs, columns, _read_prices(columns))


def _build_batch(
    jobs: Sequence[PredictionRequest], inputs: Sequence[bytes], columns: pa.RecordBatch, prices: Floats
) -> Batch:
    """``columns``: from ``_build_varying_columns``; ``prices``: (2, n), from ``_read_prices``."""
    values = np.frombuffer(b"".join(inputs), np.float64).reshape(len(jobs), -1)
    return Batch(
        features=values[:, : len(FEATURES)],
        quality=floats(columns["feature_quality_score"]),
        league_def_rating=np.array([j.league_def_rating for j in jobs], dtype=np.float64),
        recent=values[:, len(ALL_INPUTS) :].reshape(len(jobs), RECENT_GAMES, len(RECENT_FIELDS)),
        days_rest=np.array([j.days_rest for j in jobs], dtype=np.float64),
        context=values[:, len(FEATURES) : len(ALL_INPUTS)],
        line=floats(columns["current_points_line"]),
        market=no_vig_over(*prices),
    )


def _read_prices(columns: pa.RecordBatch) -> Floats:
    """Return (2, n) prices of over and under."""
    return np.array([floats(columns["line_over_price"]), floats(columns["line_under_price"])])


def pack_inputs(job: PredictionRequest) -> bytes:
    """Return the 62 numbers of ``ALL_INPUTS`` and the 150 of ``Batch.recent`` as doubles. NaN replaces
    null, for an empty context and for past games that a job lacks."""
    context = pack_doubles(job.context) if job.context else _BLANK_CONTEXT
    return pack_doubles(job.features) + context + _pad(pack_doubles(job.recent))


_BLANK_CONTEXT = pack_doubles([None] * len(CONTEXT))
_NO_GAMES = pack_doubles([None] * (RECENT_GAMES * len(RECENT_FIELDS)))


def _pad(recent: bytes) -> bytes:
    return recent + _NO_GAMES[len(recent) :]


_VARYING = (
    "player_lookup", "player_id", "game_id", "team_abbr", "opponent_team_abbr", "feature_hash",
    "feature_quality_score",
)  # fmt: skip
_RUN_FIELDS = ("run_id", "feature_version", "feature_snapshot_id", "as_of", "mode", "tipoff", "game_date")

_varying_of = attrgetter(*_VARYING)
_line_values_of = attrgetter(*STAGED_LINE)
_run_fields_of = attrgetter(*_RUN_FIELDS)
_key_of = attrgetter("run_id", "game_id", "player_id")
_NO_LINE = (False, *[None] * len(STAGED_LINE))
_VARYING_ROW = pa.struct([_FIELDS[name] for name in (*_VARYING, "has_prop_line", *STAGED_LINE.values())])


def columns_from_requests(
    jobs: Sequence[PredictionRequest], now: datetime, inputs: Sequence[bytes] | None = None
) -> JobColumns:
    """Return the columns of requests, at least one; those of the line are NULL for a job without one.
    ``inputs``: the bytes from ``pack_inputs`` for each job, if the caller has them."""
    varying = _build_varying_columns(jobs)
    prices = _read_prices(varying)
    runs, versions, snapshots, instants, modes, tipoffs, days = zip(*map(_run_fields_of, jobs), strict=True)
    columns, constants = _split_constant_columns(
        varying,
        {
            "run_id": runs,
            "feature_version": versions,
            "feature_snapshot_id": snapshots,
            "as_of": instants,
            "game_date": days,
            "prediction_run_mode": modes,
            "prediction_made_before_game": [
                _is_before_game(mode, tipoff, now) for mode, tipoff in zip(modes, tipoffs, strict=True)
            ],
        },
    )
    return JobColumns(
        batch=_build_batch(jobs, inputs or list(map(pack_inputs, jobs)), varying, prices),
        columns=columns,
        constant_columns=constants | _timestamps(now),
        keys=list(map(_key_of, jobs)),
        day=np.array(days, dtype="datetime64[D]"),
        prices=prices,
        systems=[j.systems for j in jobs],
        in_sample=np.array([j.in_sample for j in jobs], dtype=np.bool_),
    )


def _build_varying_columns(jobs: Sequence[PredictionRequest]) -> pa.RecordBatch:
    """Return the columns in which the jobs of one run differ, built in one call."""
    rows = [_varying_of(j) + ((True, *_line_values_of(j.line)) if j.line else _NO_LINE) for j in jobs]
    return pa.RecordBatch.from_struct_array(pa.array(rows, _VARYING_ROW))


def _split_constant_columns(
    columns: pa.RecordBatch, values: Mapping[str, Sequence[Any]]
) -> tuple[pa.RecordBatch, dict[str, pa.Scalar]]:
    """Return ``columns`` with those values that differ between jobs, and the constant ones separately."""
    constants = {}
    for name, job_values in values.items():
        field = _FIELDS[name]
        if job_values.count(job_values[0]) == len(job_values):
            constants[name] = pa.scalar(job_values[0], field.type)
        else:
            columns = columns.append_column(field, pa.array(job_values, field.type))
    return columns, constants


_STORE_COLUMNS = {STAGED_LINE[field]: column for field, column in STORED_LINE.items()} | {
    "feature_snapshot_id": "snapshot_id",
    **{name: name for name in (*_VARYING, "feature_version", "as_of", "game_date")},
}


def columns_from_runs(runs: Sequence[RunJobs], now: datetime) -> JobColumns:
    """Return the columns of runs from feature store rows, equal to the columns of the runs' requests."""
    rows = pa.concat_tables([r.rows for r in runs]).combine_chunks()
    sizes = [r.rows.num_rows for r in runs]
    games = rows["game_id"].to_pylist()
    made_before_game = [
        _is_before_game(r.request.mode, r.tipoffs[game], now)
        for r, start, n in zip(runs, np.cumsum([0, *sizes]).tolist(), sizes, strict=False)
        for game in games[start : start + n]
    ]
    run_ids = _repeat_each([r.run_id for r in runs], sizes)
    columns = {staged: rows[stored] for staged, stored in _STORE_COLUMNS.items()} | {
        "run_id": run_ids,
        "has_prop_line": pc.is_valid(rows["line_value"]),
        "prediction_run_mode": _repeat_each([r.request.mode.value for r in runs], sizes),
        "prediction_made_before_game": made_before_game,
    }
    recent = padded(rows["recent"], RECENT_GAMES * len(RECENT_FIELDS))
    prices = np.stack([floats(rows["line_over_price"]), floats(rows["line_under_price"])])
    batch = Batch(
        features=matrix(rows),
        quality=floats(rows["feature_quality_score"]),
        league_def_rating=floats(rows["league_def_rating"]),
        recent=recent.reshape(-1, RECENT_GAMES, len(RECENT_FIELDS)),
        days_rest=floats(rows["days_rest"]),
        context=context_matrix(rows),
        line=floats(rows["line_value"]),
        market=no_vig_over(*prices),
    )
    return JobColumns(
        batch=batch,
        columns=_cast_columns(columns),
        constant_columns=_timestamps(now),
        keys=list(zip(run_ids, games, rows["player_id"].to_pylist(), strict=True)),
        day=np.asarray(rows["game_date"].to_numpy()),
        prices=prices,
        systems=[s for r in runs for s in r.systems],
        in_sample=np.repeat(np.array([r.request.in_sample for r in runs], dtype=np.bool_), sizes),
    )


def add_commit(jobs: JobColumns, build_commit: str | None) -> JobColumns:
    """Return the jobs with the commit of the code that predicts them as a constant column."""
    return replace(
        jobs, constant_columns={**jobs.constant_columns, "build_commit": pa.scalar(build_commit, pa.string())}
    )


def _is_before_game(mode: RunMode, tipoff: datetime | None, now: datetime) -> bool:
    return mode is RunMode.LIVE and (tipoff is None or now < tipoff)


def _repeat_each(values: Sequence[str], sizes: Sequence[int]) -> list[str]:
    return [v for v, n in zip(values, sizes, strict=True) for _ in range(n)]


def _cast_columns(columns: Mapping[str, Any]) -> pa.RecordBatch:
    """Return the columns with the types of the staging table."""
    fields = [_FIELDS[name] for name in columns]
    arrays = [
        c.combine_chunks().cast(f.type) if isinstance(c, pa.ChunkedArray) else pa.array(c, f.type)
        for c, f in zip(columns.values(), fields, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _timestamps(now: datetime) -> dict[str, pa.Scalar]:
    """Return the time of the prediction by the product's clock, and the real time."""
    timestamps = {"predicted_at": now, "created_at": datetime.now(UTC)}
    return {name: pa.scalar(timestamp, _FIELDS[name].type) for name, timestamp in timestamps.items()}
