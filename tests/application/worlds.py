"""Worlds for the jobs: a state folder of its own, a clock that can be put forward, results to reveal."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.application.backfill.model_choice import BackfillModels
from shared.application.backfill.prediction_backfill import BackfillOptions, BackfillPredictions, Ports
from shared.application.backfill.results import DateResult
from shared.application.features.build import BuildFeatures
from shared.application.features.diagnosis import MlfsDoctor
from shared.application.grading.coverage import GradingCoverage
from shared.application.grading.grade import GradePredictions
from shared.application.ingestion.load import LoadFolder
from shared.application.messaging.dead_letters import RejectedMessages
from shared.application.models.registry import Registry
from shared.application.validation.daily import ValidateDaily
from shared.embedded.broker.store import MessageStore
from shared.embedded.clock import FixedClock
from shared.embedded.dead_letters import BrokerDeadLetters
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.locks import FileLocks
from shared.embedded.model_store import DirectoryModelStore
from shared.embedded.run_store import SqliteRunStore
from shared.embedded.sample_league import DEMO_NOW
from shared.ports import Statement
from tests.conftest import DAY, Outbox


@dataclass
class Jobs:
    """Every job of an operator over one state folder."""

    folder: Path
    named: Mapping[str, Path]
    now: datetime = DEMO_NOW

    def __post_init__(self) -> None:
        self.warehouse = DuckDbWarehouse(self.folder / "warehouse.duckdb")
        self.documents = SqliteDocuments(self.folder / "documents.sqlite")
        self.runs = SqliteRunStore(self.folder / "runs.sqlite")
        self.clock = FixedClock(self.now)
        self.outbox = Outbox()
        self.registry = Registry(self.warehouse)
        self.build = BuildFeatures(self.warehouse, self.clock, self.documents)
        self.doctor = MlfsDoctor(self.warehouse, self.clock, self.documents)
        self.grade = GradePredictions(self.warehouse, self.clock)
        self.coverage = GradingCoverage(self.warehouse, self.clock)
        self.messages = MessageStore(self.folder / "broker.sqlite")
        self.dead_letters = BrokerDeadLetters(self.messages, self.folder, "http://127.0.0.1:9")
        self.kept = RejectedMessages(self.warehouse, self.dead_letters)
        self.validate = ValidateDaily(
            self.warehouse,
            self.runs,
            self.documents,
            DirectoryModelStore(),
            self.clock,
            self.dead_letters,
        )
        models = BackfillModels(
            DirectoryModelStore(), self.registry, {s: str(p) for s, p in self.named.items()}, {}, None
        )
        ports = Ports(
            self.warehouse,
            self.runs,
            self.outbox,
            self.documents,
            FileLocks(self.folder / "locks"),
            self.clock,
        )
        self.predictions = BackfillPredictions(ports, models, "test")

    def at(self, now: datetime) -> Jobs:
        """The same folder at another instant."""
        return replace(self, now=now)

    def predict(self, **options: Any) -> DateResult:
        (result,) = self.predictions([DAY], BackfillOptions(**options))
        return result

    def reveal(self, results: Path) -> None:
        LoadFolder(self.warehouse, self.clock)(results)

    def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        return list(self.warehouse.query(Statement(sql, params)).to_pylist())

    def change(self, sql: str, **params: Any) -> None:
        self.warehouse.transact([Statement(sql, params)])

    def active(self) -> list[dict[str, Any]]:
        return self.rows(
            "SELECT * FROM nba_predictions.player_prop_predictions WHERE game_date = @d AND is_active "
            "ORDER BY game_id, player_lookup, system_id",
            d=DAY,
        )

    def accuracy(self) -> list[dict[str, Any]]:
        return self.rows(
            "SELECT * FROM nba_predictions.prediction_accuracy WHERE game_date = @d "
            "ORDER BY game_id, player_lookup, system_id, model_key, counted_as",
            d=DAY,
        )


def copy_of(loaded: Path, folder: Path) -> Path:
    """A folder with the loaded world in it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(loaded, folder / "warehouse.duckdb")
    return folder
