"""The use cases behind the pages, built from the ports of this service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.application.features.diagnosis import MlfsDoctor
from shared.application.grading.coverage import GradingCoverage
from shared.application.grading.signals import SignalReport
from shared.application.messaging.dead_letters import NullDeadLetters, RejectedMessages
from shared.application.models.promotion import Promotion
from shared.application.runs.lifecycle import DEADLINE, StartedRun, StartRun
from shared.application.runs.request import parse
from shared.application.validation.daily import ValidateDaily
from shared.application.views.coverage_map import ShowCoverage
from shared.application.views.date_features import ShowFeatures
from shared.application.views.date_findings import ShowFindings
from shared.application.views.explanation import ShowExplanation
from shared.application.views.health import ShowHealth
from shared.application.views.model import ShowModel
from shared.application.views.model_list import ShowModels
from shared.application.views.player import ShowPlayer
from shared.application.views.players import ShowPlayers
from shared.application.views.run_list import ListRuns
from shared.application.views.run_progress import ShowRun
from shared.application.views.system_performance import ShowPerformance
from shared.application.views.today import ShowToday
from shared.application.views.unresolved import ShowUnresolved
from shared.ports import Clock, DeadLetters, Documents, ModelStore, RunStore, Warehouse
from shared.schemas.messages import RunRequested


@dataclass(frozen=True)
class Ports:
    """Ports of the views. ``dead_letters`` is None if this service may not fetch them; ``promotes``: whether
    it may change the registry."""

    warehouse: Warehouse
    runs: RunStore
    documents: Documents
    models: ModelStore
    clock: Clock
    start: StartRun
    dead_letters: DeadLetters | None = None
    promotes: bool = True
    run_deadline: timedelta = DEADLINE


@dataclass(frozen=True)
class Views:
    """One use case for each page, and for each part of a page that is loaded separately."""

    today: ShowToday
    findings: ShowFindings
    signals: SignalReport
    runs: ListRuns
    run: ShowRun
    start: Callable[[RunRequested], StartedRun]
    models: ShowModels
    model: ShowModel
    promotion: Promotion | None
    performance: ShowPerformance
    coverage: ShowCoverage
    players: ShowPlayers
    player: ShowPlayer
    unresolved: ShowUnresolved
    explanation: ShowExplanation
    health: ShowHealth
    features: ShowFeatures


def build_views(ports: Ports) -> Views:
    dead_letters = ports.dead_letters or NullDeadLetters()
    validate = ValidateDaily(
        ports.warehouse, ports.runs, ports.documents, ports.models, ports.clock, dead_letters
    )
    return Views(
        today=ShowToday(ports.warehouse, ports.runs, ports.clock),
        findings=ShowFindings(validate, ports.clock),
        signals=SignalReport(ports.warehouse),
        runs=ListRuns(ports.runs),
        run=ShowRun(ports.warehouse, ports.runs, ports.run_deadline),
        start=lambda request: ports.start(parse(request, ports.clock.now())),
        models=ShowModels(ports.warehouse, ports.clock),
        model=ShowModel(ports.warehouse, ports.models, ports.clock),
        promotion=Promotion(ports.warehouse, ports.models, ports.clock) if ports.promotes else None,
        performance=ShowPerformance(ports.warehouse, ports.clock),
        coverage=ShowCoverage(GradingCoverage(ports.warehouse, ports.clock), ports.clock),
        players=ShowPlayers(ports.warehouse, ports.clock),
        player=ShowPlayer(ports.warehouse, ports.clock),
        unresolved=ShowUnresolved(ports.warehouse, ports.clock),
        explanation=ShowExplanation(ports.warehouse, ports.models),
        health=ShowHealth(
            ports.warehouse,
            ports.runs,
            ports.documents,
            RejectedMessages(ports.warehouse, dead_letters),
            ports.clock,
        ),
        features=ShowFeatures(MlfsDoctor(ports.warehouse, ports.clock, ports.documents), ports.clock),
    )
