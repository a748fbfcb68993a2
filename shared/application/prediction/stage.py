"""The main use case of the worker: predict jobs, append their rows, report one outcome per player."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from shared.application.messaging.events import BatchStaged, Observer, log
from shared.application.messaging.rejected import KeepRejected, read_player, read_trace
from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC, to_outgoing
from shared.application.prediction.job_batch import JobColumns, columns_from_requests
from shared.application.prediction.predict import Predict, PredictionResults
from shared.domain.arrays import Ints
from shared.domain.systems.assembly import HIGHEST, LOWEST
from shared.domain.vocabulary import PREDICTED, Outcome, OutcomeKind
from shared.errors import Rejected
from shared.observability import tracing
from shared.observability.tracing import Trace
from shared.ports import Clock, Publisher, Warehouse
from shared.schemas.messages import SCHEMA_VERSION, PredictionReady, PredictionRequest, decode, unwrap
from shared.schemas.predictions import PREDICTION_STAGING

Value = TypeVar("Value")

REFUSED = Outcome(OutcomeKind.FAILED, "rejected_message")
"""Outcome of a player whose job can never succeed."""

_FAILURES = (Rejected, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""Errors of a computation over one job that a retry does not fix."""


class Job(NamedTuple):
    """A message that passed every check, with its ``pack_inputs``, the request body and its trace."""

    request: PredictionRequest
    inputs: bytes
    body: bytes
    trace: Trace | None = None


@dataclass(frozen=True)
class StagingResult:
    """Positions of the jobs that were predicted or skipped, and their outcomes by system."""

    completed_jobs: list[int]
    outcomes: list[dict[str, str]]
    event: BatchStaged


class StageJobs:
    """Writes rows first, then reports outcomes; the caller acknowledges after both."""

    def __init__(
        self,
        predict: Predict,
        warehouse: Warehouse,
        publisher: Publisher,
        keep_rejected: KeepRejected,
        clock: Clock,
        observe: Observer = log,
    ) -> None:
        self._predict = predict
        self._keep = keep_rejected
        self._warehouse, self._publisher, self._clock, self._observe = warehouse, publisher, clock, observe

    def accept(self, body: bytes) -> Job:
        """Parse and check a message; ``Rejected`` if it can never be predicted."""
        _, attributes, payload = unwrap(body)
        request = decode(payload, PredictionRequest)
        inputs = self._predict.check(request)
        return Job(request, inputs, body, tracing.from_message(attributes))

    def refuse(self, body: bytes, reason: str) -> None:
        """Store a message that can never succeed, and report its player as failed if the body names one."""
        self._keep(body, reason, REQUEST_TOPIC)
        identity = read_player(body)
        if identity:
            run_id, player, player_id = identity
            outcome = PredictionReady(SCHEMA_VERSION, run_id, player, REFUSED.text, {}, player_id)
            self._report([outcome], [read_trace(body)])

    def __call__(self, jobs: Sequence[Job]) -> None:
        """Stage and report jobs; ``Unavailable`` if a write or report failed: deliver all jobs again."""
        columns = columns_from_requests(
            [j.request for j in jobs], self._clock.now(), [j.inputs for j in jobs]
        )
        trace = _common([j.trace for j in jobs])
        with tracing.use(trace):
            staged = self.stage_columns(columns, lambda i, reason: self.refuse(jobs[i].body, reason))
        started_at = time.perf_counter()
        completed = [jobs[i] for i in staged.completed_jobs]
        self._report(
            [ready_message(j.request, s) for j, s in zip(completed, staged.outcomes, strict=True)],
            [j.trace for j in completed],
        )
        with tracing.use(trace):
            self._observe(replace(staged.event, report_seconds=time.perf_counter() - started_at))

    def stage_columns(self, jobs: JobColumns, refuse: Callable[[int, str], None]) -> StagingResult:
        """Write the rows of jobs, without reports; ``refuse`` receives the position of each job that can
        never be predicted, and the reason."""
        started_at = time.perf_counter()
        completed: list[int] = []
        parts = list(self._predict_jobs(jobs, np.arange(len(jobs)), refuse, completed))
        tables = [part.rows for part in parts if part.rows.num_rows]
        predicted_at = time.perf_counter()
        if tables:
            rows = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
            self._warehouse.append(PREDICTION_STAGING, rows)
        outcomes = [job_outcomes for part in parts for job_outcomes in part.outcomes]
        seconds = (predicted_at - started_at, time.perf_counter() - predicted_at, 0.0)
        event = _build_event(jobs, completed, sum(map(len, tables)), outcomes, seconds)
        return StagingResult(completed, outcomes, replace(event, clamped=count_clamped_rows(tables)))

    def _predict_jobs(
        self, jobs: JobColumns, positions: Ints, refuse: Callable[[int, str], None], completed: list[int]
    ) -> Iterator[PredictionResults]:
        """Predict all jobs in one batch; if it fails, halve it until the failing jobs are isolated."""
        try:
            part = self._predict.predict_columns(jobs)
        except _FAILURES as exc:
            if len(positions) == 1:
                refuse(int(positions[0]), f"prediction failed: {exc}")
                return
            for half in np.array_split(np.arange(len(positions)), 2):
                yield from self._predict_jobs(jobs.take(half), positions[half], refuse, completed)
        else:
            completed += positions.tolist()
            yield part

    def _report(self, outcomes: list[PredictionReady], traces: Sequence[Trace | None]) -> None:
        if outcomes:
            messages = [to_outgoing(o, trace) for o, trace in zip(outcomes, traces, strict=True)]
            self._publisher.publish(READY_TOPIC, messages)


def count_clamped_rows(tables: Sequence[pa.Table]) -> dict[str, int]:
    """Count rows by system whose raw prediction is outside the range that predictions are clamped to."""
    counts: Counter[str] = Counter()
    for rows in tables:
        raw = rows["raw_prediction"].to_numpy()
        outside = np.flatnonzero((raw < LOWEST) | (raw > HIGHEST))
        if len(outside):
            counts.update(rows["system_id"].take(pa.array(outside)).to_pylist())
    return dict(counts)


def player_outcome(systems: Mapping[str, str]) -> Outcome:
    """Return ``PREDICTED`` if any system predicted the player, else the reason of the first system."""
    if PREDICTED.text in systems.values():
        return PREDICTED
    return Outcome(OutcomeKind.SKIPPED, next(iter(systems.values()), "no_system_asked"))


def ready_message(job: PredictionRequest, systems: dict[str, str]) -> PredictionReady:
    """Return the message that reports the outcome of a job."""
    return PredictionReady(
        SCHEMA_VERSION, job.run_id, job.player_lookup, player_outcome(systems).text, systems, job.player_id
    )


def _build_event(
    jobs: JobColumns,
    completed: Sequence[int],
    rows: int,
    outcomes: Sequence[Mapping[str, str]],
    seconds: tuple[float, float, float],
) -> BatchStaged:
    distinct = {id(job_outcomes): job_outcomes for job_outcomes in outcomes}
    counts: dict[str, Counter[str]] = {}
    for key, n in Counter(map(id, outcomes)).items():
        for system, outcome in distinct[key].items():
            counts.setdefault(system, Counter())[outcome.partition(":")[0]] += n
    champions = sum(kinds[PREDICTED.text] for kinds in counts.values())
    days = jobs.day.tolist()
    run_id, day = _common([jobs.keys[i][0] for i in completed]), _common([days[i] for i in completed])
    return BatchStaged(run_id, day, len(completed), rows, rows - champions, counts, *seconds)


def _common(values: Sequence[Value]) -> Value | None:
    """Return the value if all are equal, else None."""
    return values[0] if values and values.count(values[0]) == len(values) else None
