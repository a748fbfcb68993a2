"""How rows were graded, as rows of a page's table: figures with their intervals, live and others apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from shared.application.grading.performance import Figures, figures
from shared.domain.statistics import mean_by_date
from shared.warehouse.history import day_numbers, floats


@dataclass(frozen=True)
class AccuracyRow:
    """Errors in points, rates 0-1. ``lined``: rows with a line, which ``lined_mae`` and ``line_mae`` are of.

    ``worse``: mean of the own less the line's absolute error on them, with an interval over whole game dates;
    None for fewer than two dates. ``hit``: of ``decided`` sides, with Wilson's interval.
    """

    group: str
    counted_as: str
    n: int
    mae: float | None
    bias: float | None
    lined: int
    lined_mae: float | None
    line_mae: float | None
    worse: float | None
    worse_low: float | None
    worse_high: float | None
    decided: int
    hit: float | None
    hit_low: float | None
    hit_high: float | None
    always_under: float | None


def accuracy_row(group: str, counted_as: str, rows: pa.Table) -> AccuracyRow:
    """``rows`` are of ``accuracy_of_system``."""
    return _row(group, counted_as, figures(rows), _worse(rows))


def row_of_figures(group: str, counted_as: str, f: Figures) -> AccuracyRow:
    """The same where only sums are known, which say nothing of how dates differ."""
    return _row(group, counted_as, f, (None, None, None))


def _row(
    group: str, counted_as: str, f: Figures, worse: tuple[float | None, float | None, float | None]
) -> AccuracyRow:
    return AccuracyRow(
        group=group,
        counted_as=counted_as,
        n=f.n,
        mae=f.mae,
        bias=f.bias,
        lined=f.lined_n,
        lined_mae=f.lined_mae,
        line_mae=f.line_mae,
        worse=worse[0],
        worse_low=worse[1],
        worse_high=worse[2],
        decided=f.hit.n,
        hit=f.hit.rate,
        hit_low=f.hit.low,
        hit_high=f.hit.high,
        always_under=f.always_under.rate,
    )


def _worse(rows: pa.Table) -> tuple[float | None, float | None, float | None]:
    error, line, points = (floats(rows[c]) for c in ("signed_error", "line_value", "actual_points"))
    lined = ~np.isnan(line)
    gap = (np.abs(error) - np.abs(line - points))[lined]
    found = mean_by_date(gap, day_numbers(rows["game_date"])[lined]) if lined.any() else None
    return (None, None, None) if found is None else (found.value, found.low, found.high)
