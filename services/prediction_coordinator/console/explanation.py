"""The page that explains one prediction."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.pages import Pages
from services.prediction_coordinator.console.tables import csv_response
from services.prediction_coordinator.console.views import Views
from shared.application.views.explanation import Explanation, InputRow, TermRow

MAX_BARS = 12
"""Terms with a bar of their own; one more bar sums the smaller terms."""


def add_explanation(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/predictions/{prediction_id}.csv")
    def explanation_csv(
        prediction_id: str, table: Literal["terms", "inputs"] = "terms", date: str | None = None
    ) -> Response:
        view = views.explanation(prediction_id, pages.date(date))
        kind = {"terms": TermRow, "inputs": InputRow}[table]
        return csv_response(f"{table}-{prediction_id}", kind, getattr(view, table))

    @router.get("/console/predictions/{prediction_id}")
    def explanation(request: Request, prediction_id: str, date: str | None = None) -> Response:
        """``date`` limits the search for the prediction to one date."""
        view = views.explanation(prediction_id, pages.date(date))
        return pages.html(request, "explanation.html.jinja", view=view, chart=_chart(view))


def _chart(view: Explanation) -> list[dict[str, Any]]:
    bars = [{"term": t.term, "points": t.points} for t in view.terms[:MAX_BARS]]
    tail = view.terms[MAX_BARS:]
    if tail:
        bars.append({"term": f"{len(tail)} smaller terms", "points": sum(t.points for t in tail)})
    return bars
