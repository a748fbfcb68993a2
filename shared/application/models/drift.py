"""Feature drift: how far recent features differ from those of a model's training."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from shared.domain.features.context import ALL_INPUTS
from shared.domain.statistics import stability
from shared.model_registry.bundle import Manifest
from shared.ports import Warehouse
from shared.warehouse.features import context_matrix, latest_features, matrix

DAYS = 14


def input_shifts(warehouse: Warehouse, manifest: Manifest, last: date) -> tuple[int, dict[str, float]]:
    """Return the number of rows in the 14 days to ``last`` and the population stability index by input.

    The indices are empty without rows, or for a bundle without reference distributions.
    """
    rows = latest_features(warehouse, last - timedelta(days=DAYS - 1), last)
    if not rows.num_rows:
        return 0, {}
    values = np.concatenate([matrix(rows), context_matrix(rows)], axis=-1)
    return rows.num_rows, {
        name: stability(reference, values[:, ALL_INPUTS.index(name)])
        for name, reference in manifest.reference.items()
    }
