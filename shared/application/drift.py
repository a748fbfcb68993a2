"""How far the features of late lie from those that a model was trained on."""

from __future__ import annotations

from datetime import date, timedelta

from shared.domain.features_contract import INDEX
from shared.domain.statistics import Distribution, stability
from shared.model_registry.bundle import Manifest
from shared.ports import Warehouse
from shared.warehouse.features import latest_features, matrix

DAYS = 14


def shifts(warehouse: Warehouse, manifest: Manifest, last: date) -> tuple[int, dict[str, float]]:
    """Rows stored in the two weeks to ``last``, and the population stability index of each feature.

    Empty without rows, or for a bundle that keeps no distribution.
    """
    rows = latest_features(warehouse, last - timedelta(days=DAYS - 1), last)
    if not rows.num_rows:
        return 0, {}
    values = matrix(rows)
    return rows.num_rows, {
        name: stability(Distribution(r.edges, r.shares, r.missing), values[:, INDEX[name]])
        for name, r in manifest.reference.items()
    }
