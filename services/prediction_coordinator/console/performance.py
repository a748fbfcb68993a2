"""The performance page: all systems over a window, and one system in detail."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.formatting import percent
from services.prediction_coordinator.console.pages import Pages
from services.prediction_coordinator.console.tables import csv_response
from services.prediction_coordinator.console.views import Views
from shared.application.grading.performance import GROUPS
from shared.application.views.accuracy import AccuracyRow
from shared.application.views.partial_view import require_complete
from shared.application.views.system_performance import (
    COUNTED_AS_ORDER,
    MAX_DAYS,
    CalibrationRow,
    DateRow,
    SystemPerformance,
)
from shared.application.views.today import PREFERRED
from shared.domain.statistics import BREAKEVEN
from shared.domain.systems.catalog import SYSTEM_IDS

DAYS = 30
WINDOWS = (7, 14, 30, 90, 365)
KINDS: dict[str, type[Any]] = {"dates": DateRow, "chances": CalibrationRow}


def add_performance(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/performance")
    def performance(
        request: Request,
        system: str = PREFERRED,
        days: int = DAYS,
        by: str = "edge",
        counted_as: str | None = None,
    ) -> Response:
        view = views.performance(system, days, by, counted_as or None)
        return pages.html(
            request,
            "performance.html.jinja",
            503 if view.unavailable else 200,
            view=view,
            systems=SYSTEM_IDS,
            windows=sorted({*WINDOWS, days}),
            max_days=MAX_DAYS,
            groupings=tuple(GROUPS),
            kinds_of_rows=COUNTED_AS_ORDER,
            breakeven=BREAKEVEN,
            charts=_charts(view),
        )

    @router.get("/console/performance.csv")
    def performance_csv(
        table: Literal["systems", "kinds", "groups", "dates", "chances"] = "systems",
        system: str = PREFERRED,
        days: int = DAYS,
        by: str = "edge",
        counted_as: str | None = None,
    ) -> Response:
        view = require_complete(views.performance(system, days, by, counted_as or None))
        name = f"{table}-{days}-days" if table == "systems" else f"{table}-{system}-{days}-days"
        return csv_response(name, KINDS.get(table, AccuracyRow), getattr(view, table))


def _charts(view: SystemPerformance) -> dict[str, Any]:
    """Return the numbers of the tables in the form that the charts need."""
    hits = [
        {
            "group": r.group, "hit": r.hit, "low": r.hit_low, "high": r.hit_high, "n": r.decided,
            "label": f"{percent(r.hit)} of {r.decided}",
        }
        for r in view.groups
        if r.hit is not None
    ]  # fmt: skip
    return {
        "hits": {"breakeven": BREAKEVEN, "rows": hits},
        "errors": [{"date": d.game_date.isoformat(), "mae": d.mae, "line": d.line_mae} for d in view.dates],
        "chances": [
            {"predicted": c.said, "observed": c.seen, "low": c.low, "high": c.high, "n": c.n}
            for c in view.chances
        ],
    }
