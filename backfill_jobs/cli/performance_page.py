"""The page that ``--html`` of ``props performance`` writes: one file, no network."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from backfill_jobs import charts, html


def write(report: dict[str, Any], path: Path) -> None:
    """Write the result of ``Performance``, with a plot of the errors by date."""
    charts.keep_cache_in(path.parent)
    html.write(path, "backfill_jobs.cli", "performance.html.jinja", report=report, plot=_plot(report))


def _plot(report: dict[str, Any]) -> str:
    """Plot the MAE of each date on the rows with a line, and the MAE of the line."""
    rows = [d for d in report["dates"] if d["lined_mae"] is not None]
    figure, axes = charts.figure(8.0, 3.6)
    dates = [date.fromisoformat(d["game_date"]) for d in rows]
    axes.plot(dates, [d["lined_mae"] for d in rows], marker="o", markersize=3, label=report["system"])
    axes.plot(dates, [d["line_mae"] for d in rows], marker="o", markersize=3, label="line", color="#c44e52")
    axes.set_ylabel("MAE, points, players with a line")
    axes.tick_params(axis="x", rotation=45)
    axes.legend(frameon=False)
    return charts.svg(figure)
