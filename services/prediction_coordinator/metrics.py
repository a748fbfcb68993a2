"""Prometheus metrics of the coordinator. Labels are states, modes and outcomes, never players or runs."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from shared.application.messaging.events import (
    Event,
    MessageRejected,
    RunEnded,
    RunFailed,
    RunsStalled,
    RunStarted,
)
from shared.domain.vocabulary import RunState
from shared.web.push import PushCounters
from shared.web.request_metrics import RequestLatency

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
RUN_SECONDS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0)


class CoordinatorMetrics:
    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        self.requests = RequestLatency(r, "coordinator")
        messages = Counter("coordinator_messages", "Push messages by answer", ["answer"], registry=r)
        failures = messages.labels("rejected"), messages.labels("unavailable")
        self.recorded = PushCounters(messages.labels("recorded"), *failures)
        self.started = PushCounters(messages.labels("started"), *failures)
        self._refused = Counter("coordinator_rejected_messages", "Refusals by reason", ["kind"], registry=r)
        self._runs = Counter("coordinator_runs", "Runs that reached a state", ["state", "mode"], registry=r)
        self._seconds = Histogram(
            "coordinator_run_seconds", "From opened to ended", ["mode"], registry=r, buckets=RUN_SECONDS
        )
        self._players = Counter("coordinator_players", "Players by outcome", ["outcome"], registry=r)
        self._publish = Histogram(
            "coordinator_publish_seconds", "Publishing a run's jobs", registry=r, buckets=SECONDS
        )
        self._activation = Histogram(
            "coordinator_activation_seconds", "Activating a run's rows", registry=r, buckets=SECONDS
        )
        self._activated = Counter("coordinator_rows_activated", "Rows activated", registry=r)
        self._superseded = Counter("coordinator_rows_superseded", "Rows superseded", registry=r)
        self._stalled = Counter("coordinator_stalled_runs", "Runs ended at their deadline", registry=r)
        self._complete = Gauge(
            "coordinator_last_complete_run_timestamp_seconds",
            "When a run was last complete, seen by this process",
            ["mode"],
            registry=r,
        )

    def observe(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._runs.labels(RunState.PUBLISHED, event.mode).inc()
            self._publish.observe(event.publish_seconds)
        elif isinstance(event, RunEnded):
            self._ended(event)
        elif isinstance(event, RunFailed):
            self._runs.labels(RunState.FAILED, event.mode).inc()
        elif isinstance(event, RunsStalled):
            self._stalled.inc(len(event.run_ids))
        elif isinstance(event, MessageRejected):
            self._refused.labels(event.kind).inc()

    def _ended(self, run: RunEnded) -> None:
        self._runs.labels(run.state, run.mode).inc()
        self._seconds.labels(run.mode).observe(run.seconds)
        self._activation.observe(run.activation_seconds)
        self._activated.inc(run.rows_activated)
        self._superseded.inc(run.rows_superseded)
        for outcome, n in run.players.items():
            self._players.labels(outcome).inc(n)
        if run.state is RunState.COMPLETE:
            self._complete.labels(run.mode).set_to_current_time()
