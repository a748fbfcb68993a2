"""Wiring of the prediction coordinator."""

from __future__ import annotations

import logging
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta

from pydantic import ValidationError

from services.prediction_coordinator.app import build
from services.prediction_coordinator.console.views import Ports, build_views
from services.prediction_coordinator.coordinator import Coordinator
from services.prediction_coordinator.metrics import CoordinatorMetrics
from services.prediction_coordinator.settings import CoordinatorSettings
from services.prediction_coordinator.stalled_run_watcher import StalledRunWatcher
from shared.application.grading.coverage import GradingCoverage
from shared.application.grading.signals import SignalReport
from shared.application.messaging.events import ProcessStarted, ProcessStopped, combine_observers, log
from shared.application.messaging.rejected import KeepRejected
from shared.application.operations.heartbeats import Heartbeats, HeartbeatSender
from shared.application.operations.readiness import StoreCheck
from shared.application.queries.read import PredictionQueries
from shared.application.runs.activation import Activate
from shared.application.runs.jobs import PrepareJobs
from shared.application.runs.lifecycle import EndStalledRuns, FinishRun, RecordOutcome, StartRun
from shared.backends import Backend, connect
from shared.errors import AppError
from shared.observability.logging import configure_logging
from shared.runtime.pyarrow_without_pandas import keep_pandas_out
from shared.web.health import Identity
from shared.web.micro_batching import MicroBatcher
from shared.web.serving import serve


def make(settings: CoordinatorSettings, backend: Backend, executor: Executor) -> Coordinator:
    metrics = CoordinatorMetrics()
    observe = combine_observers(log, metrics.observe)
    activate = Activate(backend.warehouse, backend.publisher, backend.clock)
    finish = FinishRun(backend.runs, activate, observe)
    prepare = PrepareJobs(backend.warehouse)
    record = RecordOutcome(backend.runs, finish)
    deadline = timedelta(minutes=settings.run_deadline_minutes)
    start = StartRun(
        prepare, backend.runs, backend.publisher, finish, backend.clock, observe, settings.max_runs_per_hour
    )
    return Coordinator(
        identity=Identity("prediction-coordinator", commit=settings.build_commit),
        start=start,
        record=record,
        completions=MicroBatcher(record.record_all, executor),
        check_stalled=EndStalledRuns(backend.runs, finish, deadline, observe),
        keep_rejected=KeepRejected(backend.warehouse, "prediction-coordinator", observe),
        queries=PredictionQueries(backend.warehouse),
        signals=SignalReport(backend.warehouse),
        coverage=GradingCoverage(backend.warehouse, backend.clock),
        runs=backend.runs,
        clock=backend.clock,
        check_stores=StoreCheck(backend.warehouse),
        views=build_views(_ports(settings, backend, start)),
        metrics=metrics,
    )


def _ports(settings: CoordinatorSettings, backend: Backend, start: StartRun) -> Ports:
    """Return what the console may use. On Google Cloud this service has no permission to fetch dead letters,
    which jobs do, or to change the model registry, which people and training do."""
    embedded = settings.props_backend == "embedded"
    return Ports(
        warehouse=backend.warehouse,
        runs=backend.runs,
        documents=backend.documents,
        models=backend.models,
        clock=backend.clock,
        start=start,
        run_deadline=timedelta(minutes=settings.run_deadline_minutes),
        dead_letters=backend.dead_letters if embedded else None,
        promotes=embedded,
    )


def main() -> int:
    configure_logging("prediction-coordinator", "unknown")
    keep_pandas_out()
    try:
        settings = CoordinatorSettings()
        configure_logging("prediction-coordinator", settings.build_commit, settings.gcp_project_id)
        backend = connect(settings)
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="completions")
        coordinator = make(settings, backend, executor)
    except (AppError, ValidationError) as exc:
        logging.getLogger(__name__).critical("cannot start: %s", exc)
        return 1
    fields = {"commit": settings.build_commit, "port": settings.port}
    pulse = HeartbeatSender(Heartbeats(backend.documents), "prediction-coordinator", fields)
    with pulse, StalledRunWatcher(coordinator.check_stalled, settings.check_stalled_seconds):
        log(ProcessStarted(settings.port))
        try:
            app = build(coordinator, settings.auth_policy(), settings.limits())
            serve(app, settings.port, settings.host)
        finally:
            executor.shutdown()
            log(ProcessStopped(settings.port))
    backend.close()
    return 0
