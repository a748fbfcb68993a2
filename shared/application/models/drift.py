"""How far the features of late lie from those that a model was trained on."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from shared.domain.features.context import ALL_INPUTS
from shared.domain.statistics import Distribution, stability
from shared.model_registry.bundle import Manifest
from shared.ports import Warehouse
from shared.warehouse.features import context_matrix, latest_features, matrix

DAYS = 14


def input_shifts(warehouse: Warehouse, manifest: Manifest, last: date) -> tuple[int, dict[str, float]]:
    """Rows stored in the two weeks to ``last``, and the population stability index of each input.

    Empty without rows, or for a bundle that keeps no distribution.
    """
    rows = latest_features(warehouse, last - timedelta(days=DAYS - 1), last)
    if not rows.num_rows:
        return 0, {}
    values = np.concatenate([matrix(rows), context_matrix(rows)], axis=-1)
    return rows.num_rows, {
        name: stability(Distribution(r.edges, r.shares, r.missing), values[:, ALL_INPUTS.index(name)])
        for name, r in manifest.reference.items()
    }
