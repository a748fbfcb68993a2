"""Loads a model by path and verifies it by hash, features and golden rows."""

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
    """A model in memory. ``verified``: it has a manifest, and its golden rows give the expected predictions.
    ``output_warning``: why its output is probably not points, None if it may be."""

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
        """Warnings to report wherever this model serves."""
        warnings = [] if self.verified else [unverified_warning(self.system_id, self.model_id)]
        if self.output_warning:
            warnings.append(f"WARNING {self.system_id}: {self.model_id} {self.output_warning}")
        return warnings


def load_model(
    store: ModelStore, system_id: str, path: str, sha256: str | None = None, *, use_catboost: bool = False
) -> LoadedModel:
    """Load the model at exactly ``path``; a ``.cbm`` without a manifest loads unverified.

    CatBoost itself predicts with ``use_catboost``, for a model without a manifest, and if ``SymmetricTrees``
    does not reproduce the golden rows of the manifest bit by bit; otherwise it is not imported.

    Raises ``NotFound`` for a missing file, and ``Rejected`` for a different hash, feature list or golden row,
    naming both values, and for a loss whose model does not output points.
    """
    if system_id not in TRAINED:
        raise Rejected(f"{path}: {system_id!r} takes no model, expected one of {', '.join(MODEL_SYSTEMS)}")
    data = store.fetch(path)
    digest = sha256_of(data)
    if sha256 is not None and digest != sha256:
        raise Rejected(f"{path}: sha256 {digest}, expected {sha256}")
    manifest = _manifest(store, path)
    if manifest is not None and manifest.sha256 != digest:
        raise Rejected(f"{path}: sha256 {digest}, its manifest says {manifest.sha256}")
    check_loss(data, path)
    names = TRAINED[system_id].inputs
    model: Regressor | None
    if manifest is None:
        model = _catboost_model(data, path, names)
        output_warning = check_output(model, names, path)
        model_id = f"{UNVERIFIED}{digest[:8]}"
        return LoadedModel(system_id, model_id, digest, path, False, model, None, output_warning)
    if manifest.system_id != system_id:
        raise Rejected(f"{path}: a bundle of {manifest.system_id}, expected {system_id}")
    model = None if use_catboost or not manifest.golden else _numpy_model(data, names)
    if model is None or _golden_mismatch(manifest, model) is not None:
        model = _catboost_model(data, path, names)
        _check_golden(manifest, model, path)
    output_warning = check_output(model, names, path)
    return LoadedModel(system_id, manifest.name, digest, path, True, model, manifest, output_warning)


def load_shadows(store: ModelStore, paths: Sequence[str]) -> list[LoadedModel]:
    """Load shadow models, each for the system in its manifest.

    ``NotFound`` for a missing file, ``Rejected`` for a file without a manifest or with a different hash.
    """
    models = []
    for path in paths:
        manifest = _manifest(store, path)
        if manifest is None:
            raise Rejected(f"{path}: a shadow model needs a manifest, which names its system")
        models.append(load_model(store, manifest.system_id, path))
    return models


def load_all(
    store: ModelStore, paths: Mapping[str, str], sha256: Mapping[str, str]
) -> tuple[dict[str, LoadedModel], dict[str, str]]:
    """Return the loaded models by system, and the reason by system for missing files."""
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


def _numpy_model(data: bytes, names: tuple[str, ...]) -> Regressor | None:
    """Return the model as numpy trees, None if it is unsupported or has other inputs."""
    try:
        trees = read_trees(data)
    except UnsupportedModel:
        return None
    return SymmetricTrees(trees) if trees.names == names else None


def _catboost_model(data: bytes, path: str, names: tuple[str, ...]) -> Regressor:
    """Load with CatBoost, imported here: a process with supported models only does not load it, and the
    coordinator runs without it."""
    try:
        from shared.model_registry.catboost_model import parse_model
    except ModuleNotFoundError as exc:
        raise Rejected(f"{path}: only CatBoost can read this model, and it is not installed here") from exc

    return parse_model(data, path, names)


def _golden_mismatch(manifest: Manifest, model: Regressor) -> tuple[GoldenRow, float] | None:
    """Return the first golden row with a different prediction, and that prediction."""
    if not manifest.golden:
        return None
    rows = np.array([g.features for g in manifest.golden], dtype=np.float64)
    pairs = zip(manifest.golden, model.predict(rows).tolist(), strict=True)
    return next((pair for pair in pairs if pair[0].expected != pair[1]), None)


def _check_golden(manifest: Manifest, model: Regressor, path: str) -> None:
    mismatch = _golden_mismatch(manifest, model)
    if mismatch is not None:
        golden, predicted = mismatch
        raise Rejected(
            f"{path}: golden row {golden.features[:3]}... gives {predicted!r}, "
            f"its manifest says {golden.expected!r}"
        )
