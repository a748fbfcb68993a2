"""One world for a module of tests: its models are trained once, its processes end with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared.application.training.train import TrainModels, demo_windows
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.model_registry.bundle import Bundle
from tests.conftest import CLOCK, DAY
from tests.deploy.world import World, stand_ins, world
from tests.infra.tools import require


@pytest.fixture(scope="session")
def two_of_v9(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Bundle]:
    """A model for every system that has one, and a second V9 of the month's window."""
    folder = tmp_path_factory.mktemp("release-models")
    warehouse = DuckDbWarehouse(Path(shutil.copy(loaded, folder / "warehouse.duckdb")))
    train = TrainModels(warehouse, DirectoryModelStore(), str(folder))
    windows = demo_windows(DAY)
    found = list(train(windows, CLOCK.now()).values())
    (monthly,) = [w for w in windows if w.system_id == "catboost_v9_2026_02"]
    return found + list(train([replace(monthly, system_id="catboost_v9")], CLOCK.now()).values())


@pytest.fixture(scope="module")
def there(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, loaded: Path
) -> Iterator[World]:
    """Without models where the module says ``MODELS = False``."""
    require("gcloud")
    servers: list[Any] = [
        request.getfixturevalue(f"{n}_emulator") for n in ("bigquery", "storage", "firestore")
    ]
    bundles: list[Bundle] = []
    if getattr(request.module, "MODELS", True):
        bundles = request.getfixturevalue("two_of_v9")
    folder = tmp_path_factory.mktemp("release")
    with world(folder, stand_ins(*servers), servers[1].url, loaded, bundles) as made:
        yield made
