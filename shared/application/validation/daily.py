"""The daily validation: checks of a game date and of the date before it, as of now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from shared.application.features.diagnosis import MlfsDoctor
from shared.application.grading.coverage import GradingCoverage
from shared.application.messaging.dead_letters import RejectedMessages
from shared.application.models.registry import Registry
from shared.application.operations.heartbeats import Heartbeats
from shared.application.queries.shared_connection import shared_connection
from shared.application.validation import inputs, outputs, processes
from shared.application.validation.day import Day
from shared.application.validation.reconciliation import reconciliation
from shared.domain.findings import Finding
from shared.ports import Clock, DeadLetters, Documents, ModelStore, RunStore, Warehouse
from shared.warehouse.schedule import games_between, refresh_game_status
from shared.warehouse.statements import query_rows

CHECKS: tuple[Callable[[Day], list[Finding]], ...] = (
    inputs.schedule,
    processes.newest_run,
    inputs.freshness,
    inputs.quotes,
    inputs.box_scores,
    inputs.features,
    reconciliation,
    inputs.served,
    inputs.drift,
    outputs.predictions,
    outputs.held,
    outputs.signal,
    outputs.grading,
    outputs.serving,
    outputs.model_health,
    outputs.waiting,
    processes.beats,
    processes.models,
    processes.stuck,
    processes.unhandled,
)
"""All checks, in order; a new check is a function in one of these modules and a line here."""


class ValidateDaily:
    """Runs every check. A passed check reports OK; a failed one names the command that fixes it."""

    def __init__(
        self,
        warehouse: Warehouse,
        runs: RunStore,
        documents: Documents,
        models: ModelStore,
        clock: Clock,
        dead_letters: DeadLetters,
    ) -> None:
        self._warehouse, self._runs, self._models, self._clock = warehouse, runs, models, clock
        self._doctor = MlfsDoctor(warehouse, clock, documents)
        self._coverage = GradingCoverage(warehouse, clock)
        self._heartbeats = Heartbeats(documents)
        self._registry = Registry(warehouse)
        self._rejected_messages = RejectedMessages(warehouse, dead_letters)

    @shared_connection
    def __call__(
        self, game_date: date, progress: Callable[[str, int, int], None] = lambda *_: None
    ) -> list[Finding]:
        day = self._read(game_date)
        findings: list[Finding] = []
        for i, check in enumerate(CHECKS, 1):
            findings += check(day)
            progress("checks", i, len(CHECKS))
        return findings

    def _read(self, game_date: date) -> Day:
        now, previous = self._clock.now(), game_date - timedelta(days=1)
        refresh_game_status(self._warehouse, now, previous, game_date)
        active = query_rows(self._warehouse, "active_by_system", game_date=game_date)
        return Day(
            game_date=game_date,
            now=now,
            games=games_between(self._warehouse, game_date, game_date).to_pylist(),
            previous_games=games_between(self._warehouse, previous, previous).to_pylist(),
            diagnosis=self._doctor(game_date, game_date)[game_date],
            active={row["system_id"]: row for row in active},
            warehouse=self._warehouse,
            runs=self._runs,
            models=self._models,
            coverage=self._coverage,
            heartbeats=self._heartbeats,
            registry=self._registry,
            rejected_messages=self._rejected_messages,
        )
