"""The page that ``--html`` of ``props evaluate`` writes: one file, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backfill_jobs import charts, html


def write(told: dict[str, Any], path: Path) -> None:
    """Write what ``Evaluate`` found, with the reliability of each system's P(OVER)."""
    charts.keep_cache_in(path.parent)
    systems = {s: f for s, f in told["systems"].items() if f["n"]}
    plots = [_reliability(s, f) for s, f in systems.items() if f["log_loss"] is not None]
    html.write(path, "backfill_jobs.cli", "evaluation.html.jinja", told=told, systems=systems, plots=plots)


def _reliability(system: str, f: dict[str, Any]) -> str:
    """How often OVER came in each fifth of the rows, against what was said."""
    said, seen = ([b[name] for b in f["reliability"]] for name in ("forecast", "seen"))
    low, high = min(said + seen) - 0.02, max(said + seen) + 0.02
    figure, axes = charts.figure(3.6, 3.4)
    axes.plot([low, high], [low, high], color="#999999", linewidth=1)
    axes.plot(said, seen, marker="o", markersize=4)
    axes.set_xlabel("P(OVER) said")
    axes.set_ylabel("share that went OVER")
    axes.set_title(f"{system}\nerror {f['ece']:.3f}, chance alone up to {f['ece_limit']:.3f}", fontsize=9)
    return charts.svg(figure)
