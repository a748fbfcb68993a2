"""The grading coverage page: a map of systems and dates."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.pages import Pages
from services.prediction_coordinator.console.tables import csv_response
from services.prediction_coordinator.console.views import Views
from shared.application.views.coverage_map import MAX_DATES, CoverageMap, CoverageRow
from shared.domain.coverage import OK_FROM, WARNING_FROM


def add_coverage(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/coverage")
    def coverage(request: Request, start_date: str | None = None, end_date: str | None = None) -> Response:
        view = views.coverage(pages.date(start_date, "start_date"), pages.date(end_date, "end_date"))
        limits: dict[str, Any] = {"max_dates": MAX_DATES, "ok_from": OK_FROM, "warning_from": WARNING_FROM}
        return pages.html(request, "coverage.html.jinja", view=view, **limits, chart=_chart(view))

    @router.get("/console/coverage.csv")
    def coverage_csv(start_date: str | None = None, end_date: str | None = None) -> Response:
        view = views.coverage(pages.date(start_date, "start_date"), pages.date(end_date, "end_date"))
        return csv_response(f"coverage-{view.first}-{view.last}", CoverageRow, view.cells)


def _chart(view: CoverageMap) -> dict[str, Any]:
    cells = [
        {
            "date": c.game_date.isoformat(), "system": c.system_id, "coverage": c.coverage, "level": c.level,
            "due": c.due, "graded": c.graded,
        }
        for c in view.cells
    ]  # fmt: skip
    return {"dates": [day.isoformat() for day in view.dates], "systems": view.systems, "cells": cells}
