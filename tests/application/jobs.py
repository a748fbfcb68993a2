"""Runs in one process: what a start publishes is staged and reported as the worker would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.application.messaging.rejected import KeepRejected
from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC
from shared.application.prediction.job_batch import pack_inputs
from shared.application.prediction.predict import Predict
from shared.application.prediction.stage import Job, StageJobs
from shared.application.runs.activation import Activate
from shared.application.runs.jobs import PrepareJobs
from shared.application.runs.lifecycle import EndStalledRuns, FinishRun, RecordOutcome, StartedRun, StartRun
from shared.application.runs.request import parse
from shared.embedded.run_store import SqliteRunStore
from shared.model_registry.loading import LoadedModel
from shared.ports import Run, Statement, Warehouse
from shared.schemas.messages import PredictionReady, PredictionRequest, RunRequested, decode
from tests.conftest import CLOCK, DAY, Outbox


@dataclass
class InProcess:
    """Coordinator and worker without HTTP between them."""

    warehouse: Warehouse
    folder: Path
    models: Mapping[str, LoadedModel] = field(default_factory=dict)
    max_per_hour: int | None = None

    def __post_init__(self) -> None:
        self.outbox = Outbox()
        self.runs = SqliteRunStore(self.folder / "runs.sqlite")
        self.finish = FinishRun(self.runs, Activate(self.warehouse, self.outbox, CLOCK))
        self.record = RecordOutcome(self.runs, self.finish)
        self.start_run = StartRun(
            PrepareJobs(self.warehouse),
            self.runs,
            self.outbox,
            self.finish,
            CLOCK,
            max_per_hour=self.max_per_hour,
        )
        self.check_stalled = EndStalledRuns(self.runs, self.finish)
        self.stage = StageJobs(
            Predict(self.models), self.warehouse, self.outbox, KeepRejected(self.warehouse, "test"), CLOCK
        )

    def start(self, **asked: Any) -> StartedRun:
        return self.start_run(parse(RunRequested(**({"game_date": DAY.isoformat()} | asked)), CLOCK.now()))

    def take_jobs(self) -> list[PredictionRequest]:
        return [decode(body, PredictionRequest) for body in self.outbox.messages.pop(REQUEST_TOPIC, [])]

    def work(self, jobs: list[PredictionRequest]) -> None:
        self.stage([Job(job, pack_inputs(job), b"") for job in jobs])

    def reports(self) -> list[PredictionReady]:
        return [decode(body, PredictionReady) for body in self.outbox.messages.pop(READY_TOPIC, [])]

    def run(self, **asked: Any) -> Run:
        """Start, work and collect."""
        started = self.start(**asked)
        jobs = self.take_jobs()
        if jobs:
            self.work(jobs)
        for ready in self.reports():
            self.record(ready)
        return self.runs.get(started.run_id)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return list(self.warehouse.query(Statement(sql)).to_pylist())

    def predictions(self, where: str = "TRUE") -> list[dict[str, Any]]:
        return self.rows(
            f"SELECT * FROM nba_predictions.player_prop_predictions WHERE {where} "
            "ORDER BY run_id, player_lookup, system_id"
        )
