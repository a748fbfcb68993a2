"""Wiring of the prediction worker: ``python -m services.prediction_worker.main``."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from pydantic import ValidationError

from services.prediction_worker.app import Worker, build
from services.prediction_worker.coalesce import Coalescer
from services.prediction_worker.settings import WorkerSettings
from shared.application.heartbeats import Heartbeats, Pulse
from shared.application.predict import Predict
from shared.application.predict_rows import PredictRows
from shared.application.readiness import StoreCheck
from shared.application.registry import Registry
from shared.application.rejects import KeepRejected
from shared.application.serving import ChampionAlarms
from shared.application.stage import StageJobs
from shared.backends import connect
from shared.errors import AppError
from shared.http import Identity, serve
from shared.model_registry.loading import LoadedModel, load_all, load_shadows
from shared.ports import ModelStore


def make(settings: WorkerSettings) -> Worker:
    """Build everything once; a model that is refused stops the start with its reason."""
    backend = connect(settings)
    models, missing = load_models(settings, backend.models)
    shadows = load_shadows(backend.models, settings.shadow_paths())
    predict = Predict(models, settings.build_commit, shadows)
    keep = KeepRejected(backend.warehouse, "prediction-worker")
    stage = StageJobs(predict, backend.warehouse, backend.publisher, keep, backend.clock)
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="batch")

    def close() -> None:
        executor.shutdown(wait=True)

    return Worker(
        identity=Identity("prediction-worker", commit=settings.build_commit),
        stage=stage,
        predict_rows=PredictRows(predict),
        coalescer=Coalescer(stage, executor),
        models=models,
        shadows=shadows,
        missing=missing,
        alarms=ChampionAlarms(Registry(backend.warehouse), models),
        check_stores=StoreCheck(backend.warehouse),
        close=close,
    )


def load_models(settings: WorkerSettings, store: ModelStore) -> tuple[dict[str, LoadedModel], dict[str, str]]:
    """Models by system, and why required systems are off; a file that is not the one meant is refused."""
    models, missing = load_all(store, settings.model_paths(), settings.wanted_sha256())
    for system in settings.required():
        if system not in models:
            missing.setdefault(system, "no model path is set")
    return models, missing


def main() -> int:
    try:
        settings = WorkerSettings()
        worker = make(settings)
    except (AppError, ValidationError) as exc:
        print(f"prediction-worker: {exc}", file=sys.stderr)  # noqa: T201
        return 1
    models = {m.system_id: m.sha256 for m in worker.models.values()}
    fields = {"models": models, "commit": settings.build_commit, "port": settings.port}
    with Pulse(Heartbeats(connect(settings).documents), "prediction-worker", fields):
        app = build(lambda: worker, settings.entrance(), settings.limits())
        serve(app, settings.port, settings.host)
    return 0


if __name__ == "__main__":
    sys.exit(main())
