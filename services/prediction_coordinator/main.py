"""Wiring of the prediction coordinator: ``python -m services.prediction_coordinator.main``."""

from __future__ import annotations

import sys
from datetime import timedelta

from pydantic import ValidationError

from services.prediction_coordinator.app import Coordinator, build
from services.prediction_coordinator.settings import CoordinatorSettings
from shared.application.activation import Activate
from shared.application.coverage import GradingCoverage
from shared.application.heartbeats import Heartbeats, Pulse
from shared.application.jobs import PrepareJobs
from shared.application.questions import Questions
from shared.application.readiness import StoreCheck
from shared.application.rejects import KeepRejected
from shared.application.runs import CheckStalled, FinishRun, RecordOutcome, StartRun
from shared.application.signals import SignalReport
from shared.backends import connect
from shared.errors import AppError
from shared.http import Identity, serve


def make(settings: CoordinatorSettings) -> Coordinator:
    backend = connect(settings)
    activate = Activate(backend.warehouse, backend.publisher, backend.clock)
    finish = FinishRun(backend.runs, activate)
    prepare = PrepareJobs(backend.warehouse)
    return Coordinator(
        identity=Identity("prediction-coordinator", commit=settings.build_commit),
        start=StartRun(
            prepare, backend.runs, backend.publisher, finish, backend.clock, settings.max_runs_per_hour
        ),
        record=RecordOutcome(backend.runs, finish),
        check_stalled=CheckStalled(backend.runs, finish, timedelta(minutes=settings.run_deadline_minutes)),
        keep_rejected=KeepRejected(backend.warehouse, "prediction-coordinator"),
        questions=Questions(backend.warehouse),
        signals=SignalReport(backend.warehouse),
        coverage=GradingCoverage(backend.warehouse, backend.clock),
        runs=backend.runs,
        clock=backend.clock,
        check_stores=StoreCheck(backend.warehouse),
    )


def main() -> int:
    try:
        settings = CoordinatorSettings()
        coordinator = make(settings)
    except (AppError, ValidationError) as exc:
        print(f"prediction-coordinator: {exc}", file=sys.stderr)  # noqa: T201
        return 1
    fields = {"commit": settings.build_commit, "port": settings.port}
    with Pulse(Heartbeats(connect(settings).documents), "prediction-coordinator", fields):
        app = build(coordinator, settings.entrance(), settings.limits())
        serve(app, settings.port, settings.host)
    return 0


if __name__ == "__main__":
    sys.exit(main())
