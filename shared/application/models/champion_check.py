"""Compares the models that a process serves with the registry's champions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from shared.application.messaging.events import ModelAlarm, Observer, log
from shared.application.models.registry import Registry
from shared.domain.vocabulary import Role
from shared.errors import Unavailable
from shared.model_registry.bundle import experiment_id
from shared.model_registry.loading import LoadedModel

RECHECK_SECONDS = 30.0


def describe_model(model: LoadedModel, role: Role) -> dict[str, Any]:
    """Return the identity, training and role of a loaded model."""
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
    """Return the model fields of a worker's heartbeat.

    ``off``: configured or required systems that do not serve, with the reason; a list, because a later
    heartbeat must replace all of it.
    """
    return {
        "models": {m.system_id: m.sha256 for m in models.values()},
        "off": [f"{system}: {reason}" for system, reason in sorted(missing.items())],
        "unverified": sorted(system for system, m in models.items() if not m.verified),
    }


def mismatches(models: Iterable[LoadedModel], champions: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each served model that is not the registry's champion."""
    return [
        f"{m.system_id} serves {m.model_id}, the champion is {champions[m.system_id]['model_id']}"
        for m in models
        if m.system_id in champions and champions[m.system_id]["sha256"] != m.sha256
    ]


class ChampionAlarms:
    """Returns the ``mismatches`` of the served models, and queries the registry at most every 30 seconds.

    While the registry is unavailable it returns the last result.
    """

    def __init__(
        self, registry: Registry, models: Mapping[str, LoadedModel], observe: Observer = log
    ) -> None:
        self._registry, self._models, self._observe = registry, models, observe
        self._recheck_at = 0.0
        self.last: list[str] = []

    def __call__(self) -> list[str]:
        if time.monotonic() >= self._recheck_at:
            try:
                alarms = mismatches(self._models.values(), self._registry.champions())
            except Unavailable:
                return self.last
            if alarms != self.last:
                self._observe(ModelAlarm(alarms))
            self.last = alarms
            self._recheck_at = time.monotonic() + RECHECK_SECONDS
        return self.last
