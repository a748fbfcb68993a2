"""What the pages show, and how it is made of this service's ports."""

from __future__ import annotations

from dataclasses import dataclass

from shared.application.dead_letters import CollectedOnly
from shared.application.signals import SignalReport
from shared.application.validation.daily import ValidateDaily
from shared.application.views.day_findings import FindDay
from shared.application.views.today import ShowToday
from shared.ports import Clock, DeadLetters, Documents, ModelStore, RunStore, Warehouse


@dataclass(frozen=True)
class Ports:
    """What the views ask. ``dead_letters`` is None where this service may not fetch them."""

    warehouse: Warehouse
    runs: RunStore
    documents: Documents
    models: ModelStore
    clock: Clock
    dead_letters: DeadLetters | None = None


@dataclass(frozen=True)
class Views:
    """One use case for each page, or part of a page that is loaded by itself."""

    today: ShowToday
    findings: FindDay
    signals: SignalReport


def views_of(ports: Ports) -> Views:
    dead_letters = ports.dead_letters or CollectedOnly()
    validate = ValidateDaily(
        ports.warehouse, ports.runs, ports.documents, ports.models, ports.clock, dead_letters
    )
    return Views(
        today=ShowToday(ports.warehouse, ports.runs, ports.clock),
        findings=FindDay(validate, ports.clock),
        signals=SignalReport(ports.warehouse),
    )
