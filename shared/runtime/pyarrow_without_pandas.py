"""How a serving process uses pyarrow: without pandas, which it has no use for."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa


class _NoPandas:
    """Says of pandas that it is not installed."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not asked for here", name=name)
        return None


def keep_pandas_out() -> None:
    """Let pyarrow do without pandas in this process, unless somebody has imported it.

    At the first array that it makes of Python values pyarrow looks once whether pandas is there, and imports
    it: a second and a hundred megabytes, where CatBoost has brought pandas along.
    """
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([None])
    finally:
        sys.meta_path.remove(finder)
