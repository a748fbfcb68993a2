"""HTML report of a demo: one file, no network."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from backfill_jobs import charts, html
from backfill_jobs.demo import figures
from backfill_jobs.demo.scenario import SHOWN_SYSTEM, Outcome
from shared.domain.instants import eastern_text
from shared.domain.systems.catalog import SYSTEM_IDS


def write(outcome: Outcome, path: Path) -> Path:
    """Write the report and return its path."""
    summary = figures.summary(outcome)
    graded_rows = {(r["player_id"], r["system_id"]): r for r in outcome.accuracy}
    predictions = [
        {**r, "grade": graded_rows.get((r["player_id"], SHOWN_SYSTEM), {})}
        for r in outcome.predictions
        if r["system_id"] == SHOWN_SYSTEM
    ]
    charts.keep_cache_in(path.parent)
    html.write(
        path,
        "backfill_jobs.demo",
        "report.html.jinja",
        summary=summary,
        games=[g | {"tipoff": _tipoff(g["game_start_utc"])} for g in outcome.games],
        predictions=sorted(predictions, key=lambda r: (r["game_id"], -(r["predicted_points"]))),
        systems=[_system(outcome, s, summary) for s in SYSTEM_IDS],
        scatter=_scatter(outcome),
        bars=_bars(outcome, summary),
    )
    return path


def _tipoff(start: datetime | None) -> str | None:
    """Return the tip-off time in US Eastern time, with the zone."""
    return None if start is None else eastern_text(start)[11:]


def _system(outcome: Outcome, system: str, summary: figures.Summary) -> dict[str, Any]:
    hits, bets = figures.hits(outcome, system)
    rows, mae = summary["rows_by_system"][system], summary["mae_by_system"][system]
    lined = figures.lined_mae(outcome, system)
    return {"id": system, "rows": rows, "mae": mae, "lined": lined, "hits": hits, "bets": bets}


def _scatter(outcome: Outcome) -> str:
    """Plot predicted against scored points of one system."""
    rows = [r for r in outcome.accuracy if r["system_id"] == SHOWN_SYSTEM and not r["is_voided"]]
    figure, axes = charts.figure()
    axes.plot([0, 45], [0, 45], color="#999999", linewidth=1)
    axes.scatter([r["predicted_points"] for r in rows], [r["actual_points"] for r in rows], s=14, alpha=0.7)
    axes.set_xlabel("predicted points")
    axes.set_ylabel("points scored")
    axes.set_title(f"{SHOWN_SYSTEM}: {len(rows)} players who played")
    return charts.svg(figure)


def _bars(outcome: Outcome, summary: figures.Summary) -> str:
    """Plot the MAE of each system and of the line, on players with a line if there are any, else on all."""
    has_lines = summary["line_mae"] is not None
    values = {
        s: figures.lined_mae(outcome, s) if has_lines else summary["mae_by_system"][s] for s in SYSTEM_IDS
    }
    bars = [(s, v) for s, v in values.items() if v is not None]
    figure, axes = charts.figure()
    axes.barh([s for s, _ in bars], [v for _, v in bars], color="#4c72b0")
    if has_lines:
        axes.axvline(summary["line_mae"], color="#c44e52", label=f"line: {summary['line_mae']:.2f}")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    axes.set_xlabel("MAE, points, " + ("players with a line" if has_lines else "all players"))
    axes.invert_yaxis()
    return charts.svg(figure)
