"""Train one model: write its bundle, its row in the registry, and its experiment row with the results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa

from shared.application.messaging.events import Progress
from shared.application.models.registry import Registry
from shared.application.training.recipes import RECIPES
from shared.application.training.train import TrainModels, Window
from shared.model_registry.bundle import Bundle, experiment_id
from shared.ports import ModelStore, Warehouse
from shared.schemas.models import ML_EXPERIMENTS


@dataclass(frozen=True)
class TrainedModel:
    experiment_id: str
    bundle: Bundle


class TrainExperiment:
    """Trains one model. The same window and data give the same model, experiment id and rows."""

    def __init__(
        self, warehouse: Warehouse, store: ModelStore, folder: str, git_commit: str | None = None
    ) -> None:
        self._warehouse = warehouse
        self._train = TrainModels(warehouse, store, folder, git_commit)
        self._registry = Registry(warehouse)

    def __call__(
        self, window: Window, name: str | None, now: datetime, progress: Progress = lambda *_: None
    ) -> TrainedModel:
        bundle = self._train([window], now, progress)[window.system_id]
        experiment = experiment_id(bundle.manifest)
        self._warehouse.upsert(ML_EXPERIMENTS, _row(experiment, name, bundle))
        champion = self._registry.champion(window.system_id)
        parent = champion["model_id"] if champion else None
        self._registry.add([bundle], human_name=name, experiment_id=experiment, parent_model_id=parent)
        return TrainedModel(experiment, bundle)


def _row(experiment: str, name: str | None, bundle: Bundle) -> pa.Table:
    m = bundle.manifest
    config: Mapping[str, Any] = {
        **RECIPES[m.system_id].settings,
        "seed": m.seed,
        "thread_count": m.thread_count,
        "libraries": m.libraries,
        "features": m.feature_names,
    }
    row = {
        "experiment_id": experiment,
        "experiment_name": name or m.name,
        "experiment_type": "retrain",
        "system_id": m.system_id,
        "train_start": m.train_start,
        "train_end": m.train_end,
        "train_samples": m.train_rows,
        "eval_start": m.eval_start,
        "eval_end": m.eval_end,
        "eval_samples": m.metrics.n,
        "config_json": json.dumps(config, sort_keys=True),
        "results_json": json.dumps(msgspec.to_builtins(m.metrics), sort_keys=True),
        "model_path": bundle.path,
        "model_sha256": m.sha256,
        "git_commit": m.git_commit,
        "status": "completed",
        "created_at": datetime.now(UTC),
    }
    return ML_EXPERIMENTS.from_rows([row])


def to_json_object(trained: TrainedModel) -> dict[str, Any]:
    """Return the output of ``props train --json``."""
    m = trained.bundle.manifest
    return {
        "experiment_id": trained.experiment_id,
        "model_id": m.name,
        "path": trained.bundle.path,
        "sha256": m.sha256,
        "train_rows": m.train_rows,
        "trees": m.trees,
        "metrics": msgspec.to_builtins(m.metrics),
    }
