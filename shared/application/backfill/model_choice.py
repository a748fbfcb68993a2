"""The models of a backfilled date: configured ones, else the newest registered, else newly trained ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.application.models.registry import Registry
from shared.application.training.train import Window, window_before
from shared.domain.systems.catalog import required_models
from shared.errors import NotFound, Rejected
from shared.model_registry.bundle import Bundle
from shared.model_registry.loading import LoadedModel, load_model
from shared.ports import ModelStore

Train = Callable[[list[Window]], dict[str, Bundle]]


@dataclass(frozen=True)
class ChosenModels:
    """``models``: by system. ``off``: by system, why it has no model. ``in_sample``: configured models that
    were trained on the date."""

    models: dict[str, LoadedModel]
    off: dict[str, str] = field(default_factory=dict)
    in_sample: dict[str, LoadedModel] = field(default_factory=dict)

    @property
    def all_models(self) -> list[LoadedModel]:
        """Return the usable and the in-sample models."""
        return [*self.models.values(), *self.in_sample.values()]


class BackfillModels:
    """Chooses models. ``configured_paths``: by system. ``train`` None disables training."""

    def __init__(
        self,
        store: ModelStore,
        registry: Registry,
        configured_paths: Mapping[str, str],
        sha256: Mapping[str, str],
        train: Train | None,
    ) -> None:
        self._store, self._registry, self._train = store, registry, train
        self._configured_paths, self._sha256 = configured_paths, sha256
        self._loaded: dict[str, LoadedModel] = {}
        self._training_errors: dict[str, str] = {}
        self._registered: list[dict[str, Any]] | None = None

    def read(self) -> None:
        """Read the registry for all dates until the next call."""
        self._registered = self._registry.models()

    def __call__(self, game_date: date, systems: Sequence[str], train: bool = True) -> ChosenModels:
        """Return the models of the systems. Raises ``NotFound`` or ``Rejected`` for a configured file that is
        missing or has the wrong hash. Without ``train`` a system that needs training is off."""
        needed_systems = required_models(systems)
        paths = {s: self._configured_paths[s] for s in needed_systems if s in self._configured_paths}
        newest = self._registry.newest_before(game_date, self._registered)
        paths |= {s: str(newest[s]["path"]) for s in needed_systems if s not in paths and s in newest}
        off: dict[str, str] = {}
        for system in (s for s in needed_systems if s not in paths):
            path, reason = self._train_model(system, game_date) if train else (None, "would be trained")
            paths |= {system: path} if path else {}
            off |= {} if path else {system: reason}
        models: dict[str, LoadedModel] = {}
        in_sample: dict[str, LoadedModel] = {}
        for system, path in paths.items():
            model = self._load(system, path)
            is_in_sample = model.manifest is not None and model.manifest.train_end >= game_date
            (in_sample if is_in_sample else models)[system] = model
        return ChosenModels(models, off, in_sample)

    def _load(self, system: str, path: str) -> LoadedModel:
        if path not in self._loaded:
            expected_sha256 = self._sha256.get(system) if self._configured_paths.get(system) == path else None
            self._loaded[path] = load_model(self._store, system, path, expected_sha256)
        return self._loaded[path]

    def _train_model(self, system: str, game_date: date) -> tuple[str | None, str]:
        """Train with the demo's recipe and register the bundle; after a failure do not try again."""
        if self._train is None:
            return None, "no model is named or registered"
        if system not in self._training_errors:
            try:
                bundles = self._train([window_before(game_date, system)])
                self._registry.add(list(bundles.values()))
                self._registered = None
                return bundles[system].path, ""
            except (Rejected, NotFound) as exc:
                self._training_errors[system] = str(exc)
        return None, self._training_errors[system]
