"""Keeps pyarrow from importing pandas in a serving process, which does not need it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

import pyarrow as pa


class _NoPandas:
    """Import finder that reports pandas as not installed."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if name == "pandas":
            raise ModuleNotFoundError("pandas is not used in this process", name=name)
        return None


def keep_pandas_out() -> None:
    """Make pyarrow skip its import of pandas in this process, unless pandas is imported already.

    With the first array of Python values pyarrow tries once to import pandas. Where CatBoost has installed
    it, that costs a second and a hundred megabytes.
    """
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([None])
    finally:
        sys.meta_path.remove(finder)
