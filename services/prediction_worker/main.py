"""Wiring of the prediction worker."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError

from services.prediction_worker.app import Worker, build
from services.prediction_worker.metrics import WorkerMetrics
from services.prediction_worker.settings import WorkerSettings
from shared.application.messaging.events import ProcessStarted, ProcessStopped, combine_observers, log
from shared.application.messaging.rejected import KeepRejected
from shared.application.models.champion_check import ChampionAlarms, heartbeat_fields
from shared.application.models.registry import Registry
from shared.application.operations.heartbeats import Heartbeats, HeartbeatSender
from shared.application.operations.readiness import StoreCheck
from shared.application.prediction.batch_api import PredictRows, fits_inline
from shared.application.prediction.predict import Predict
from shared.application.prediction.stage import StageJobs
from shared.backends import Backend, connect
from shared.domain.vocabulary import Role
from shared.errors import AppError
from shared.model_registry.loading import LoadedModel, load_all, load_shadows
from shared.observability.logging import configure_logging
from shared.ports import ModelStore
from shared.runtime.pyarrow_without_pandas import keep_pandas_out
from shared.web.health import Identity
from shared.web.micro_batching import InlineExecutor, MicroBatcher
from shared.web.serving import serve

MAX_CONCURRENT_BATCHES = 2
"""While one batch waits for the warehouse, newly arrived jobs are already predicted in another."""


def make(settings: WorkerSettings, backend: Backend) -> Worker:
    """Build the worker and its parts once; a model that is refused stops the start with a reason."""
    models, missing = load_models(settings, backend.models)
    shadows = load_shadows(backend.models, settings.shadow_paths())
    metrics = WorkerMetrics()
    observe = combine_observers(log, metrics.observe)
    predict = Predict(
        {system: metrics.timed(m, Role.CHAMPION) for system, m in models.items()},
        settings.build_commit,
        [metrics.timed(m, Role.SHADOW) for m in shadows],
    )
    keep_rejected = KeepRejected(backend.warehouse, "prediction-worker", observe)
    stage = StageJobs(predict, backend.warehouse, backend.publisher, keep_rejected, backend.clock, observe)
    predict_rows = PredictRows(predict)
    # `/predict/batch` has its own executor, so it never queues behind warehouse writes.
    batch_executor = ThreadPoolExecutor(max_workers=MAX_CONCURRENT_BATCHES, thread_name_prefix="batch")
    rows_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rows")

    def close() -> None:
        batch_executor.shutdown(wait=True)
        rows_executor.shutdown(wait=True)

    return Worker(
        identity=Identity("prediction-worker", commit=settings.build_commit),
        stage=stage,
        predict_rows=predict_rows,
        job_batcher=MicroBatcher(stage, batch_executor, MAX_CONCURRENT_BATCHES),
        row_batcher=MicroBatcher(predict_rows.predict_together, InlineExecutor(rows_executor, fits_inline)),
        models=models,
        shadows=shadows,
        missing=missing,
        alarms=ChampionAlarms(Registry(backend.warehouse), models),
        check_stores=StoreCheck(backend.warehouse),
        close=close,
        metrics=metrics,
    )


def load_models(settings: WorkerSettings, store: ModelStore) -> tuple[dict[str, LoadedModel], dict[str, str]]:
    """Return the models by system, and why required systems are off; a file with a wrong hash is refused."""
    models, missing = load_all(store, settings.model_paths(), settings.expected_sha256())
    for system in settings.required():
        if system not in models:
            missing.setdefault(system, "no model path is set")
    return models, missing


def main() -> int:
    configure_logging("prediction-worker", "unknown")
    keep_pandas_out()
    try:
        settings = WorkerSettings()
        configure_logging("prediction-worker", settings.build_commit, settings.gcp_project_id)
        backend = connect(settings)
        worker = make(settings, backend)
    except (AppError, ValidationError) as exc:
        logging.getLogger(__name__).critical("cannot start: %s", exc)
        return 1
    fields = {"commit": settings.build_commit, "port": settings.port}
    fields |= heartbeat_fields(worker.models, worker.missing)
    with HeartbeatSender(Heartbeats(backend.documents), "prediction-worker", fields):
        log(ProcessStarted(settings.port, worker.described(), worker.missing))
        for warning in (w for m in (*worker.models.values(), *worker.shadows) for w in m.warnings):
            logging.getLogger(__name__).warning(warning)
        try:
            app = build(lambda: worker, settings.auth_policy(), settings.limits())
            serve(app, settings.port, settings.host)
        finally:
            log(ProcessStopped(settings.port))
    backend.close()
    return 0
