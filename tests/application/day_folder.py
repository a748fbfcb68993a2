"""Folders with the games of the demo's date and rows of a test's own."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shared.application.ingestion.load import LoadFolder, LoadResult
from shared.embedded.clock import FixedClock
from shared.ports import Warehouse
from tests.conftest import CLOCK, DAY

NOW = CLOCK.now()
Rows = list[dict[str, Any]]


class DayFolder:
    """Loads the date's games with rows that are made of rows of the league."""

    def __init__(self, league: Path, folder: Path) -> None:
        self._league, self._folder = league, folder

    def rows(self, name: str, day: Any = DAY) -> Rows:
        table = pq.read_table(self._league / f"{name}.parquet")
        return list(table.filter(pc.equal(table["game_date"], pa.scalar(day))).to_pylist())

    def main_quotes(self) -> Rows:
        """Two-sided main quotes of the date that are captured by the demo's now, the oldest first."""
        found = [
            r
            for r in self.rows("prop_lines")
            if r["is_main"] and r["over_price"] and r["under_price"] and r["snapshot_time_utc"] < NOW
        ]
        return sorted(found, key=lambda r: r["snapshot_time_utc"])

    def load(self, warehouse: Warehouse, now: datetime = NOW, **rows: Rows) -> LoadResult:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        for name in ("games", "player_game_logs", "prop_lines", "injury_report"):
            schema = pq.read_schema(self._league / f"{name}.parquet")
            given = rows.get(name, self.rows("games") if name == "games" else [])
            pq.write_table(pa.Table.from_pylist(given, schema=schema), self._folder / f"{name}.parquet")
        return LoadFolder(warehouse, FixedClock(now))(self._folder)
