"""Grading coverage by system and date: graded rows, due rows, and why the other rows were not due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from shared.application.grading.coverage import GradingCoverage
from shared.domain.coverage import SEVERITY, UNDUE, Coverage, Level
from shared.domain.instants import eastern_date
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import Rejected
from shared.ports import Clock

DAYS = 14
MAX_DATES = 62
"""The most dates that the map can show legibly; use ``props coverage`` for longer spans."""


@dataclass(frozen=True)
class CoverageRow:
    """Rows of a system on a date: ``predictions`` = ``due`` + rows that are not due, by reason. ``coverage``:
    graded / due, 0-1, None if no row is due. ``incomplete_box_score``: due rows with a partial box score."""

    game_date: date
    system_id: str
    predictions: int
    due: int
    graded: int
    coverage: float | None
    level: str
    after_tipoff: int
    inactive: int
    no_line: int
    not_final: int
    void: int
    incomplete_box_score: int


@dataclass(frozen=True)
class CoverageMap:
    """``cells``: one for each date and system with rows. ``worst``: the worst level of all cells."""

    first: date
    last: date
    dates: tuple[date, ...]
    systems: tuple[str, ...]
    cells: tuple[CoverageRow, ...]
    worst: str

    def cell(self, day: date, system: str) -> CoverageRow | None:
        return self._cells.get((day, system))

    @cached_property
    def _cells(self) -> dict[tuple[date, str], CoverageRow]:
        return {(c.game_date, c.system_id): c for c in self.cells}

    @property
    def incomplete_cells(self) -> tuple[CoverageRow, ...]:
        """Cells with due rows that are not graded."""
        return tuple(c for c in self.cells if c.graded < c.due)


class ShowCoverage:
    def __init__(self, coverage: GradingCoverage, clock: Clock) -> None:
        self._coverage, self._clock = coverage, clock

    def __call__(self, first: date | None = None, last: date | None = None) -> CoverageMap:
        """Return the coverage of a date range; by default the two weeks to today."""
        end = last or (first + timedelta(days=DAYS - 1) if first else eastern_date(self._clock.now()))
        start = first or end - timedelta(days=DAYS - 1)
        if end < start:
            raise Rejected(f"end_date: {end}, expected {start} or later")
        if (end - start).days >= MAX_DATES:
            raise Rejected(f"end_date: {end}, expected at most {MAX_DATES} dates from {start} on")
        coverage = self._coverage.by_date(start, end)
        cells = tuple(_row(day, s, c) for day, systems in coverage.items() for s, c in _ordered(systems))
        with_rows = {c.system_id for c in cells}
        return CoverageMap(
            first=start,
            last=end,
            dates=tuple(coverage),
            systems=tuple(s for s in (*SYSTEM_IDS, *sorted(with_rows - set(SYSTEM_IDS))) if s in with_rows),
            cells=cells,
            worst=max((Level(c.level) for c in cells), key=SEVERITY.__getitem__, default=Level.NOT_DUE).value,
        )


def _ordered(systems: dict[str, Coverage]) -> list[tuple[str, Coverage]]:
    order = (*SYSTEM_IDS, *sorted(systems))
    return sorted(systems.items(), key=lambda entry: order.index(entry[0]))


def _row(day: date, system: str, c: Coverage) -> CoverageRow:
    return CoverageRow(
        game_date=day,
        system_id=system,
        predictions=c.predictions,
        due=c.due,
        graded=c.graded,
        coverage=c.coverage,
        level=c.level.value,
        **{why: c.undue.get(why, 0) for why in UNDUE},
        incomplete_box_score=c.incomplete_box_score,
    )
