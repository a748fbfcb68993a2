"""Load the model that a path names, and prove that it is the one meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shared.domain.systems.base import Regressor
from shared.domain.systems.catalog import MODEL_SYSTEMS, TRAINED
from shared.errors import NotFound, Rejected
from shared.model_registry.bundle import GoldenRow, Manifest, read_bundle, sha256_of
from shared.model_registry.cbm import UnsupportedModel, read_trees
from shared.model_registry.losses import check_loss
from shared.model_registry.symmetric_trees import SymmetricTrees
from shared.model_registry.typical_players import check_output
from shared.model_registry.unverified import UNVERIFIED, unverified_warning
from shared.ports import ModelStore


@dataclass(frozen=True)
class LoadedModel:
    """A model in memory. ``verified``: a manifest stood beside it and its golden rows came out right.
    ``output_warning``: why its numbers are hardly points, None where they may be."""

    system_id: str
    model_id: str
    sha256: str
    path: str
    verified: bool
    model: Regressor
    manifest: Manifest | None
    output_warning: str | None = None

    @property
    def warnings(self) -> list[str]:
        """What is to be said wherever this model serves."""
        said = [] if self.verified else [unverified_warning(self.system_id, self.model_id)]
        return said + (
            [f"WARNING {self.system_id}: {self.model_id} {self.output_warning}"]
            if self.output_warning
            else []
        )


def load_model(
    store: ModelStore, system_id: str, path: str, sha256: str | None = None, *, use_catboost: bool = False
) -> LoadedModel:
    """The model at exactly ``path``; a bare ``.cbm`` loads unverified.

    CatBoost itself predicts with ``use_catboost``, with a model that has no manifest, and wherever
    ``SymmetricTrees`` does not give the manifest's golden rows to the last bit; else nothing imports it.

    Raises ``NotFound`` for a missing file and ``Rejected`` for a hash, feature list or golden row that
    differs, naming both values, and for a loss whose model does not give points.
    """
    if system_id not in TRAINED:
        raise Rejected(f"{path}: {system_id!r} takes no model, wanted one of {', '.join(MODEL_SYSTEMS)}")
    data = store.fetch(path)
    found = sha256_of(data)
    if sha256 is not None and found != sha256:
        raise Rejected(f"{path}: sha256 {found}, wanted {sha256}")
    manifest = _manifest(store, path)
    if manifest is not None and manifest.sha256 != found:
        raise Rejected(f"{path}: sha256 {found}, its manifest says {manifest.sha256}")
    check_loss(data, path)
    wanted = TRAINED[system_id].inputs
    model: Regressor | None
    if manifest is None:
        model = _catboost(data, path, wanted)
        output_warning = check_output(model, wanted, path)
        return LoadedModel(
            system_id, f"{UNVERIFIED}{found[:8]}", found, path, False, model, None, output_warning
        )
    if manifest.system_id != system_id:
        raise Rejected(f"{path}: a bundle of {manifest.system_id}, wanted {system_id}")
    model = None if use_catboost or not manifest.golden else _plain(data, wanted)
    if model is None or _wrong_row(manifest, model) is not None:
        model = _catboost(data, path, wanted)
        _check_golden(manifest, model, path)
    output_warning = check_output(model, wanted, path)
    return LoadedModel(system_id, manifest.name, found, path, True, model, manifest, output_warning)


def load_shadows(store: ModelStore, paths: Sequence[str]) -> list[LoadedModel]:
    """Models on trial, each under the system that its manifest names.

    ``NotFound`` for a missing file, ``Rejected`` for one without a manifest or not the one meant.
    """
    found = []
    for path in paths:
        manifest = _manifest(store, path)
        if manifest is None:
            raise Rejected(f"{path}: a shadow needs its manifest beside it, which names its system")
        found.append(load_model(store, manifest.system_id, path))
    return found


def load_all(
    store: ModelStore, paths: Mapping[str, str], sha256: Mapping[str, str]
) -> tuple[dict[str, LoadedModel], dict[str, str]]:
    """Models by system, and the systems whose file does not exist with the reason."""
    models, missing = {}, {}
    for system, path in paths.items():
        try:
            models[system] = load_model(store, system, path, sha256.get(system))
        except NotFound as exc:
            missing[system] = str(exc)
    return models, missing


def _manifest(store: ModelStore, path: str) -> Manifest | None:
    try:
        return read_bundle(store, path).manifest
    except NotFound:
        return None


def _plain(data: bytes, wanted: tuple[str, ...]) -> Regressor | None:
    """The model as numpy applies it, None for one of another kind or of other inputs."""
    try:
        trees = read_trees(data)
    except UnsupportedModel:
        return None
    return SymmetricTrees(trees) if trees.names == wanted else None


def _catboost(data: bytes, path: str, wanted: tuple[str, ...]) -> Regressor:
    """CatBoost is imported here, so that a process whose models are all plain does not pay for it, and one
    that reads no others, as the coordinator, can go without."""
    try:
        from shared.model_registry.catboost_model import parse_model
    except ModuleNotFoundError as exc:
        raise Rejected(f"{path}: only CatBoost reads this model, and this program comes without it") from exc

    return parse_model(data, path, wanted)


def _wrong_row(manifest: Manifest, model: Regressor) -> tuple[GoldenRow, float] | None:
    """The first golden row that comes out differently, and what the model gives for it."""
    if not manifest.golden:
        return None
    rows = np.array([g.features for g in manifest.golden], dtype=np.float64)
    given = model.predict(rows).tolist()
    return next(
        (pair for pair in zip(manifest.golden, given, strict=True) if pair[0].expected != pair[1]), None
    )


def _check_golden(manifest: Manifest, model: Regressor, path: str) -> None:
    wrong = _wrong_row(manifest, model)
    if wrong is not None:
        golden, given = wrong
        raise Rejected(
            f"{path}: golden row {golden.features[:3]}... gives {given!r}, "
            f"its manifest says {golden.expected!r}"
        )
