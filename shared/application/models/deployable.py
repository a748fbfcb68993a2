"""Decides whether an artefact may be deployed: it must be the registry's champion."""

from __future__ import annotations

from dataclasses import dataclass

from shared.application.models.registry import Registry
from shared.errors import Rejected
from shared.model_registry.loading import LoadedModel, load_model
from shared.ports import ModelStore


@dataclass(frozen=True)
class Deployable:
    """A model that may be deployed; ``objection``: the reason against it that was overridden, or None."""

    model: LoadedModel
    objection: str | None


def load_deployable(
    registry: Registry, store: ModelStore, system_id: str, path: str, override: str | None = None
) -> Deployable:
    """Read the file at ``path`` and compare it with the registry's champion.

    ``Rejected`` for a damaged file or one of another system. Without an ``override`` reason also for a model
    that is not registered or not the champion; the message names both models.
    """
    model = load_model(store, system_id, path)
    objection = _objection(registry, model)
    if objection is not None and not (override or "").strip():
        raise Rejected(f"{objection}; use --override REASON to deploy it anyway")
    return Deployable(model, objection)


def _objection(registry: Registry, model: LoadedModel) -> str | None:
    registered = {m["sha256"]: m for m in registry.models() if m["system_id"] == model.system_id}
    champion = registry.champion(model.system_id)
    champion_text = f"the champion of {model.system_id} is {champion['model_id'] if champion else 'none'}"
    model_row = registered.get(model.sha256)
    if model_row is None:
        return f"{model.model_id} with sha256 {model.sha256} is not registered; {champion_text}"
    if champion is None or champion["sha256"] != model.sha256:
        return f"{model_row['model_id']} is {model_row['state']}; {champion_text}"
    return None
