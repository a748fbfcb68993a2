"""The dependencies of the coordinator's routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from services.prediction_coordinator.console.views import Views
from services.prediction_coordinator.metrics import CoordinatorMetrics
from shared.application.grading.coverage import GradingCoverage
from shared.application.grading.signals import SignalReport
from shared.application.messaging.rejected import KeepRejected
from shared.application.queries.read import PredictionQueries
from shared.application.runs.lifecycle import EndStalledRuns, RecordOutcome, Report, StartedRun, StartRun
from shared.application.runs.request import parse, resolve_date
from shared.ports import Clock, RunStore
from shared.schemas.messages import RunRequested
from shared.web.health import Identity
from shared.web.micro_batching import MicroBatcher


@dataclass
class Coordinator:
    """The use cases, stores and metrics that the routes of the coordinator call."""

    identity: Identity
    start: StartRun
    record: RecordOutcome
    completions: MicroBatcher[Report]
    check_stalled: EndStalledRuns
    keep_rejected: KeepRejected
    queries: PredictionQueries
    signals: SignalReport
    coverage: GradingCoverage
    runs: RunStore
    clock: Clock
    check_stores: Callable[[], None]
    views: Views | None = None
    """Read models of the console; None leaves the console out."""
    metrics: CoordinatorMetrics = field(default_factory=CoordinatorMetrics)
    last_activity: datetime | None = None

    def start_run(self, request: RunRequested) -> StartedRun:
        """Open the run that a request, a message or the console has requested."""
        self.last_activity = datetime.now(UTC)
        return self.start(parse(request, self.clock.now()))

    def date(self, text: str, field: str = "game_date") -> date:
        """Return the game date that a request names; ``Rejected`` names the field."""
        return resolve_date(text, self.clock.now(), field)
