"""One model: its state and training, its promotion gates, and the accuracy of its predictions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pyarrow.compute as pc

from shared.application.grading.performance import rows_of_system, split_by_kind, window
from shared.application.models.promotion import TRIAL_DAYS, Promotion
from shared.application.models.registry import ALLOWED_CHANGES, Registry, State
from shared.application.queries.shared_connection import shared_connection
from shared.application.views.accuracy import AccuracyRow, accuracy_row
from shared.application.views.partial_view import PartialView
from shared.application.views.rows import from_columns
from shared.domain.promotion import Gate
from shared.ports import Clock, ModelStore, Warehouse
from shared.warehouse.statements import query_rows


@dataclass(frozen=True)
class ChangeRow:
    """A change of a model's state. ``failed``: names of the failed gates, comma-separated; None if no gates
    were checked."""

    changed_at: datetime
    model_id: str
    from_state: str
    to_state: str
    reason: str
    overridden: bool
    failed: str | None


@dataclass(frozen=True)
class Experiment:
    """The training of a model, and its errors on the evaluation dates, in points."""

    experiment_id: str
    name: str
    eval_start: date
    eval_end: date
    eval_rows: int
    mae: float | None
    bias: float | None
    line_n: int | None
    lined_mae: float | None
    line_mae: float | None
    git_commit: str | None
    seed: int | None


@dataclass(frozen=True)
class ModelView:
    """``gates``: as they were at the promotion (``gates_at``), empty if none were checked. ``champions``:
    promotions of other models of the system, the latest first. Unless ``warehouse_answered``, empty fields
    from the warehouse mean "unknown", not "none"."""

    model: Mapping[str, Any]
    champion: str | None
    may_be_promoted: bool
    gates: tuple[Gate, ...]
    gates_at: datetime | None
    experiment: Experiment | None
    changes: tuple[ChangeRow, ...]
    champions: tuple[ChangeRow, ...]
    performance: tuple[AccuracyRow, ...]
    days: int
    warehouse_answered: bool
    unavailable: tuple[str, ...]


@dataclass(frozen=True)
class GatesView:
    """Current gates of a model; empty if the model may not become champion (``may_become``)."""

    model: Mapping[str, Any]
    champion: str | None
    may_become: tuple[str, ...]
    gates: tuple[Gate, ...]
    unavailable: tuple[str, ...]

    @property
    def may_be_promoted(self) -> bool:
        return State.CHAMPION in self.may_become

    @property
    def failed(self) -> tuple[Gate, ...]:
        return tuple(g for g in self.gates if not g.passed)


class ShowModel:
    def __init__(self, warehouse: Warehouse, models: ModelStore, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock
        self._registry = Registry(warehouse)
        self._promotion = Promotion(warehouse, models, clock)

    @shared_connection
    def __call__(self, model_id: str) -> ModelView:
        """Runs four statements. Raises ``NotFound`` if the model is not registered."""
        models = self._registry.models()
        model = self._registry.find(model_id, models)
        parts = PartialView()
        changes = parts.get_or_none("warehouse", lambda: self._registry.changes(model["system_id"])) or []
        gates, gates_at = _promotion_gates(model["model_id"], changes)
        change_rows = tuple(map(_change, changes))
        return ModelView(
            model=model,
            champion=self._champion(model, models),
            may_be_promoted=State.CHAMPION in ALLOWED_CHANGES[State(model["state"])],
            gates=tuple(gates),
            gates_at=gates_at,
            experiment=parts.get_or_none("warehouse", lambda: self._experiment(model)),
            changes=tuple(c for c in change_rows if c.model_id == model["model_id"]),
            champions=tuple(
                c for c in change_rows if c.to_state == State.CHAMPION and c.model_id != model["model_id"]
            ),
            performance=parts.get_or_none("warehouse", lambda: self._performance(model)) or (),
            days=TRIAL_DAYS,
            warehouse_answered=parts.answered("warehouse"),
            unavailable=parts.unavailable,
        )

    @shared_connection
    def gates(self, model_id: str) -> GatesView:
        """Runs three statements and reads the model file."""
        models = self._registry.models()
        model = self._registry.find(model_id, models)
        may_become = ALLOWED_CHANGES[State(model["state"])]
        parts = PartialView()
        gates: list[Gate] | None = None
        if State.CHAMPION in may_become:
            gates = parts.get_or_none("model store", lambda: self._promotion.gates(model["model_id"], models))
        return GatesView(
            model=model,
            champion=self._champion(model, models),
            may_become=tuple(s.value for s in may_become),
            gates=tuple(gates or ()),
            unavailable=parts.unavailable,
        )

    def _champion(self, model: Mapping[str, Any], models: Sequence[Mapping[str, Any]]) -> str | None:
        champion = self._registry.champions(models).get(model["system_id"])
        return champion["model_id"] if champion else None

    def _experiment(self, model: Mapping[str, Any]) -> Experiment | None:
        rows = query_rows(self._warehouse, "experiment_of_model", sha256=model["sha256"])
        return _experiment(rows[0]) if rows else None

    def _performance(self, model: Mapping[str, Any]) -> tuple[AccuracyRow, ...]:
        """Accuracy over the same days as the shadow trial."""
        rows = rows_of_system(self._warehouse, model["system_id"], *window(self._clock, TRIAL_DAYS))
        own_rows = rows.filter(pc.equal(rows["model_key"], model["sha256"]))
        return tuple(accuracy_row("all", kind, part) for kind, part in split_by_kind(own_rows).items())


def _promotion_gates(model: str, changes: Sequence[Mapping[str, Any]]) -> tuple[list[Gate], datetime | None]:
    for change in changes:
        if change["model_id"] == model and change["to_state"] == State.CHAMPION:
            return _gates(change), change["changed_at"]
    return [], None


def _gates(change: Mapping[str, Any]) -> list[Gate]:
    return [Gate(**g) for g in json.loads(change["gates_json"])]


def _change(row: Mapping[str, Any]) -> ChangeRow:
    gates = _gates(row)
    failed = ", ".join(g.name for g in gates if not g.passed) if gates else None
    return from_columns(ChangeRow, row, failed=failed)


def _experiment(row: Mapping[str, Any]) -> Experiment:
    results, config = json.loads(row["results_json"]), json.loads(row["config_json"])
    return from_columns(
        Experiment,
        row,
        name=row["experiment_name"],
        eval_rows=row["eval_samples"],
        **{name: results.get(name) for name in ("mae", "bias", "line_n", "lined_mae", "line_mae")},
        seed=config.get("seed"),
    )
