"""The worker's main job: jobs in, one append of rows, one outcome reported per player."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import pyarrow as pa

from shared import tracing
from shared.application.events import BatchStaged, Observer, log
from shared.application.outgoing import READY_TOPIC, REQUEST_TOPIC, outgoing
from shared.application.predict import PREDICTED, Predict, Predicted
from shared.application.rejects import KeepRejected, named
from shared.errors import Rejected
from shared.ports import Clock, Publisher, Warehouse
from shared.schemas.messages import SCHEMA_VERSION, PredictionReady, PredictionRequest, decode, unwrap
from shared.schemas.predictions import PREDICTION_STAGING
from shared.tracing import Trace

Value = TypeVar("Value")

_FAILURES = (Rejected, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What a computation over one job raises however often it is repeated."""


@dataclass(frozen=True)
class Job:
    """A message that passed every check, the body it came in, and the trace that it belongs to."""

    message_id: str
    request: PredictionRequest
    body: bytes
    trace: Trace | None = None


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
        message_id, attributes, payload = unwrap(body)
        request = decode(payload, PredictionRequest)
        self._predict.check(request)
        return Job(message_id, request, body, tracing.of_message(attributes))

    def refuse(self, body: bytes, reason: str) -> None:
        """Keep a message that can never succeed, and end its player's wait where he can be named."""
        with tracing.use(_trace_of(body)):
            self._keep(body, reason, REQUEST_TOPIC)
            who = named(body)
            if who:
                self._report([PredictionReady(SCHEMA_VERSION, *who, "failed:rejected_message", {})], [None])

    def __call__(self, jobs: Sequence[Job]) -> None:
        """``Unavailable`` where rows or reports could not be stored: deliver all of them again."""
        begun = time.perf_counter()
        predicted, good = self._predict_all(jobs)
        known = time.perf_counter()
        if predicted.rows.num_rows:
            self._warehouse.append(PREDICTION_STAGING, predicted.rows)
        written = time.perf_counter()
        outcomes = [ready_of(j.request, s) for j, s in zip(good, predicted.systems, strict=True)]
        self._report(outcomes, [j.trace for j in good])
        took = (known - begun, written - known, time.perf_counter() - written)
        with tracing.use(_common([j.trace for j in jobs])):
            self._observe(_staged(good, predicted, took))

    def _predict_all(self, jobs: Sequence[Job]) -> tuple[Predicted, list[Job]]:
        """All at once; where that fails one by one, keeping the culprits apart from the rest."""
        now = self._clock.now()
        try:
            return self._predict([j.request for j in jobs], now), list(jobs)
        except _FAILURES:
            good, parts = [], []
            for job in jobs:
                try:
                    parts.append(self._predict([job.request], now))
                    good.append(job)
                except _FAILURES as exc:
                    self.refuse(job.body, f"prediction failed: {exc}")
            tables = [p.rows for p in parts] or [PREDICTION_STAGING.arrow_schema.empty_table()]
            return Predicted(pa.concat_tables(tables), [p.systems[0] for p in parts]), good

    def _report(self, outcomes: list[PredictionReady], traces: Sequence[Trace | None]) -> None:
        if outcomes:
            messages = [outgoing(o, trace) for o, trace in zip(outcomes, traces, strict=True)]
            self._publisher.publish(READY_TOPIC, messages)


def ready_of(job: PredictionRequest, systems: dict[str, str]) -> PredictionReady:
    """A player is predicted if any system predicted him; else the first system says why not."""
    if PREDICTED in systems.values():
        outcome = PREDICTED
    else:
        outcome = f"skipped:{next(iter(systems.values()), 'no_system_asked')}"
    return PredictionReady(SCHEMA_VERSION, job.run_id, job.player_lookup, outcome, systems)


def _staged(jobs: Sequence[Job], predicted: Predicted, took: tuple[float, float, float]) -> BatchStaged:
    counts = Counter(chain.from_iterable(said.items() for said in predicted.systems))
    said: dict[str, Counter[str]] = {}
    for (system, word), n in counts.items():
        said.setdefault(system, Counter())[word.partition(":")[0]] += n
    rows = predicted.rows.num_rows
    champions = sum(kinds[PREDICTED] for kinds in said.values())
    run_id = _common([j.request.run_id for j in jobs])
    game_date = _common([j.request.game_date for j in jobs])
    return BatchStaged(run_id, game_date, len(jobs), rows, rows - champions, said, *took)


def _common(values: Sequence[Value]) -> Value | None:
    """The value that all share, None where they differ."""
    return values[0] if values and all(v == values[0] for v in values) else None


def _trace_of(body: bytes) -> Trace | None:
    try:
        return tracing.of_message(unwrap(body).attributes)
    except Rejected:
        return tracing.current()
