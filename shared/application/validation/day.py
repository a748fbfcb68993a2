"""Input of all checks of the daily validation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from shared.application.features.diagnosis import Diagnosis
from shared.application.grading.coverage import GradingCoverage
from shared.application.messaging.dead_letters import RejectedMessages
from shared.application.models.registry import Registry
from shared.application.operations import remedies
from shared.application.operations.heartbeats import Heartbeats
from shared.ports import ModelStore, RunStore, Warehouse
from shared.warehouse.schedule import has_started

PREDICTIONS_DUE = timedelta(hours=2)
"""Predictions are due this long before the first tip-off; quotes and injury reports likewise."""


@dataclass(frozen=True)
class Day:
    """A game date as of the product's clock: its games, those of the day before, and the stores to query."""

    game_date: date
    now: datetime
    games: list[dict[str, Any]]
    previous_games: list[dict[str, Any]]
    diagnosis: Diagnosis
    active: dict[str, dict[str, Any]]
    warehouse: Warehouse
    runs: RunStore
    models: ModelStore
    coverage: GradingCoverage
    heartbeats: Heartbeats
    registry: Registry
    rejected_messages: RejectedMessages

    @property
    def first_tipoff(self) -> datetime | None:
        return min((g["game_start_utc"] for g in self.games if g["game_start_utc"]), default=None)

    @property
    def is_due(self) -> bool:
        """Whether inputs and predictions of the date are due by now."""
        if not self.games:
            return False
        if self.first_tipoff is None:
            return self.now.date() > self.game_date
        return self.now >= self.first_tipoff - PREDICTIONS_DUE

    @property
    def started_games(self) -> int:
        """Number of games of the date that have started."""
        return sum(has_started(g, self.now) for g in self.games)

    def predict_command(self) -> str | None:
        """Command that predicts players without a row: a backfill once all games have started."""
        if not self.games:
            return None
        if self.started_games == len(self.games):
            return remedies.backfill(self.game_date)
        return remedies.predict(self.game_date)

    def replace_command(self) -> str | None:
        """Command that replaces the date's rows. None once a game has started: its rows must not change,
        since they record the predictions before tip-off."""
        if self.started_games or not self.games:
            return None
        return remedies.predict(self.game_date, force=True)
