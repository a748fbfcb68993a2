"""Prometheus metrics of the worker. Labels are systems, models and outcomes, never players or runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.application.messaging.events import BatchStaged, Event, MessageRejected
from shared.domain.arrays import Floats
from shared.domain.systems.base import Regressor
from shared.model_registry.loading import LoadedModel
from shared.web.push import PushCounters
from shared.web.request_metrics import RequestLatency

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
JOB_COUNTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
ANSWERS = ("stored", "rejected", "unavailable")


class WorkerMetrics:
    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        self.requests = RequestLatency(r, "worker")
        messages = Counter("worker_messages", "Push messages by answer", ["answer"], registry=r)
        self.pushes = PushCounters(*map(messages.labels, ANSWERS))
        self._outcomes = Counter(
            "worker_predictions", "Jobs by system and outcome", ["system", "outcome"], registry=r
        )
        self._refused = Counter("worker_rejected_messages", "Refusals by reason", ["kind"], registry=r)
        self._shadow_rows = Counter("worker_shadow_rows", "Rows of shadow models", registry=r)
        self._rows = Counter("worker_staged_rows", "Rows staged, shadows included", registry=r)
        self._clamped = Counter(
            "worker_clamped_rows", "Rows whose points were clamped to 0-60", ["system"], registry=r
        )
        self._size = Histogram("worker_batch_jobs", "Jobs in a batch", registry=r, buckets=JOB_COUNTS)
        self._batch = Histogram("worker_batch_seconds", "A batch as a whole", registry=r, buckets=SECONDS)
        self._append = Histogram("worker_append_seconds", "Writing its rows", registry=r, buckets=SECONDS)
        self._report = Histogram("worker_report_seconds", "Publishing outcomes", registry=r, buckets=SECONDS)
        self._model = Histogram(
            "worker_model_seconds", "One model call", ["system", "role"], registry=r, buckets=SECONDS
        )
        self._identity = Gauge(
            "worker_model_info", "1 per model in memory", ["system", "model_id", "sha256", "role"], registry=r
        )

    def totals(self) -> dict[str, int]:
        """Return the number of push messages by answer."""
        return {answer: int(child._value.get()) for answer, child in zip(ANSWERS, self.pushes, strict=True)}

    def watch(self, waiting: Callable[[], int], alarms: Callable[[], int]) -> None:
        """Add gauges whose values are computed when Prometheus reads them."""
        queue_depth = Gauge("worker_queue_depth", "Jobs waiting for the next batch", registry=self.registry)
        queue_depth.set_function(waiting)
        alarm_count = Gauge(
            "worker_model_alarms", "Models that serve and are not the champion", registry=self.registry
        )
        alarm_count.set_function(alarms)

    def identify(self, models: Iterable[Mapping[str, Any]]) -> None:
        for m in models:
            self._identity.labels(m["system_id"], m["model_id"], m["sha256"], m["role"]).set(1)

    def timed(self, loaded: LoadedModel, role: str) -> LoadedModel:
        """Return the same model with every call timed."""
        observe_seconds = self._model.labels(loaded.system_id, role).observe
        return replace(loaded, model=_Timed(loaded.model, observe_seconds))

    def observe(self, event: Event) -> None:
        if isinstance(event, BatchStaged):
            self._batch_staged(event)
        elif isinstance(event, MessageRejected):
            self._refused.labels(event.kind).inc()

    def _batch_staged(self, batch: BatchStaged) -> None:
        self._size.observe(batch.jobs)
        self._batch.observe(batch.seconds)
        self._append.observe(batch.append_seconds)
        self._report.observe(batch.report_seconds)
        self._rows.inc(batch.rows)
        self._shadow_rows.inc(batch.shadow_rows)
        for system, rows in batch.clamped.items():
            self._clamped.labels(system).inc(rows)
        for system, outcomes in batch.said.items():
            for outcome, n in outcomes.items():
                self._outcomes.labels(system, outcome).inc(n)


class _Timed:
    def __init__(self, model: Regressor, observe: Callable[[float], None]) -> None:
        self._model, self._observe = model, observe

    def predict(self, inputs: Floats) -> Floats:
        started_at = time.perf_counter()
        try:
            return self._model.predict(inputs)
        finally:
            self._observe(time.perf_counter() - started_at)
