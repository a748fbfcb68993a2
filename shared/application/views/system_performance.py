"""Performance of the systems: errors compared with the line, hit rates by edge, and calibration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from shared.application.grading.accuracy_totals import Totals, accuracy_totals
from shared.application.grading.performance import (
    check_system_and_group,
    compare_with_line,
    rows_of_system,
    split_by_group,
    split_by_kind,
    window,
)
from shared.application.queries.shared_connection import shared_connection
from shared.application.views.accuracy import AccuracyRow, accuracy_row, row_of_figures
from shared.application.views.partial_view import PartialView
from shared.domain.evaluation import calibration_error, reliability
from shared.domain.statistics import wilson
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import Rejected
from shared.ports import Clock, Warehouse
from shared.warehouse.history import days_of, floats

MAX_DAYS = 400
"""A season and its summer."""

COUNTED_AS_ORDER = ("LIVE", "BACKFILL", "SHADOW")
MIN_ROWS_FOR_CALIBRATION = 50
"""With fewer rows the calibration bins are too small to mean anything."""


@dataclass(frozen=True)
class DateRow:
    """``mae`` and ``line_mae``, in points, of the rows of one date with a line; ``lined`` counts them."""

    game_date: date
    lined: int
    mae: float
    line_mae: float


@dataclass(frozen=True)
class CalibrationRow:
    """A bin of rows with similar P(OVER): mean (``said``) and observed rate (``seen``), 0-1, no pushes."""

    n: int
    said: float
    seen: float
    low: float
    high: float


@dataclass(frozen=True)
class SystemPerformance:
    """``systems`` covers every system in the window; all other tables cover ``system``. ``kinds`` has
    intervals; ``groups``, ``dates`` and ``chances`` cover the rows of kind ``counted_as``."""

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
    chances: tuple[CalibrationRow, ...]
    chance_error: float | None
    unavailable: tuple[str, ...]


class ShowPerformance:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    @shared_connection
    def __call__(
        self, system: str, days: int, by: str = "edge", counted_as: str | None = None
    ) -> SystemPerformance:
        """Runs two statements. ``counted_as`` defaults to LIVE if there are live rows."""
        check_system_and_group(system, by)
        if days > MAX_DAYS:
            raise Rejected(f"days {days}, expected at most {MAX_DAYS}")
        if counted_as is not None and counted_as not in COUNTED_AS_ORDER:
            raise Rejected(f"counted_as {counted_as!r}, expected one of {', '.join(COUNTED_AS_ORDER)}")
        first, last = window(self._clock, days)
        parts = PartialView()
        overview = parts.get_or_none("warehouse", lambda: self._overview(first, last)) or ()
        rows = parts.get_or_none("warehouse", lambda: rows_of_system(self._warehouse, system, first, last))
        kinds = split_by_kind(rows) if rows is not None else {}
        chosen = counted_as or next((k for k in COUNTED_AS_ORDER if k in kinds), None)
        selected = kinds.get(chosen or "")
        bins, calibration_gap = _calibration(selected)
        return SystemPerformance(
            system=system,
            first=first,
            last=last,
            days=days,
            by=by,
            counted_as=chosen,
            systems=overview,
            kinds=tuple(accuracy_row("all", k, kinds[k]) for k in COUNTED_AS_ORDER if k in kinds),
            groups=_groups(selected, by, chosen),
            dates=_dates(selected),
            chances=bins,
            chance_error=calibration_gap,
            unavailable=parts.unavailable,
        )

    def _overview(self, first: date, last: date) -> tuple[AccuracyRow, ...]:
        sums: dict[tuple[str, str], Totals] = {}
        for group, totals in accuracy_totals(self._warehouse, first, last).items():
            key = (group.system_id, group.counted_as)
            sums[key] = sums.get(key, Totals()) + totals
        systems = [*SYSTEM_IDS, *sorted({s for s, _ in sums} - set(SYSTEM_IDS))]
        return tuple(
            row_of_figures(system, kind, sums[system, kind].figures())
            for kind in COUNTED_AS_ORDER
            for system in systems
            if (system, kind) in sums
        )


def _groups(rows: pa.Table | None, by: str, counted_as: str | None) -> tuple[AccuracyRow, ...]:
    if rows is None or counted_as is None:
        return ()
    return tuple(accuracy_row(group, counted_as, part) for group, part in split_by_group(rows, by).items())


def _dates(rows: pa.Table | None) -> tuple[DateRow, ...]:
    """Return one row for each date with a line."""
    if rows is None:
        return ()
    error, line, points = (floats(rows[c]) for c in ("signed_error", "line_value", "actual_points"))
    dates = []
    for day, at in days_of(rows).items():
        n, mae, line_mae = compare_with_line(error[at], line[at], points[at])
        if mae is not None and line_mae is not None:
            dates.append(DateRow(day, n, mae, line_mae))
    return tuple(dates)


def _calibration(rows: pa.Table | None) -> tuple[tuple[CalibrationRow, ...], float | None]:
    """Return bins of equal size, and their mean gap between predicted and observed; none for too few rows."""
    if rows is None:
        return (), None
    prob_over, line, points = (floats(rows[c]) for c in ("prob_over", "line_value", "actual_points"))
    use = ~np.isnan(prob_over) & ~np.isnan(line) & (points != line)
    p, over = prob_over[use], (points > line)[use]
    if len(p) < MIN_ROWS_FOR_CALIBRATION:
        return (), None
    bins = []
    for b in reliability(p, over):
        rate = wilson(round(b.seen * b.n), b.n)
        bins.append(CalibrationRow(b.n, b.forecast, b.seen, rate.low or 0.0, rate.high or 0.0))
    return tuple(bins), calibration_error(p, over)
