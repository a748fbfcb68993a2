"""The pages that ``--html`` of ``props evaluate`` and ``props performance`` writes: one file, no network."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from backfill_jobs import charts, html


def write_evaluation(report: dict[str, Any], path: Path) -> None:
    """Write the result of ``Evaluate``, with a reliability plot of each system's P(OVER)."""
    charts.keep_cache_in(path.parent)
    systems = {s: f for s, f in report["systems"].items() if f["n"]}
    plots = [_reliability(s, f) for s, f in systems.items() if f["log_loss"] is not None]
    html.write(
        path, "backfill_jobs.cli", "evaluation.html.jinja", report=report, systems=systems, plots=plots
    )


def _reliability(system: str, f: dict[str, Any]) -> str:
    """Plot the observed share of OVER against the predicted one, for each fifth of the rows."""
    predicted, observed = ([b[name] for b in f["reliability"]] for name in ("forecast", "seen"))
    low, high = min(predicted + observed) - 0.02, max(predicted + observed) + 0.02
    figure, axes = charts.figure(3.6, 3.4)
    axes.plot([low, high], [low, high], color="#999999", linewidth=1)
    axes.plot(predicted, observed, marker="o", markersize=4)
    axes.set_xlabel("predicted P(OVER)")
    axes.set_ylabel("observed share of OVER")
    axes.set_title(f"{system}\nerror {f['ece']:.3f}, chance alone up to {f['ece_limit']:.3f}", fontsize=9)
    return charts.svg(figure)


def write_performance(report: dict[str, Any], path: Path) -> None:
    """Write the result of ``Performance``, with a plot of the errors by date."""
    charts.keep_cache_in(path.parent)
    html.write(path, "backfill_jobs.cli", "performance.html.jinja", report=report, plot=_errors(report))


def _errors(report: dict[str, Any]) -> str:
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
