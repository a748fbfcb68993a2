"""Explain a stored prediction, and compute it again from what was stored with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.application.job_columns import packed_inputs, to_batch
from shared.application.jobs import job_of
from shared.application.known import Mode
from shared.application.predict import Predict
from shared.application.prediction_rows import CHAMPION, IN_SAMPLE, SHADOW
from shared.application.registry import Registry
from shared.application.run_request import RunRequest
from shared.domain.features.context import CONTEXT
from shared.domain.features_contract import FEATURES
from shared.domain.systems.catalog import TRAINED, build, forecast_all, with_model
from shared.errors import NotFound
from shared.model_registry.catboost_model import CatBoostModel
from shared.model_registry.loading import LoadedModel, load
from shared.ports import ModelStore, Warehouse
from shared.schemas.messages import PredictionRequest
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from shared.warehouse.statements import statement

COMPARED = (
    "raw_prediction", "predicted_points", "confidence_score", "recommendation", "current_points_line",
    "line_margin", "model_sha256", "feature_hash", "prob_over", "interval_low", "interval_high",
    "expected_value", "kelly_fraction", "no_bet_reason",
)  # fmt: skip


TOLD = (
    "prediction_id", "player_lookup", "game_date", "game_id", "system_id", "role", "as_of", "raw_prediction",
    "predicted_points", "confidence_score", "recommendation", "missing_inputs", "prob_over", "interval_low",
    "interval_high", "expected_value", "kelly_fraction", "no_bet_reason",
)  # fmt: skip
LINE = (
    "current_points_line", "line_margin", "sportsbook", "line_captured_at", "line_precision", "line_quote_id",
)  # fmt: skip
MODEL = ("model_id", "model_sha256", "feature_snapshot_id", "build_commit")


@dataclass(frozen=True)
class Replayed:
    """``differences``: stored and recomputed value of each field that is not the same, bit for bit."""

    prediction_id: str
    differences: dict[str, tuple[Any, Any]]

    @property
    def equal(self) -> bool:
        return not self.differences


class Replay:
    def __init__(self, warehouse: Warehouse, models: ModelStore) -> None:
        self._warehouse, self._models = warehouse, models
        self._registry = Registry(warehouse)

    def __call__(self, prediction_id: str) -> Replayed:
        """Compute a prediction again from its snapshot and bundle.

        ``NotFound`` where the prediction, its snapshot or a model behind it is no longer known.
        """
        stored = self._stored(prediction_id)
        job, models = self._job(stored), self._models_behind(stored)
        rows = Predict(models)([job], stored["predicted_at"]).rows.to_pylist()
        (again,) = [r for r in rows if r["system_id"] == stored["system_id"]] or [dict.fromkeys(COMPARED)]
        return Replayed(
            prediction_id,
            {name: (stored[name], again[name]) for name in COMPARED if stored[name] != again[name]},
        )

    def explain(self, prediction_id: str) -> dict[str, Any]:
        """Inputs with their provenance, the line, the model, and terms that add up to the prediction."""
        stored = self._stored(prediction_id)
        features, job, models = self._features(stored), self._job(stored), self._models_behind(stored)
        context = dict(zip(CONTEXT, job.context, strict=False))  # empty for rows built without it
        terms = self._terms(stored["system_id"], job, models)
        total = float(sum(terms.values()))
        return {
            "prediction": {k: stored[k] for k in TOLD},
            "line": {k: stored[k] for k in LINE},
            "model": {k: stored[k] for k in MODEL},
            "features": {
                name: {"value": features[f"feature_{i}_value"], "source": features[f"feature_{i}_source"]}
                for i, name in enumerate(FEATURES)
            },
            "context": context,
            "terms": dict(sorted(terms.items(), key=lambda t: -abs(t[1]))),
            "sum": total,
            "clamped": abs(total - stored["raw_prediction"]) > 1e-6,
        }

    def _terms(
        self, system_id: str, job: PredictionRequest, models: Mapping[str, LoadedModel]
    ) -> dict[str, float]:
        """Points by term; a trained model's share is told by its Shapley values and its mean."""
        batch = to_batch([job], [packed_inputs(job)])
        forecasts = forecast_all(build({s: m.model for s, m in models.items()}), batch)
        terms = {name: float(part[0]) for name, part in forecasts[system_id].terms.items() if part[0] != 0.0}
        loaded = models.get(system_id)
        if loaded is not None and isinstance(loaded.model, CatBoostModel):
            inputs = with_model(system_id, loaded.model).inputs(batch)
            parts = loaded.model.contributions(inputs)[0]
            share = terms.pop("model", 0.0) / parts.sum()
            names = (*TRAINED[system_id].inputs, "mean_of_training")
            terms |= {n: float(share * part) for n, part in zip(names, parts, strict=True)}
        return terms

    def _stored(self, prediction_id: str) -> dict[str, Any]:
        asked = statement("prediction_by_id", first=FIRST_DATE, last=LAST_DATE, prediction_id=prediction_id)
        rows = self._warehouse.query(asked).to_pylist()
        if not rows:
            raise NotFound(f"prediction {prediction_id!r} is not stored")
        return dict(rows[0])

    def _features(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        rows = self._warehouse.query(
            statement(
                "snapshot_player",
                game_date=stored["game_date"],
                snapshot_id=stored["feature_snapshot_id"],
                player_lookup=stored["player_lookup"],
            )
        ).to_pylist()
        if not rows:
            raise NotFound(
                f"snapshot {stored['feature_snapshot_id']} has no row of {stored['player_lookup']}"
            )
        return dict(rows[0])

    def _job(self, stored: Mapping[str, Any]) -> PredictionRequest:
        request = RunRequest(
            game_date=stored["game_date"],
            mode=Mode(stored["prediction_run_mode"]),
            force=False,
            skip_mlfs_check=True,
            systems=(stored["system_id"],),
            min_minutes=0.0,
            reason=None,
            in_sample=stored["role"] == IN_SAMPLE,
        )
        row = self._features(stored)
        return job_of(stored["run_id"], request, row, [stored["system_id"]], stored["game_start_utc"])

    def _models_behind(self, stored: Mapping[str, Any]) -> dict[str, LoadedModel]:
        """The models of its run, since an ensemble looks at others; a shadow stands in its system's place."""
        role = CHAMPION if stored["role"] == SHADOW else stored["role"]
        asked = statement("models_of_run", game_date=stored["game_date"], run_id=stored["run_id"], role=role)
        wanted = {r["system_id"]: r["model_sha256"] for r in self._warehouse.query(asked).to_pylist()}
        if stored["model_sha256"]:
            wanted = {stored["system_id"]: stored["model_sha256"]}
        paths = {m["sha256"]: m["path"] for m in self._registry.models()}
        unknown = sorted(s for s, sha in wanted.items() if sha not in paths)
        if unknown:
            raise NotFound(f"the model of {unknown[0]} with sha256 {wanted[unknown[0]]} is not registered")
        return {s: load(self._models, s, paths[sha], sha, by_catboost=True) for s, sha in wanted.items()}
