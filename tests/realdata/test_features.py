"""The features of a real season: one player at a time, one slate, and all at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from shared.application.ingestion.load import LoadFolder
from shared.application.training.examples import read_examples
from shared.embedded.clock import FixedClock
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from tests.conftest import CLOCK

SLATE, SEASON = date(2025, 3, 19), date(2024, 10, 22)


@pytest.mark.realdata
def test_a_slate_alone_gets_the_same_bits_as_within_its_season(tmp_path: Path, real_data: Path) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    now = CLOCK.now().replace(year=2026)
    LoadFolder(warehouse, FixedClock(now))(real_data)
    alone = read_examples(warehouse, SLATE, SLATE, now)
    season = read_examples(warehouse, SEASON, date(2025, 6, 22), now)
    assert len(alone) > 200
    assert len(season) > 25_000
    inside = season.day == alone.day[0]
    assert season.features.values[inside].tobytes() == alone.features.values.tobytes()
    assert season.context[inside].tobytes() == alone.context.tobytes()
    assert not np.isnan(alone.points).any()
