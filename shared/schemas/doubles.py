"""Numbers as doubles in memory, NaN for None."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from shared.domain.arrays import Floats


def build_matrix(width: int, rows: Sequence[Sequence[float | None]]) -> Floats:
    """Return rows of ``width`` numbers as a matrix."""
    return np.frombuffer(b"".join(map(pack_doubles, rows)), np.float64).reshape(len(rows), width)


def pack_doubles(row: Sequence[float | None]) -> bytes:
    pack = _double_packer(len(row))
    try:
        return pack(*row)
    except struct.error:
        return pack(*[math.nan if v is None else v for v in row])


@cache
def _double_packer(n: int) -> Callable[..., bytes]:
    return struct.Struct(f"{n}d").pack
