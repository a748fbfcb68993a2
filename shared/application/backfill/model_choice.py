"""The models of a backfilled date: those named, else the newest registered, else trained for it."""

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
    """``models`` by system; ``off`` why a system has none; ``in_sample`` the named models that were
    trained on the date."""

    models: dict[str, LoadedModel]
    off: dict[str, str] = field(default_factory=dict)
    in_sample: dict[str, LoadedModel] = field(default_factory=dict)

    @property
    def all_models(self) -> list[LoadedModel]:
        """All of them, whatever they are used for."""
        return [*self.models.values(), *self.in_sample.values()]


class BackfillModels:
    """``named``: path by system, as the environment gives it. ``train`` None: nothing is trained."""

    def __init__(
        self,
        store: ModelStore,
        registry: Registry,
        named: Mapping[str, str],
        sha256: Mapping[str, str],
        train: Train | None,
    ) -> None:
        self._store, self._registry, self._named, self._sha256 = store, registry, named, sha256
        self._train = train
        self._loaded: dict[str, LoadedModel] = {}
        self._given_up: dict[str, str] = {}
        self._registered: list[dict[str, Any]] | None = None

    def read(self) -> None:
        """Read the registry, for all the dates until it is read again."""
        self._registered = self._registry.models()

    def __call__(self, game_date: date, systems: Sequence[str], train: bool = True) -> ChosenModels:
        """Models for the wanted systems. ``NotFound`` or ``Rejected`` for a named file that is not there
        or not the one meant; without ``train`` a system that would need it is off."""
        wanted = required_models(systems)
        paths = {s: self._named[s] for s in wanted if s in self._named}
        newest = self._registry.newest_before(game_date, self._registered)
        paths |= {s: str(newest[s]["path"]) for s in wanted if s not in paths and s in newest}
        off: dict[str, str] = {}
        for system in (s for s in wanted if s not in paths):
            path, why = self._trained(system, game_date) if train else (None, "would be trained")
            paths |= {system: path} if path else {}
            off |= {} if path else {system: why}
        models: dict[str, LoadedModel] = {}
        in_sample: dict[str, LoadedModel] = {}
        for system, path in paths.items():
            model = self._load(system, path)
            late = model.manifest is not None and model.manifest.train_end >= game_date
            (in_sample if late else models)[system] = model
        return ChosenModels(models, off, in_sample)

    def _load(self, system: str, path: str) -> LoadedModel:
        if path not in self._loaded:
            wanted = self._sha256.get(system) if self._named.get(system) == path else None
            self._loaded[path] = load_model(self._store, system, path, wanted)
        return self._loaded[path]

    def _trained(self, system: str, game_date: date) -> tuple[str | None, str]:
        """Train with the demo's recipe and register; once it could not be done it is not tried again."""
        if self._train is None:
            return None, "no model is named or registered"
        if system not in self._given_up:
            try:
                bundles = self._train([window_before(game_date, system)])
                self._registry.add(list(bundles.values()))
                self._registered = None
                return bundles[system].path, ""
            except (Rejected, NotFound) as exc:
                self._given_up[system] = str(exc)
        return None, self._given_up[system]
