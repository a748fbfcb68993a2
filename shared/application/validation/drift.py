"""Whether the features of late are distributed as those that the serving model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from shared.application.findings import Finding, info, ok, warning
from shared.application.registry import Registry
from shared.domain.features_contract import INDEX
from shared.domain.statistics import Distribution, stability
from shared.errors import NotFound
from shared.model_registry.bundle import Manifest, manifest_path, parse_manifest
from shared.ports import ModelStore, Warehouse
from shared.warehouse.features import latest_features, matrix

SYSTEM = "catboost_v9"
DAYS = 14
LEAST_ROWS = 500
LARGE = 0.25
"""Population stability index above which a shift is called large."""


def feature_drift(
    warehouse: Warehouse,
    store: ModelStore,
    registry: Registry,
    active: Mapping[str, Mapping[str, Any]],
    game_date: date,
) -> list[Finding]:
    """One finding on all features of the model behind the active rows, over two weeks to the date."""
    manifest = _manifest(store, registry, active.get(SYSTEM, {}).get("model_id"))
    if manifest is None or not manifest.reference:
        return [
            info("features:drift", f"no training window to compare with: {SYSTEM} has no registered model")
        ]
    rows = latest_features(warehouse, game_date - timedelta(days=DAYS - 1), game_date)
    if rows.num_rows < LEAST_ROWS:
        return [info("features:drift", f"{rows.num_rows} stored rows in {DAYS} days, wanted {LEAST_ROWS}")]
    values = matrix(rows)
    index = {
        name: stability(Distribution(r.edges, r.shares, r.missing), values[:, INDEX[name]])
        for name, r in manifest.reference.items()
    }
    moved = sorted(((v, n) for n, v in index.items() if v > LARGE), reverse=True)
    top = ", ".join(f"{name} {value:.2f}" for value, name in moved[:5])
    said = f"{rows.num_rows} rows against the training of {manifest.name}"
    if moved:
        return [warning("features:drift", f"{len(moved)} features above {LARGE} by PSI: {top}; {said}")]
    return [ok("features:drift", f"largest PSI {max(index.values(), default=0.0):.2f}; {said}")]


def _manifest(store: ModelStore, registry: Registry, model_id: str | None) -> Manifest | None:
    path = next((m["path"] for m in registry.models() if m["model_id"] == model_id), None)
    if path is None:
        return None
    beside = str(manifest_path(Path(path)))
    try:
        return parse_manifest(store.fetch(beside), beside)
    except NotFound:
        return None
