"""Rows of an accuracy table: error figures and hit rates with their intervals."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from shared.application.grading.performance import Figures, compute_figures
from shared.domain.statistics import mean_by_date
from shared.warehouse.history import day_numbers, floats


@dataclass(frozen=True)
class AccuracyRow:
    """Errors in points, rates 0-1. ``lined`` counts rows with a line, for ``lined_mae`` and ``line_mae``.

    ``worse``: system MAE minus line MAE on these rows, with an interval from resampled game dates; None for
    fewer than two dates. ``hit``: share of the ``decided`` picks that won, with Wilson's interval.
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
    """Return the accuracy of rows that ``accuracy_of_system`` selected."""
    row = row_of_figures(group, counted_as, compute_figures(rows))
    error, line, points = (floats(rows[c]) for c in ("signed_error", "line_value", "actual_points"))
    lined = ~np.isnan(line)
    excess = (np.abs(error) - np.abs(line - points))[lined]
    estimate = mean_by_date(excess, day_numbers(rows["game_date"])[lined]) if lined.any() else None
    if estimate is None:
        return row
    return replace(row, worse=estimate.value, worse_low=estimate.low, worse_high=estimate.high)


def row_of_figures(group: str, counted_as: str, f: Figures) -> AccuracyRow:
    """Return an accuracy row from sums alone, without ``worse`` and its interval: it needs rows by date."""
    return AccuracyRow(
        group=group,
        counted_as=counted_as,
        n=f.n,
        mae=f.mae,
        bias=f.bias,
        lined=f.lined_n,
        lined_mae=f.lined_mae,
        line_mae=f.line_mae,
        worse=None,
        worse_low=None,
        worse_high=None,
        decided=f.hit.n,
        hit=f.hit.rate,
        hit_low=f.hit.low,
        hit_high=f.hit.high,
        always_under=f.always_under.rate,
    )
