"""What the pages show, and how it is made of this service's ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.application.dead_letters import CollectedOnly, KeptMessages
from shared.application.mlfs import MlfsDoctor
from shared.application.run_request import parse
from shared.application.runs import DEADLINE, Started, StartRun
from shared.application.signals import SignalReport
from shared.application.validation.daily import ValidateDaily
from shared.application.views.day_findings import FindDay
from shared.application.views.features_of_day import ShowFeatures
from shared.application.views.health import ShowHealth
from shared.application.views.run_list import ListRuns
from shared.application.views.run_progress import ShowRun
from shared.application.views.today import ShowToday
from shared.ports import Clock, DeadLetters, Documents, ModelStore, RunStore, Warehouse
from shared.schemas.messages import RunRequested


@dataclass(frozen=True)
class Ports:
    """What the views ask. ``dead_letters`` is None where this service may not fetch them."""

    warehouse: Warehouse
    runs: RunStore
    documents: Documents
    models: ModelStore
    clock: Clock
    start: StartRun
    dead_letters: DeadLetters | None = None
    run_deadline: timedelta = DEADLINE


@dataclass(frozen=True)
class Views:
    """One use case for each page, or part of a page that is loaded by itself."""

    today: ShowToday
    findings: FindDay
    signals: SignalReport
    runs: ListRuns
    run: ShowRun
    start: Callable[[RunRequested], Started]
    health: ShowHealth
    features: ShowFeatures


def views_of(ports: Ports) -> Views:
    dead_letters = ports.dead_letters or CollectedOnly()
    validate = ValidateDaily(
        ports.warehouse, ports.runs, ports.documents, ports.models, ports.clock, dead_letters
    )
    return Views(
        today=ShowToday(ports.warehouse, ports.runs, ports.clock),
        findings=FindDay(validate, ports.clock),
        signals=SignalReport(ports.warehouse),
        runs=ListRuns(ports.runs),
        run=ShowRun(ports.warehouse, ports.runs, ports.run_deadline),
        start=lambda asked: ports.start(parse(asked, ports.clock.now())),
        health=ShowHealth(
            ports.warehouse, ports.runs, ports.documents, KeptMessages(ports.warehouse, dead_letters)
        ),
        features=ShowFeatures(MlfsDoctor(ports.warehouse, ports.clock, ports.documents), ports.clock),
    )
