"""A warehouse with a few games of real teams, and imports into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.application.feeds.raw_file import RawFile
from shared.application.importing.import_files import ImportFiles, ImportResult
from shared.embedded.clock import FixedClock
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.ports import Statement

NOW = datetime(2025, 3, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Memory:
    """A file that is not on a disk."""

    raw: RawFile

    @property
    def name(self) -> str:
        return self.raw.name

    def read(self) -> RawFile:
        return self.raw


class World:
    def __init__(self, root: Path, now: datetime = NOW) -> None:
        self.warehouse = DuckDbWarehouse(root / "warehouse.duckdb")
        self.clock = FixedClock(now)

    def add(self, *files: RawFile, **options: Any) -> ImportResult:
        return ImportFiles(self.warehouse, self.clock)([Memory(f) for f in files], **options)

    def rows(
        self, table: str, columns: Sequence[str], where: str = "game_date >= '1990-01-01'"
    ) -> list[tuple[Any, ...]]:
        names = ", ".join(columns)
        found = self.warehouse.query(Statement(f"SELECT {names} FROM {table} WHERE {where}"))
        return sorted((tuple(row.values()) for row in found.to_pylist()), key=repr)
