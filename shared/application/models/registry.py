"""The registered models, the state of each, and which may be used for a game date."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from shared.domain.promotion import Gate
from shared.errors import NotFound, Rejected
from shared.model_registry.bundle import Bundle
from shared.ports import Warehouse
from shared.schemas.models import MODEL_REGISTRY, MODEL_STATE_CHANGES
from shared.warehouse.statements import query_rows, statement


class State(StrEnum):
    """Lifecycle state of a registered model (column ``state``)."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    CHAMPION = "champion"
    RETIRED = "retired"
    BLOCKED = "blocked"


ALLOWED_CHANGES: dict[State, tuple[State, ...]] = {
    State.CANDIDATE: (State.SHADOW, State.CHAMPION, State.RETIRED, State.BLOCKED),
    State.SHADOW: (State.CHAMPION, State.CANDIDATE, State.RETIRED, State.BLOCKED),
    State.CHAMPION: (State.RETIRED, State.BLOCKED),
    State.RETIRED: (State.BLOCKED,),
    State.BLOCKED: (),
}
OUT_OF_USE = (State.RETIRED, State.BLOCKED)


class Registry:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def add(
        self,
        bundles: Sequence[Bundle],
        *,
        human_name: str | None = None,
        experiment_id: str | None = None,
        parent_model_id: str | None = None,
    ) -> None:
        """Register bundles as candidates; a model that is already registered keeps its state."""
        registered_ids = {m["model_id"] for m in self.models()}
        names = {"human_name": human_name, "experiment_id": experiment_id, "parent_model_id": parent_model_id}
        new = [row | names for row in map(_build_model_row, bundles) if row["model_id"] not in registered_ids]
        if new:
            self._warehouse.upsert(MODEL_REGISTRY, MODEL_REGISTRY.from_rows(new))

    def models(self) -> list[dict[str, Any]]:
        """Return all models, the latest training end first."""
        return query_rows(self._warehouse, "registered_models")

    def find(self, model_id: str, models: Sequence[dict[str, Any]] | None = None) -> dict[str, Any]:
        """Return a model by its id or human name. Raises ``NotFound``, or ``Rejected`` for an ambiguous name.
        ``models`` here and below: all registered models, if the caller has read them already."""
        all_models = self.models() if models is None else models
        matches = [m for m in all_models if model_id in (m["model_id"], m["human_name"])]
        if not matches:
            raise NotFound(f"model {model_id!r} is not registered")
        if len(matches) > 1:
            raise Rejected(f"{model_id!r} names {', '.join(m['model_id'] for m in matches)}: give the id")
        return matches[0]

    def newest_before(
        self, game_date: date, models: Sequence[Mapping[str, Any]] | None = None
    ) -> dict[str, Mapping[str, Any]]:
        """Return by system the newest usable model whose training ended before the game date."""
        newest: dict[str, Mapping[str, Any]] = {}
        for model in self.models() if models is None else models:
            if model["training_end_date"] < game_date and model["state"] not in OUT_OF_USE:
                newest.setdefault(model["system_id"], model)
        return newest

    def champions(self, models: Sequence[Mapping[str, Any]] | None = None) -> dict[str, Mapping[str, Any]]:
        """Return the champion of each system that has one."""
        all_models = self.models() if models is None else models
        return {m["system_id"]: m for m in all_models if m["state"] == State.CHAMPION}

    def champion(self, system_id: str) -> Mapping[str, Any] | None:
        return self.champions().get(system_id)

    def changes(self, system_id: str, limit: int = 100) -> list[dict[str, Any]]:
        """Return the state changes of a system's models, newest first."""
        return query_rows(self._warehouse, "state_changes", system_id=system_id, most=limit)

    def change_state(
        self, model_id: str, to: State, reason: str, gates: Sequence[Gate] = (), overridden: bool = False
    ) -> list[dict[str, Any]]:
        """Change the state of a model; a new champion retires the earlier one in the same transaction.

        Returns the changes, none if the model is in that state already; ``Rejected`` for a forbidden change.
        """
        model = self.find(model_id)
        current = State(model["state"])
        if current is to:
            return []
        if to not in ALLOWED_CHANGES[current]:
            allowed = ", ".join(ALLOWED_CHANGES[current]) or "nothing"
            raise Rejected(f"{model['model_id']} is {current}, from which it can become {allowed}; not {to}")
        changes = [(model, to, reason)]
        previous_champion = self.champion(model["system_id"]) if to is State.CHAMPION else None
        if previous_champion is not None:
            changes.append((dict(previous_champion), State.RETIRED, f"replaced by {model['model_id']}"))
        now = datetime.now(UTC)
        change_rows = [
            _build_change_row(m, state, cause, now, gates if m is model else (), overridden)
            for m, state, cause in changes
        ]
        self._warehouse.append(MODEL_STATE_CHANGES, MODEL_STATE_CHANGES.from_rows(change_rows))
        self._warehouse.transact(
            [
                statement("set_model_state", model_id=m["model_id"], state=state.value, now=now, reason=cause)
                for m, state, cause in reversed(changes)
            ]
        )
        return change_rows


def _build_change_row(
    model: Mapping[str, Any], to: State, reason: str, now: datetime, gates: Sequence[Gate], overridden: bool
) -> dict[str, Any]:
    return {
        "model_id": model["model_id"],
        "system_id": model["system_id"],
        "changed_at": now,
        "from_state": model["state"],
        "to_state": to.value,
        "reason": reason,
        "overridden": overridden,
        "gates_json": json.dumps([vars(g) for g in gates]),
    }


def _build_model_row(bundle: Bundle) -> dict[str, Any]:
    manifest = bundle.manifest
    return {
        "model_id": manifest.name,
        "system_id": manifest.system_id,
        "path": bundle.path,
        "sha256": manifest.sha256,
        "state": "candidate",
        "training_start_date": manifest.train_start,
        "training_end_date": manifest.train_end,
        "training_samples": manifest.train_rows,
        "evaluation_mae": manifest.metrics.mae,
        "created_at": datetime.now(UTC),
    }
