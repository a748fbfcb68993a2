"""The worker's main job: jobs in, one append of rows, one outcome reported per player."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.messaging.events import BatchStaged, Observer, log
from shared.application.messaging.rejected import KeepRejected, read_player
from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC, to_outgoing
from shared.application.prediction.job_batch import JobColumns, columns_from_requests
from shared.application.prediction.predict import PREDICTED, Predict, PredictionResults
from shared.domain.systems.assembly import HIGHEST, LOWEST
from shared.errors import Rejected
from shared.observability import tracing
from shared.observability.tracing import Trace
from shared.ports import Clock, Publisher, Warehouse
from shared.schemas.messages import SCHEMA_VERSION, PredictionReady, PredictionRequest, decode, unwrap
from shared.schemas.predictions import PREDICTION_STAGING

Ints = NDArray[np.int64]
Value = TypeVar("Value")

REFUSED = "failed:rejected_message"
"""Outcome of a player whose job can never succeed."""

_FAILURES = (Rejected, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What a computation over one job raises however often it is repeated."""


class Job(NamedTuple):
    """A message that passed every check, its ``pack_inputs``, the body it came in, and the trace that it
    belongs to."""

    request: PredictionRequest
    inputs: bytes
    body: bytes
    trace: Trace | None = None


@dataclass(frozen=True)
class StagingResult:
    """Positions of the jobs that were predicted or skipped, and what each system said of them."""

    completed_jobs: list[int]
    outcomes: list[dict[str, str]]
    event: BatchStaged


class StageJobs:
    """Write first, then report; the caller acknowledges after both."""

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
        self._warehouse = warehouse
        self._publisher = publisher
        self._clock = clock
        self._observe = observe

    def accept(self, body: bytes) -> Job:
        """``Rejected`` for anything that can never be predicted."""
        _, attributes, payload = unwrap(body)
        request = decode(payload, PredictionRequest)
        inputs = self._predict.check(request)
        return Job(request, inputs, body, tracing.from_message(attributes))

    def refuse(self, body: bytes, reason: str) -> None:
        """Keep a message that can never succeed, and end its player's wait where he can be read_player."""
        with tracing.use(_trace_of(body)):
            self._keep(body, reason, REQUEST_TOPIC)
            who = read_player(body)
            if who:
                run_id, player, player_id = who
                refused = PredictionReady(SCHEMA_VERSION, run_id, player, REFUSED, {}, player_id)
                self._report([refused], [None])

    def __call__(self, jobs: Sequence[Job]) -> None:
        """``Unavailable`` where rows or reports could not be stored: deliver all of them again."""
        columns = columns_from_requests(
            [j.request for j in jobs], self._clock.now(), [j.inputs for j in jobs]
        )
        trace = _common([j.trace for j in jobs])
        with tracing.use(trace):
            staged = self.stage_columns(columns, lambda i, reason: self.refuse(jobs[i].body, reason))
        begun = time.perf_counter()
        good = [jobs[i] for i in staged.completed_jobs]
        self._report(
            [ready_message(j.request, s) for j, s in zip(good, staged.outcomes, strict=True)],
            [j.trace for j in good],
        )
        with tracing.use(trace):
            self._observe(replace(staged.event, report_seconds=time.perf_counter() - begun))

    def stage_columns(self, jobs: JobColumns, refuse: Callable[[int, str], None]) -> StagingResult:
        """Write the rows of jobs; ``refuse`` is told the position of one that can never be predicted, and
        why. Nothing is reported."""
        begun = time.perf_counter()
        good: list[int] = []
        parts = list(self._predicted(jobs, np.arange(len(jobs)), refuse, good))
        tables = [part.rows for part in parts if part.rows.num_rows]
        known = time.perf_counter()
        if tables:
            rows = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
            self._warehouse.append(PREDICTION_STAGING, rows)
        systems = [said for part in parts for said in part.outcomes]
        took = (known - begun, time.perf_counter() - known, 0.0)
        event = _staged(jobs, good, sum(map(len, tables)), systems, took)
        return StagingResult(good, systems, replace(event, clamped=count_clamped_rows(tables)))

    def _predicted(
        self, jobs: JobColumns, at: Ints, refuse: Callable[[int, str], None], good: list[int]
    ) -> Iterator[PredictionResults]:
        """All at once; where that fails half by half, keeping the culprits apart from the rest."""
        try:
            part = self._predict.predict_columns(jobs)
        except _FAILURES as exc:
            if len(at) == 1:
                refuse(int(at[0]), f"prediction failed: {exc}")
                return
            for half in np.array_split(np.arange(len(at)), 2):
                yield from self._predicted(jobs.take(half), at[half], refuse, good)
        else:
            good += at.tolist()
            yield part

    def _report(self, outcomes: list[PredictionReady], traces: Sequence[Trace | None]) -> None:
        if outcomes:
            messages = [to_outgoing(o, trace) for o, trace in zip(outcomes, traces, strict=True)]
            self._publisher.publish(READY_TOPIC, messages)


def count_clamped_rows(tables: Sequence[pa.Table]) -> dict[str, int]:
    """By system, the rows whose own number of points lies outside of what a prediction is clamped to."""
    counts: Counter[str] = Counter()
    for rows in tables:
        raw = rows["raw_prediction"].to_numpy()
        outside = np.flatnonzero((raw < LOWEST) | (raw > HIGHEST))
        if len(outside):
            counts.update(rows["system_id"].take(pa.array(outside)).to_pylist())
    return dict(counts)


def player_outcome(systems: Mapping[str, str]) -> str:
    """A player is predicted if any system predicted him; else the first system says why not."""
    if PREDICTED in systems.values():
        return PREDICTED
    return f"skipped:{next(iter(systems.values()), 'no_system_asked')}"


def ready_message(job: PredictionRequest, systems: dict[str, str]) -> PredictionReady:
    """What is reported of a job."""
    return PredictionReady(
        SCHEMA_VERSION, job.run_id, job.player_lookup, player_outcome(systems), systems, job.player_id
    )


def _staged(
    jobs: JobColumns,
    good: Sequence[int],
    rows: int,
    systems: Sequence[Mapping[str, str]],
    took: tuple[float, float, float],
) -> BatchStaged:
    distinct = {id(one): one for one in systems}
    said: dict[str, Counter[str]] = {}
    for which, n in Counter(map(id, systems)).items():
        for system, word in distinct[which].items():
            said.setdefault(system, Counter())[word.partition(":")[0]] += n
    champions = sum(kinds[PREDICTED] for kinds in said.values())
    days = jobs.day.tolist()
    run_id, day = _common([jobs.keys[i][0] for i in good]), _common([days[i] for i in good])
    return BatchStaged(
        run_id, day.isoformat() if day else None, len(good), rows, rows - champions, said, *took
    )


def _common(values: Sequence[Value]) -> Value | None:
    """The value that all share, None where they differ."""
    return values[0] if values and values.count(values[0]) == len(values) else None


def _trace_of(body: bytes) -> Trace | None:
    try:
        return tracing.from_message(unwrap(body).attributes)
    except Rejected:
        return tracing.current()
