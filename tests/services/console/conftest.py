"""The console over the sample league, asked without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from tests.application.worlds import Jobs
from tests.services.console.graded import Console
from tests.services.test_coordinator import Bench


@pytest.fixture
def bench(warehouse: DuckDbWarehouse, tmp_path: Path) -> Bench:
    return Bench(warehouse, tmp_path)


@pytest.fixture(scope="session")
def console(graded_folder: Path) -> Console:
    """Read it only."""
    return Console(graded_folder)


@pytest.fixture
def console_copy(graded_copy: Jobs) -> Console:
    """One to change something in."""
    return Console(graded_copy.folder)


@pytest.fixture
def empty(tmp_path: Path) -> Console:
    """Nothing was ever loaded."""
    return Console(tmp_path / "home")
