"""The page that ``--html`` of ``props evaluate`` writes: one file, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backfill_jobs import charts, html


def write(report: dict[str, Any], path: Path) -> None:
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
