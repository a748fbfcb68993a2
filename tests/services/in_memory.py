"""A worker over an in-process run, whose routes are called without a socket."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from services.prediction_worker.app import Worker, build
from shared.application.models.champion_check import ChampionAlarms
from shared.application.models.registry import Registry
from shared.application.operations.readiness import StoreCheck
from shared.application.prediction.batch_api import PredictRows
from shared.application.prediction.predict import Predict
from shared.application.prediction.stage import StageJobs
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.model_registry.loading import LoadedModel
from shared.web.health import Identity
from shared.web.micro_batching import MicroBatcher
from tests.application.jobs import InProcess
from tests.services.clients import Client, envelope


class Bench:
    """A worker over an in-process run, and one of its jobs."""

    def __init__(self, warehouse: DuckDbWarehouse, folder: Path, models: dict[str, LoadedModel]) -> None:
        self.world = InProcess(warehouse, folder, models)
        self.world.start()
        self.jobs = self.world.take_jobs()
        self.job = self.jobs[0]
        self.missing: dict[str, str] = {}
        self.models = models

    def make(self) -> Worker:
        executor = ThreadPoolExecutor(1)
        stage: StageJobs = self.world.stage
        predict = Predict(self.models)
        return Worker(
            identity=Identity("prediction-worker"),
            stage=stage,
            predict_rows=(rows := PredictRows(predict)),
            job_batcher=MicroBatcher(stage, executor),
            row_batcher=MicroBatcher(rows.predict_together, executor),
            models=dict(self.models),
            shadows=[],
            missing=self.missing,
            alarms=ChampionAlarms(Registry(self.world.warehouse), self.models),
            check_stores=StoreCheck(self.world.warehouse),
            close=executor.shutdown,
        )

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(Client(build(self.make)).call(method, path, **more))

    def push(self, payload: bytes) -> httpx.Response:
        return self.call("POST", "/predict", content=envelope(payload))

    def rejected(self) -> list[dict[str, Any]]:
        return self.world.rows("SELECT * FROM nba_predictions.rejected_messages")
