"""Grading coverage of a range of game dates, by system."""

from __future__ import annotations

from datetime import date

from shared.domain.coverage import Coverage, coverage
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.ports import Clock, Warehouse
from shared.warehouse.schedule import refresh_game_status
from shared.warehouse.statements import statement


class GradingCoverage:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse = warehouse
        self._clock = clock

    def __call__(self, first: date, last: date) -> dict[str, Coverage]:
        """Every system of the catalogue, and any other that has rows."""
        refresh_game_status(self._warehouse, self._clock.now(), first, last)
        counts: dict[str, dict[str, tuple[int, int]]] = {system: {} for system in SYSTEM_IDS}
        rows = self._warehouse.query(statement("coverage_rows", first=first, last=last))
        for row in rows.to_pylist():
            counts.setdefault(row["system_id"], {})[row["standing"]] = (row["predictions"], row["graded"])
        return {
            system: coverage(*of.get("due", (0, 0)), {why: n for why, (n, _) in of.items() if why != "due"})
            for system, of in counts.items()
        }
