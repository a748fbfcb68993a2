"""Feature drift: recent feature distributions compared with the training data of the live model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.application.models.drift import DAYS, input_shifts
from shared.application.models.registry import Registry
from shared.domain.findings import Finding, info, ok, warning
from shared.domain.promotion import LARGE_SHIFT
from shared.errors import NotFound
from shared.model_registry.bundle import Manifest, read_bundle
from shared.ports import ModelStore, Warehouse

SYSTEM = "catboost_v9"
MIN_ROWS = 500


def feature_drift(
    warehouse: Warehouse,
    store: ModelStore,
    registry: Registry,
    active: Mapping[str, Mapping[str, Any]],
    game_date: date,
) -> list[Finding]:
    """Return one finding on all features of the live model, over the two weeks to the date."""
    if SYSTEM not in active:
        return [info("features:drift", f"no active rows of {SYSTEM}")]
    manifest = _manifest(store, registry, active[SYSTEM].get("model_id"))
    if manifest is None or not manifest.reference:
        return [
            info("features:drift", f"no training window to compare with: {SYSTEM} has no registered model")
        ]
    rows, psis = input_shifts(warehouse, manifest, game_date)
    if rows < MIN_ROWS:
        return [info("features:drift", f"{rows} stored rows in {DAYS} days, expected {MIN_ROWS}")]
    shifted = sorted(((psi, name) for name, psi in psis.items() if psi > LARGE_SHIFT), reverse=True)
    largest = ", ".join(f"{name} {value:.2f}" for value, name in shifted[:5])
    basis = f"{rows} rows against the training of {manifest.name}"
    if shifted:
        evidence = f"{len(shifted)} features above {LARGE_SHIFT} by PSI: {largest}; {basis}"
        return [warning("features:drift", evidence)]
    return [ok("features:drift", f"largest PSI {max(psis.values(), default=0.0):.2f}; {basis}")]


def _manifest(store: ModelStore, registry: Registry, model_id: str | None) -> Manifest | None:
    path = next((m["path"] for m in registry.models() if m["model_id"] == model_id), None)
    if path is None:
        return None
    try:
        return read_bundle(store, path).manifest
    except NotFound:
        return None
