"""Step functions: constant between borders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.domain.arrays import Floats


class Steps:
    """A function that is constant between borders."""

    def __init__(self, borders: Sequence[float], values: Sequence[float], unknown: float = np.nan) -> None:
        """``values``: below the first border, then from each border on. ``unknown``: value for NaN."""
        self._borders = np.array([*borders, np.nan])  # NaN is sorted last
        self._values = np.array([*values, unknown])

    def __call__(self, x: NDArray[np.float64 | np.int64]) -> Floats:
        return self._values.take(self._borders.searchsorted(x, "right"))


def above(border: float) -> float:
    """Return the smallest number above ``border``."""
    return float(np.nextafter(border, np.inf))
