"""The registered models: their training, state and recent accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from shared.application.grading.accuracy_totals import AccuracyKey, Totals, accuracy_totals
from shared.application.models.registry import Registry, State
from shared.application.queries.shared_connection import shared_connection
from shared.application.views.partial_view import PartialView
from shared.application.views.rows import from_columns
from shared.domain.instants import eastern_date
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.errors import Rejected
from shared.ports import Clock, Warehouse

DAYS = 30
MAX_MODELS = 100
STATE_ORDER = (State.CHAMPION, State.SHADOW, State.CANDIDATE, State.RETIRED, State.BLOCKED)
COUNTED_AS_ORDER = ("LIVE", "SHADOW", "BACKFILL")
"""Kinds of graded rows; the first kind that a model has is shown."""


@dataclass(frozen=True)
class ModelRow:
    """``age_days``: since the last training day. ``n``, ``mae``, ``lined_mae`` and ``line_mae`` describe the
    last month's graded rows of kind ``counted_as``; errors in points."""

    model_id: str
    system_id: str
    state: str
    human_name: str | None
    train_start: date
    train_end: date
    age_days: int
    training_rows: int
    evaluation_mae: float | None
    since: datetime
    reason: str | None
    counted_as: str | None
    n: int
    mae: float | None
    lined_mae: float | None
    line_mae: float | None


@dataclass(frozen=True)
class ModelList:
    """``rows``: by system, the champion first, then the newest. ``left_out``: number of models not listed."""

    system: str | None
    days: int
    rows: tuple[ModelRow, ...]
    left_out: int
    without_champion: tuple[str, ...]
    unavailable: tuple[str, ...]


class ShowModels:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock
        self._registry = Registry(warehouse)

    @shared_connection
    def __call__(self, system: str | None = None) -> ModelList:
        """Runs two statements. ``system`` selects the models of one system."""
        if system is not None and system not in MODEL_SYSTEMS:
            raise Rejected(f"system: {system!r}, expected one of {', '.join(MODEL_SYSTEMS)}")
        today = eastern_date(self._clock.now())
        first = today - timedelta(days=DAYS - 1)
        parts = PartialView()
        models = parts.get_or_none("warehouse", self._registry.models)
        totals = parts.get_or_none("warehouse", lambda: accuracy_totals(self._warehouse, first, today)) or {}
        selected = [m for m in models or () if system in (None, m["system_id"])]
        rows = sorted((_row(m, totals, today) for m in selected), key=_rank)
        champions = {m["system_id"] for m in selected if m["state"] == State.CHAMPION}
        listed_systems = dict.fromkeys(m["system_id"] for m in selected)
        return ModelList(
            system=system,
            days=DAYS,
            rows=tuple(rows[:MAX_MODELS]),
            left_out=max(len(rows) - MAX_MODELS, 0),
            without_champion=tuple(s for s in listed_systems if s not in champions),
            unavailable=parts.unavailable,
        )


def _rank(row: ModelRow) -> tuple[int, int, int]:
    systems = (*MODEL_SYSTEMS, row.system_id)
    return systems.index(row.system_id), STATE_ORDER.index(State(row.state)), row.age_days


def _row(model: Mapping[str, Any], totals: Mapping[AccuracyKey, Totals], today: date) -> ModelRow:
    keys = [AccuracyKey(model["system_id"], model["sha256"], kind) for kind in COUNTED_AS_ORDER]
    key = next((k for k in keys if k in totals), None)
    f = totals[key].figures() if key else Totals().figures()
    return from_columns(
        ModelRow,
        model,
        train_start=model["training_start_date"],
        train_end=model["training_end_date"],
        age_days=(today - model["training_end_date"]).days,
        training_rows=model["training_samples"],
        since=model["state_changed_at"] or model["created_at"],
        reason=model["state_reason"],
        counted_as=key.counted_as if key else None,
        n=f.n,
        mae=f.mae,
        lined_mae=f.lined_mae,
        line_mae=f.line_mae,
    )
