"""The console over the sample league, asked without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from tests.services.test_coordinator import Bench


@pytest.fixture
def bench(warehouse: DuckDbWarehouse, tmp_path: Path) -> Bench:
    return Bench(warehouse, tmp_path)
