"""Fits each model once: later fits on the same rows read the bytes of the model file.

Fitting is deterministic (``tests/model_registry/test_bundles.py`` fits twice and compares the bytes). Fixtures
and the programs that tests start use this; tests of training itself fit.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shared.application.training import recipes
from shared.model_registry.catboost_model import to_bytes

FOLDER = Path(__file__).parents[1] / ".pytest_cache" / "trained"


class FittedModel:
    """The bytes of a model file, for ``to_bytes``."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def get_metadata(self) -> dict[str, str]:
        return {}

    def save_model(self, path: str) -> None:
        Path(path).write_bytes(self._data)


def fit_once(recipe: recipes.Recipe) -> Callable[[recipes.Rows], Any]:
    def fit(rows: recipes.Rows) -> FittedModel:
        file = FOLDER / f"{key(recipe, rows)}.cbm"
        if not file.exists():
            FOLDER.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{os.getpid()}")
            part.write_bytes(to_bytes(recipe.fit(rows)))
            part.rename(file)
        return FittedModel(file.read_bytes())

    return fit


def key(recipe: recipes.Recipe, rows: recipes.Rows) -> str:
    """A hash of all that a fit depends on."""
    digest = hashlib.sha256(Path(recipes.__file__).read_bytes())
    named = (recipe.fit.__name__, dict(recipe.settings), rows.names, version("catboost"), version("numpy"))
    digest.update(repr(named).encode())
    for array in (rows.x, rows.y, rows.day):
        digest.update(array.tobytes())
    return digest.hexdigest()[:32]


@contextmanager
def fits_once() -> Iterator[None]:
    """Fit with every recipe once; restore the recipes at the end."""
    before = dict(recipes.RECIPES)
    for system, recipe in before.items():
        recipes.RECIPES[system] = dataclasses.replace(recipe, fit=fit_once(recipe))
    try:
        yield
    finally:
        recipes.RECIPES.update(before)
