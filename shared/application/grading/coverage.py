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
from shared.warehouse.statements import query_rows


class GradingCoverage:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    def __call__(self, first: date, last: date) -> dict[str, Coverage]:
        """Return the coverage of every system in the catalogue, and of any other system with rows."""
        coverages = _by_system(self._read_rows(first, last))
        return {system: coverages.get(system, NO_ROWS) for system in (*SYSTEM_IDS, *coverages)}

    def by_date(self, first: date, last: date) -> dict[date, dict[str, Coverage]]:
        """Return the coverage by date and system, for dates and systems with rows."""
        rows = self._read_rows(first, last)
        return {
            day: _by_system([r for r in rows if r["game_date"] == day])
            for day in dict.fromkeys(r["game_date"] for r in rows)
        }

    @shared_connection
    def _read_rows(self, first: date, last: date) -> list[dict[str, Any]]:
        refresh_game_status(self._warehouse, self._clock.now(), first, last)
        return query_rows(self._warehouse, "coverage_rows", first=first, last=last)


NO_ROWS = coverage(0, 0, {})
INCOMPLETE = "incomplete_box_score"


def _by_system(rows: Iterable[Mapping[str, Any]]) -> dict[str, Coverage]:
    counts: dict[str, dict[str, tuple[int, int]]] = {}
    for row in rows:
        counts_by_standing = counts.setdefault(row["system_id"], {})
        predictions, graded = counts_by_standing.get(row["standing"], (0, 0))
        counts_by_standing[row["standing"]] = (predictions + row["predictions"], graded + row["graded"])
    return {system: _coverage(counts_of_system) for system, counts_of_system in counts.items()}


def _coverage(counts: Mapping[str, tuple[int, int]]) -> Coverage:
    """Return the coverage of (rows, graded rows) by standing; rows with an incomplete box score are due."""
    due, incomplete = counts.get("due", (0, 0)), counts.get(INCOMPLETE, (0, 0))
    not_due = {why: n for why, (n, _) in counts.items() if why not in ("due", INCOMPLETE)}
    return coverage(due[0] + incomplete[0], due[1] + incomplete[1], not_due, incomplete[0])
