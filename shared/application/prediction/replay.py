"""Explain a stored prediction, and compute it again from its stored inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shared.application.models.registry import Registry
from shared.application.prediction.job_batch import pack_inputs, to_batch
from shared.application.prediction.predict import Predict
from shared.application.runs.jobs import build_job
from shared.application.runs.request import RunRequest
from shared.domain.features.context import CONTEXT
from shared.domain.features.contract import FEATURES
from shared.domain.market.betting import no_bet_reason
from shared.domain.systems.assembly import HIGHEST, LOWEST
from shared.domain.systems.base import Explainable
from shared.domain.systems.catalog import (
    TRAINED,
    build_systems,
    forecast_all,
    required_models,
    trained_system,
)
from shared.domain.vocabulary import Role, RunMode
from shared.errors import NotFound
from shared.model_registry.loading import LoadedModel, load_model
from shared.ports import ModelStore, Warehouse
from shared.schemas.messages import PredictionRequest
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from shared.warehouse.statements import query_rows

COMPARED = (
    "raw_prediction", "predicted_points", "confidence_score", "recommendation", "current_points_line",
    "line_margin", "model_sha256", "feature_hash", "prob_over", "interval_low", "interval_high",
    "expected_value", "kelly_fraction", "no_bet_reason",
)  # fmt: skip


PREDICTION_COLUMNS = (
    "prediction_id", "player_lookup", "player_id", "game_date", "game_id", "system_id", "role", "as_of",
    "raw_prediction",
    "predicted_points", "confidence_score", "recommendation", "missing_inputs", "prob_over", "interval_low",
    "interval_high", "expected_value", "kelly_fraction", "no_bet_reason",
)  # fmt: skip
LINE_COLUMNS = (
    "current_points_line", "line_margin", "sportsbook", "line_captured_at", "line_precision", "line_quote_id",
)  # fmt: skip
MODEL_COLUMNS = ("model_id", "model_sha256", "feature_snapshot_id", "build_commit")

NAME_LOOKBACK = timedelta(days=400)
"""Player names come from the box scores of the last season."""


@dataclass(frozen=True)
class ReplayResult:
    """``differences``: stored and recomputed value of each field that is not bit-for-bit equal."""

    prediction_id: str
    differences: dict[str, tuple[Any, Any]]

    @property
    def is_equal(self) -> bool:
        return not self.differences


class Replay:
    def __init__(self, warehouse: Warehouse, models: ModelStore) -> None:
        self._warehouse, self._models = warehouse, models
        self._registry = Registry(warehouse)

    def __call__(self, prediction_id: str) -> ReplayResult:
        """Compute a prediction again from its snapshot and bundle.

        ``NotFound`` if the prediction, its snapshot or one of its models is no longer stored.
        """
        stored = self.read_prediction(prediction_id)
        job, models = _to_job(stored, self.read_inputs(stored)), self._load_models(stored, use_catboost=True)
        rows = Predict(models)([job], stored["predicted_at"]).rows.to_pylist()
        (replayed,) = [r for r in rows if r["system_id"] == stored["system_id"]] or [dict.fromkeys(COMPARED)]
        return ReplayResult(
            prediction_id,
            {name: (stored[name], replayed[name]) for name in COMPARED if stored[name] != replayed[name]},
        )

    def explain(self, prediction_id: str) -> dict[str, Any]:
        """Return inputs with provenance, the line, the model, and terms that add up to the prediction."""
        stored = self.read_prediction(prediction_id)
        row = self.read_inputs(stored)
        terms = self.compute_terms(stored, row)
        total = float(sum(terms.values()))
        return {
            "prediction": {
                **{k: stored[k] for k in PREDICTION_COLUMNS},
                "no_bet_reason": no_bet_reason(stored["recommendation"], stored["no_bet_reason"]),
            },
            "line": {k: stored[k] for k in LINE_COLUMNS},
            "model": {k: stored[k] for k in MODEL_COLUMNS},
            "features": feature_values(row),
            "context": dict(
                zip(CONTEXT, _to_job(stored, row).context, strict=False)
            ),  # empty for snapshots without a context
            "terms": terms,
            "sum": total,
            "clamped": is_clamped(total),
        }

    def read_prediction(self, prediction_id: str, game_date: date | None = None) -> dict[str, Any]:
        """Return the row of a prediction with its player's name, tip-off and outcome; ``game_date`` limits
        the search to one date."""
        first, last = (game_date, game_date) if game_date else (FIRST_DATE, LAST_DATE)
        since = first - NAME_LOOKBACK if game_date else FIRST_DATE
        span = {"first": first, "last": last, "names_since": since}
        rows = query_rows(self._warehouse, "prediction_by_id", prediction_id=prediction_id, **span)
        if not rows:
            raise NotFound(f"prediction {prediction_id!r} is not stored")
        return rows[0]

    def read_inputs(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return the feature store row that a prediction was made from."""
        rows = query_rows(
            self._warehouse,
            "snapshot_player",
            game_date=stored["game_date"],
            snapshot_id=stored["feature_snapshot_id"],
            player_id=stored["player_id"],
        )
        if not rows:
            raise NotFound(
                f"snapshot {stored['feature_snapshot_id']} has no row of {stored['player_lookup']} "
                f"(player_id {stored['player_id']})"
            )
        return rows[0]

    def compute_terms(self, stored: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, float]:
        """Return points by term, the largest first; a trained model gives its Shapley values and its mean.
        ``NotFound`` or ``Rejected`` if a model of the prediction is missing or unreadable."""
        system_id, models = stored["system_id"], self._load_models(stored)
        job = _to_job(stored, row)
        batch = to_batch([job], [pack_inputs(job)])
        forecasts = forecast_all(build_systems({s: m.model for s, m in models.items()}), batch)
        terms = {name: float(part[0]) for name, part in forecasts[system_id].terms.items() if part[0] != 0.0}
        loaded = models.get(system_id)
        if loaded is not None and isinstance(loaded.model, Explainable):
            inputs = trained_system(system_id, loaded.model).inputs(batch)
            parts = loaded.model.contributions(inputs)[0]
            share = terms.pop("model", 0.0) / parts.sum()
            names = (*TRAINED[system_id].inputs, "mean_of_training")
            terms |= {n: float(share * part) for n, part in zip(names, parts, strict=True)}
        return dict(sorted(terms.items(), key=lambda t: -abs(t[1])))

    def _load_models(
        self, stored: Mapping[str, Any], *, use_catboost: bool = False
    ) -> dict[str, LoadedModel]:
        """Return the prediction's own model or, for an ensemble, those of its members in the same run."""
        if stored["model_sha256"]:
            hashes = {stored["system_id"]: stored["model_sha256"]}
        else:
            hashes = self._read_run_models(stored, required_models([stored["system_id"]]))
        if not hashes:
            return {}
        paths = {m["sha256"]: m["path"] for m in self._registry.models()}
        unknown = sorted(s for s, sha in hashes.items() if sha not in paths)
        if unknown:
            raise NotFound(f"the model of {unknown[0]} with sha256 {hashes[unknown[0]]} is not registered")
        return {
            s: load_model(self._models, s, paths[sha], sha, use_catboost=use_catboost)
            for s, sha in hashes.items()
        }

    def _read_run_models(self, stored: Mapping[str, Any], systems: Sequence[str]) -> dict[str, str]:
        """Return the model hash of each system that ran with a model; formulas have none."""
        if not systems:
            return {}
        rows = query_rows(
            self._warehouse,
            "models_of_run",
            game_date=stored["game_date"],
            run_id=stored["run_id"],
            role=stored["role"],
        )
        return {r["system_id"]: r["model_sha256"] for r in rows if r["system_id"] in systems}


def feature_values(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return value and provenance of each of the 33 features."""
    return {
        name: {"value": row[f"feature_{i}_value"], "source": row[f"feature_{i}_source"]}
        for i, name in enumerate(FEATURES)
    }


def is_clamped(total: float) -> bool:
    """Return whether a sum of terms was clamped to 0-60 points."""
    return not LOWEST <= total <= HIGHEST


def _to_job(stored: Mapping[str, Any], row: Mapping[str, Any]) -> PredictionRequest:
    request = RunRequest(
        game_date=stored["game_date"],
        mode=RunMode(stored["prediction_run_mode"]),
        systems=(stored["system_id"],),
        in_sample=stored["role"] == Role.IN_SAMPLE,
    )
    return build_job(stored["run_id"], request, dict(row), [stored["system_id"]], stored["game_start_utc"])
