"""Which models a process runs, and whether they are the ones that the registry calls champions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from shared.application.messaging.events import ModelAlarm, Observer, log
from shared.application.models.registry import Registry
from shared.errors import Unavailable
from shared.model_registry.bundle import experiment_id
from shared.model_registry.loading import LoadedModel

RECHECK_SECONDS = 30.0


def describe_model(model: LoadedModel, role: str) -> dict[str, Any]:
    """One model in memory: which artefact, of which training, in which role."""
    manifest = model.manifest
    return {
        "system_id": model.system_id,
        "model_id": model.model_id,
        "sha256": model.sha256,
        "path": model.path,
        "role": role,
        "trained_on": [manifest.train_start.isoformat(), manifest.train_end.isoformat()]
        if manifest
        else None,
        "experiment_id": experiment_id(manifest) if manifest else None,
        "verified": model.verified,
        "warnings": model.warnings,
    }


def heartbeat_fields(models: Mapping[str, LoadedModel], missing: Mapping[str, str]) -> dict[str, Any]:
    """What a worker says of its models with every heartbeat.

    ``off``: systems that are configured or required and do not serve, with the reason; a list, which a
    later beat replaces as a whole.
    """
    return {
        "models": {m.system_id: m.sha256 for m in models.values()},
        "off": [f"{system}: {why}" for system, why in sorted(missing.items())],
        "unverified": sorted(system for system, m in models.items() if not m.verified),
    }


def mismatches(models: Iterable[LoadedModel], champions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each model that serves although the registry's champion is another."""
    return [
        f"{m.system_id} serves {m.model_id}, the champion is {champions[m.system_id]['model_id']}"
        for m in models
        if m.system_id in champions and champions[m.system_id]["sha256"] != m.sha256
    ]


class ChampionAlarms:
    """What ``mismatches`` says of the serving models; the registry is asked at most every half minute.

    While the registry cannot be asked the last answer stands.
    """

    def __init__(
        self, registry: Registry, models: Mapping[str, LoadedModel], observe: Observer = log
    ) -> None:
        self._registry, self._models, self._observe = registry, models, observe
        self._until = 0.0
        self.last: list[str] = []

    def __call__(self) -> list[str]:
        if time.monotonic() >= self._until:
            try:
                found = mismatches(self._models.values(), self._registry.champions())
            except Unavailable:
                return self.last
            if found != self.last:
                self._observe(ModelAlarm(found))
            self.last = found
            self._until = time.monotonic() + RECHECK_SECONDS
        return self.last
