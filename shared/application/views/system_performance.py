"""How the systems have done: errors beside the line's, hit rates by edge, whether chances come true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from shared.application.grading.accuracy_totals import Totals, accuracy_totals
from shared.application.grading.performance import (
    beside_line,
    by_kind,
    check_question,
    grouped,
    rows_of_system,
    window,
)
from shared.application.queries.shared_connection import shared_connection
from shared.application.views.accuracy import AccuracyRow, accuracy_row, row_of_figures
from shared.application.views.partial_view import Parts
from shared.domain.evaluation import calibration_error, reliability
from shared.domain.statistics import wilson
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import Rejected
from shared.ports import Clock, Warehouse
from shared.warehouse.history import days_of, floats

MOST_DAYS = 400
"""A season and its summer."""

ORDER = ("LIVE", "BACKFILL", "SHADOW")
LEAST_FOR_CHANCES = 50
"""Rows below which bins of chances would say nothing."""


@dataclass(frozen=True)
class DateRow:
    """``mae`` and ``line_mae`` of the ``lined`` rows of one date, points."""

    game_date: date
    lined: int
    mae: float
    line_mae: float


@dataclass(frozen=True)
class ChanceRow:
    """Rows whose P(OVER) was alike: mean of what was said, and how often it came, 0-1; pushes are out."""

    n: int
    said: float
    seen: float
    low: float
    high: float


@dataclass(frozen=True)
class SystemPerformance:
    """``systems``: every system's rows of the window. All else is of ``system``: ``kinds`` with intervals,
    and of those that count as ``counted_as`` the ``groups``, ``dates`` and ``chances``."""

    system: str
    first: date
    last: date
    days: int
    by: str
    counted_as: str | None
    systems: tuple[AccuracyRow, ...]
    kinds: tuple[AccuracyRow, ...]
    groups: tuple[AccuracyRow, ...]
    dates: tuple[DateRow, ...]
    chances: tuple[ChanceRow, ...]
    chance_error: float | None
    away: tuple[str, ...]


class ShowPerformance:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    @shared_connection
    def __call__(
        self, system: str, days: int, by: str = "edge", counted_as: str | None = None
    ) -> SystemPerformance:
        """Two statements. Without ``counted_as`` live rows where there are any."""
        check_question(system, by)
        if days > MOST_DAYS:
            raise Rejected(f"days {days}, wanted at most {MOST_DAYS}")
        if counted_as is not None and counted_as not in ORDER:
            raise Rejected(f"counted_as {counted_as!r}, wanted one of {', '.join(ORDER)}")
        first, last = window(self._clock, days)
        parts = Parts()
        overview = parts.ask("warehouse", lambda: self._overview(first, last)) or ()
        rows = parts.ask("warehouse", lambda: rows_of_system(self._warehouse, system, first, last))
        kinds = by_kind(rows) if rows is not None else {}
        chosen = counted_as or next((k for k in ORDER if k in kinds), None)
        mine = kinds.get(chosen or "")
        chances, off = _chances(mine)
        return SystemPerformance(
            system=system,
            first=first,
            last=last,
            days=days,
            by=by,
            counted_as=chosen,
            systems=overview,
            kinds=tuple(accuracy_row("all", k, kinds[k]) for k in ORDER if k in kinds),
            groups=_groups(mine, by, chosen),
            dates=_dates(mine),
            chances=chances,
            chance_error=off,
            away=parts.away,
        )

    def _overview(self, first: date, last: date) -> tuple[AccuracyRow, ...]:
        sums: dict[tuple[str, str], Totals] = {}
        for of, totals in accuracy_totals(self._warehouse, first, last).items():
            key = (of.system_id, of.counted_as)
            sums[key] = sums.get(key, Totals()) + totals
        known = [*SYSTEM_IDS, *sorted({s for s, _ in sums} - set(SYSTEM_IDS))]
        return tuple(
            row_of_figures(system, kind, sums[system, kind].figures())
            for kind in ORDER
            for system in known
            if (system, kind) in sums
        )


def _groups(rows: pa.Table | None, by: str, counted_as: str | None) -> tuple[AccuracyRow, ...]:
    if rows is None or counted_as is None:
        return ()
    return tuple(accuracy_row(group, counted_as, of) for group, of in grouped(rows, by).items())


def _dates(rows: pa.Table | None) -> tuple[DateRow, ...]:
    """Of those dates on which some row had a line."""
    if rows is None:
        return ()
    error, line, points = (floats(rows[c]) for c in ("signed_error", "line_value", "actual_points"))
    found = []
    for day, at in days_of(rows).items():
        n, own, theirs = beside_line(error[at], line[at], points[at])
        if own is not None and theirs is not None:
            found.append(DateRow(day, n, own, theirs))
    return tuple(found)


def _chances(rows: pa.Table | None) -> tuple[tuple[ChanceRow, ...], float | None]:
    """Bins of equal mass, and the mean distance of said from seen over them; none for too few rows."""
    if rows is None:
        return (), None
    said, line, points = (floats(rows[c]) for c in ("prob_over", "line_value", "actual_points"))
    use = ~np.isnan(said) & ~np.isnan(line) & (points != line)
    p, over = said[use], (points > line)[use]
    if len(p) < LEAST_FOR_CHANCES:
        return (), None
    bins = []
    for b in reliability(p, over):
        rate = wilson(round(b.seen * b.n), b.n)
        bins.append(ChanceRow(b.n, b.forecast, b.seen, rate.low or 0.0, rate.high or 0.0))
    return tuple(bins), calibration_error(p, over)
