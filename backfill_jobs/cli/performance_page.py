"""The page that ``--html`` of ``props performance`` writes: one file, no network."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from backfill_jobs import charts, html


def write(found: dict[str, Any], path: Path) -> None:
    """Write what ``Performance`` found, with its errors by date."""
    charts.keep_cache_in(path.parent)
    html.write(path, "backfill_jobs.cli", "performance.html.jinja", found=found, plot=_plot(found))


def _plot(found: dict[str, Any]) -> str:
    """MAE of each date on the rows that had a line, beside the line's own."""
    days = [d for d in found["dates"] if d["lined_mae"] is not None]
    figure, axes = charts.figure(8.0, 3.6)
    when = [date.fromisoformat(d["game_date"]) for d in days]
    axes.plot(when, [d["lined_mae"] for d in days], marker="o", markersize=3, label=found["system"])
    axes.plot(
        when, [d["line_mae"] for d in days], marker="o", markersize=3, label="the line", color="#c44e52"
    )
    axes.set_ylabel("MAE, points, players with a line")
    axes.tick_params(axis="x", rotation=45)
    axes.legend(frameon=False)
    return charts.svg(figure)
