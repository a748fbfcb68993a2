"""Whether an artefact may be deployed: it has to be the one that the registry calls champion."""

from __future__ import annotations

from dataclasses import dataclass

from shared.application.models.registry import Registry
from shared.errors import Rejected
from shared.model_registry.loading import LoadedModel, load_model
from shared.ports import ModelStore


@dataclass(frozen=True)
class Deployable:
    """A model that may be deployed; ``objection`` says what had to be overridden for it."""

    model: LoadedModel
    objection: str | None


def load_deployable(
    registry: Registry, store: ModelStore, system_id: str, path: str, override: str | None = None
) -> Deployable:
    """Read the file at ``path`` and compare it with the registry's champion.

    ``Rejected`` for a file that is not whole or not of the system, and, unless ``override`` gives a reason,
    for one that is not registered or not the champion; both are named.
    """
    model = load_model(store, system_id, path)
    objection = _objection(registry, model)
    if objection is not None and not (override or "").strip():
        raise Rejected(f"{objection}; --override REASON deploys it all the same")
    return Deployable(model, objection)


def _objection(registry: Registry, model: LoadedModel) -> str | None:
    known = {m["sha256"]: m for m in registry.models() if m["system_id"] == model.system_id}
    champion = registry.champion(model.system_id)
    named = f"the champion of {model.system_id} is {champion['model_id'] if champion else 'nobody'}"
    if model.sha256 not in known:
        return f"{model.model_id} with sha256 {model.sha256} is not registered; {named}"
    if champion is None or champion["sha256"] != model.sha256:
        return f"{known[model.sha256]['model_id']} is {known[model.sha256]['state']}; {named}"
    return None
