"""The HTML report that a demo leaves: one file, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backfill_jobs import charts, html
from backfill_jobs.demo import figures
from backfill_jobs.demo.scenario import Outcome
from shared.domain.instants import eastern_text
from shared.domain.systems.catalog import SYSTEM_IDS

SHOWN = "catboost_v9"


def write(outcome: Outcome, path: Path) -> Path:
    """Write the report; gives its path."""
    total = figures.summary(outcome)
    ends = {(r["player_id"], r["system_id"]): r for r in outcome.accuracy}
    shown = [
        {**r, "end": ends.get((r["player_id"], SHOWN), {})}
        for r in outcome.predictions
        if r["system_id"] == SHOWN
    ]
    charts.keep_cache_in(path.parent)
    html.write(
        path,
        "backfill_jobs.demo",
        "report.html.jinja",
        total=total,
        games=[g | {"tipoff": _tipoff(g)} for g in outcome.games],
        shown=sorted(shown, key=lambda r: (r["game_id"], -(r["predicted_points"]))),
        systems=[_system(outcome, s, total) for s in SYSTEM_IDS],
        scatter=_scatter(outcome),
        bars=_bars(outcome, total),
    )
    return path


def _tipoff(game: dict[str, Any]) -> str | None:
    """Time of day in US Eastern time, with the zone."""
    start = game["game_start_utc"]
    return None if start is None else eastern_text(start)[11:]


def _system(outcome: Outcome, system: str, total: figures.Summary) -> dict[str, Any]:
    hits, bets = figures.hits(outcome, system)
    return {
        "id": system,
        "rows": total["rows_by_system"][system],
        "mae": total["mae_by_system"][system],
        "lined": figures.on_lined_rows(outcome, system),
        "hits": hits,
        "bets": bets,
    }


def _scatter(outcome: Outcome) -> str:
    """Predicted against scored points of one system."""
    rows = [r for r in outcome.accuracy if r["system_id"] == SHOWN and not r["is_voided"]]
    figure, axes = charts.figure()
    axes.plot([0, 45], [0, 45], color="#999999", linewidth=1)
    axes.scatter([r["predicted_points"] for r in rows], [r["actual_points"] for r in rows], s=14, alpha=0.7)
    axes.set_xlabel("predicted points")
    axes.set_ylabel("points scored")
    axes.set_title(f"{SHOWN}: {len(rows)} players who played")
    return charts.svg(figure)


def _bars(outcome: Outcome, total: figures.Summary) -> str:
    """MAE of each system beside the line's, on the players who had a line, else on all."""
    lined = total["line_mae"] is not None
    values = {
        s: figures.on_lined_rows(outcome, s) if lined else total["mae_by_system"][s] for s in SYSTEM_IDS
    }
    named = [(s, v) for s, v in values.items() if v is not None]
    figure, axes = charts.figure()
    axes.barh([s for s, _ in named], [v for _, v in named], color="#4c72b0")
    if lined:
        axes.axvline(total["line_mae"], color="#c44e52", label=f"the line: {total['line_mae']:.2f}")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    axes.set_xlabel("MAE, points, " + ("players with a line" if lined else "all players"))
    axes.invert_yaxis()
    return charts.svg(figure)
