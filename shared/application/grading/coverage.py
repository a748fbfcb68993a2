"""Grading coverage of a range of game dates, by system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from shared.application.queries.shared_connection import shared_connection
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
        found = _by_system(self._rows(first, last))
        return {system: found.get(system, NOTHING) for system in (*SYSTEM_IDS, *found)}

    def by_date(self, first: date, last: date) -> dict[date, dict[str, Coverage]]:
        """The same of each date that has rows, for the systems that have some."""
        rows = self._rows(first, last)
        return {
            day: _by_system([r for r in rows if r["game_date"] == day])
            for day in dict.fromkeys(r["game_date"] for r in rows)
        }

    @shared_connection
    def _rows(self, first: date, last: date) -> list[dict[str, Any]]:
        refresh_game_status(self._warehouse, self._clock.now(), first, last)
        asked = statement("coverage_rows", first=first, last=last)
        return list(self._warehouse.query(asked).to_pylist())


NOTHING = coverage(0, 0, {})
INCOMPLETE = "incomplete_box_score"


def _by_system(rows: Iterable[Mapping[str, Any]]) -> dict[str, Coverage]:
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    for row in rows:
        standings = counts.setdefault(row["system_id"], {})
        predictions, graded = standings.get(row["standing"], (0, 0))
        standings[row["standing"]] = (predictions + row["predictions"], graded + row["graded"])
    return {system: _coverage(of) for system, of in counts.items()}


def _coverage(counts: Mapping[str, tuple[int, int]]) -> Coverage:
    """Coverage from rows and graded rows by standing; rows that wait for a whole box score are due."""
    due, waiting = counts.get("due", (0, 0)), counts.get(INCOMPLETE, (0, 0))
    undue = {why: n for why, (n, _) in counts.items() if why not in ("due", INCOMPLETE)}
    return coverage(due[0] + waiting[0], due[1] + waiting[1], undue, waiting[0])
