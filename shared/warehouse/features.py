"""Read rows of the feature store as matrices of the domain."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from shared.domain.arrays import Floats
from shared.domain.features.context import CONTEXT
from shared.domain.features.contract import FEATURES
from shared.ports import Warehouse
from shared.warehouse.history import floats, padded
from shared.warehouse.statements import statement

ANY_MODE = "ANY"


def latest_features(warehouse: Warehouse, first: date, last: date, mode: str = ANY_MODE) -> pa.Table:
    """Return the rows of the newest finished snapshot of every game date, of one mode or of any."""
    return warehouse.query(statement("latest_features_between", first=first, last=last, mode=mode))


def matrix(rows: pa.Table) -> Floats:
    """Return (n, 33) values of the contract, NaN where missing."""
    return np.stack([floats(rows[f"feature_{i}_value"]) for i in range(len(FEATURES))], axis=-1)


def context_matrix(rows: pa.Table) -> Floats:
    """Return (n, 29) columns of ``CONTEXT``; all NaN for a row that was built without them."""
    return padded(rows["context"], len(CONTEXT))
