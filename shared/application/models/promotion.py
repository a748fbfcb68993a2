"""Promotion of a model: runs every gate and stores its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, TypedDict

import numpy as np
import pyarrow as pa
from msgspec import Meta

from shared.application.models.drift import DAYS, input_shifts
from shared.application.models.registry import Registry, State
from shared.domain.instants import eastern_date
from shared.domain.promotion import Gate, Trial, difference, drift_gate, evaluate_gates
from shared.domain.statistics import Interval
from shared.domain.vocabulary import Side
from shared.errors import NotFound, Rejected
from shared.model_registry.loading import LoadedModel, load_model
from shared.ports import Clock, ModelStore, Warehouse
from shared.warehouse.history import day_numbers, floats, strings
from shared.warehouse.statements import statement

TRIAL_DAYS = 90


@dataclass(frozen=True)
class Verdict:
    """``promoted``: whether the model became champion. ``gates``: every gate with its evidence."""

    model_id: str
    promoted: bool
    overridden: bool
    gates: list[Gate]

    @property
    def failed(self) -> list[Gate]:
        return [g for g in self.gates if not g.passed]


class Comparison(TypedDict):
    """MAEs of two models on the rows that both predicted, and their mean difference in points by game date.

    ``difference`` is None for fewer than two dates.
    """

    rows: int
    dates: int
    mae: dict[Annotated[str, Meta(title="MODEL")], float]
    difference: Interval | None


class Promotion:
    def __init__(self, warehouse: Warehouse, models: ModelStore, clock: Clock) -> None:
        self._warehouse, self._models, self._clock = warehouse, models, clock
        self._registry = Registry(warehouse)

    def gates(self, model_id: str, models: Sequence[dict[str, Any]] | None = None) -> list[Gate]:
        """Return every gate of a model, from its shadow rows of the last three months. ``models``: all
        registered models, if the caller has read them already."""
        models = self._registry.models() if models is None else models
        model = self._registry.find(model_id, models)
        trial, first = self.trial(model, self._registry.champions(models).get(model["system_id"]))
        trial_gates = evaluate_gates(trial, model["training_end_date"], first)
        loaded, golden = self._check_golden_rows(model)
        return [*trial_gates, self._check_drift(loaded), golden]

    def promote(self, model_id: str, reason: str, override: bool = False) -> Verdict:
        """Make a model the champion if every gate passes, or with ``override`` also if some fail.

        ``Rejected`` for a model that is retired or blocked.
        """
        model = self._registry.find(model_id)
        gates = self.gates(model_id)
        has_failed = any(not g.passed for g in gates)
        if has_failed and not override:
            return Verdict(model["model_id"], False, False, gates)
        self._registry.change_state(model_id, State.CHAMPION, reason, gates, overridden=has_failed)
        return Verdict(model["model_id"], True, has_failed, gates)

    def trial(
        self, model: Mapping[str, Any], champion: Mapping[str, Any] | None, counted_as: str = "SHADOW"
    ) -> tuple[Trial, date | None]:
        """Return a model's graded rows with the champion's of the same keys, and the first graded date."""
        last = eastern_date(self._clock.now())
        rows = self._warehouse.query(
            statement(
                "shadow_trial",
                first=last - timedelta(days=TRIAL_DAYS),
                last=last,
                system_id=model["system_id"],
                model_sha256=model["sha256"],
                champion_sha256=champion["sha256"] if champion else "",
                counted_as=counted_as,
            )
        )
        return _build_trial(rows), min(rows["game_date"].to_pylist(), default=None)

    def compare(self, a: str, b: str) -> Comparison:
        """Compare two models on the rows that both predicted, shadow or live; ``NotFound`` without any."""
        first, second = self._registry.find(a), self._registry.find(b)
        if first["system_id"] != second["system_id"]:
            raise Rejected(f"{first['model_id']} and {second['model_id']} are of different systems")
        last = eastern_date(self._clock.now())
        rows = self._warehouse.query(
            statement(
                "models_side_by_side",
                first=last - timedelta(days=TRIAL_DAYS),
                last=last,
                system_id=first["system_id"],
                a=first["sha256"],
                b=second["sha256"],
            )
        )
        if not rows.num_rows:
            raise NotFound(f"{a} and {b} have no graded row in common in {TRIAL_DAYS} days")
        trial = _build_trial(rows)
        return {
            "rows": rows.num_rows,
            "dates": len(np.unique(trial.day)),
            "mae": {
                first["model_id"]: float(np.abs(trial.predicted - trial.actual).mean()),
                second["model_id"]: float(np.abs(trial.champion - trial.actual).mean()),
            },
            "difference": difference(trial),
        }

    def _check_golden_rows(self, model: Mapping[str, Any]) -> tuple[LoadedModel | None, Gate]:
        try:
            loaded = load_model(self._models, model["system_id"], model["path"], model["sha256"])
        except (NotFound, Rejected) as exc:
            return None, Gate("golden_prediction", False, str(exc))
        evidence = "the file has its sha256 and gives its golden rows" if loaded.verified else "unverified"
        return loaded, Gate("golden_prediction", loaded.verified, evidence)

    def _check_drift(self, loaded: LoadedModel | None) -> Gate:
        if loaded is None or loaded.manifest is None:
            return drift_gate({})
        rows, indices = input_shifts(self._warehouse, loaded.manifest, eastern_date(self._clock.now()))
        if not rows:
            return Gate("feature_drift", False, f"no features stored in the last {DAYS} days")
        return drift_gate(indices)


def _build_trial(rows: pa.Table) -> Trial:
    sides = strings(rows["recommendation"])
    return Trial(
        predicted=floats(rows["predicted_points"]),
        actual=floats(rows["actual_points"]),
        line=floats(rows["line_value"]),
        side=np.where(sides == Side.OVER, 1, np.where(sides == Side.UNDER, -1, 0)),
        day=day_numbers(rows["game_date"]),
        champion=floats(rows["champion_points"]),
    )
