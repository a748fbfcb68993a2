"""The start page: one game date."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.pages import Pages, parse_system
from services.prediction_coordinator.console.tables import csv_response
from services.prediction_coordinator.console.views import Views
from shared.application.views.partial_view import require_complete
from shared.application.views.today import GameRow, MissingRow, PickRow
from shared.domain.findings import Finding
from shared.domain.signals import ALARM
from shared.errors import Rejected


def add_today(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/")
    def today(request: Request, date: str | None = None, system: str | None = None) -> Response:
        """Games, predictions of one system, and missing players; the page loads the findings afterwards."""
        view = views.today(pages.date(date), parse_system(system))
        status = 503 if view.unavailable else 200
        return pages.html(request, "today.html.jinja", status, view=view, alarm=ALARM)

    @router.get("/console/today.csv")
    def today_csv(
        table: Literal["games", "picks", "missing"] = "picks",
        date: str | None = None,
        system: str | None = None,
    ) -> Response:
        view = require_complete(views.today(pages.date(date), parse_system(system)))
        kind = {"games": GameRow, "picks": PickRow, "missing": MissingRow}[table]
        return csv_response(f"{table}-{view.game_date}", kind, getattr(view, table))

    @router.get("/console/findings")
    def findings(
        request: Request, date: str | None = None, again: bool = False, wait: bool = False
    ) -> Response:
        """Every finding of a date; without cached findings, a page that loads them."""
        day = pages.date(date)
        view = views.findings.get_cached(day) if not (again or wait) else views.findings(day, refresh=again)
        if view is None:
            return pages.loading(request, "Findings", "Checking inputs, features, predictions and services")
        return pages.html(request, "findings.html.jinja", 503 if view.unavailable else 200, view=view)

    @router.get("/console/evidence")
    def evidence(request: Request, date: str, system: str) -> Response:
        """Outcomes of earlier days with the same signal."""
        signal = _signal_with_evidence(pages, views, date, system)
        return pages.html(request, "evidence.html.jinja", signal=signal)

    @router.get("/console/parts/findings")
    def findings_part(request: Request, date: str | None = None) -> Response:
        """A summary of the findings, for the start page."""
        return pages.html(request, "findings_short.html.jinja", view=views.findings(pages.date(date)))

    @router.get("/console/parts/evidence")
    def evidence_part(request: Request, date: str, system: str) -> Response:
        signal = _signal_with_evidence(pages, views, date, system)
        return pages.html(request, "evidence_short.html.jinja", signal=signal)

    @router.get("/console/findings.csv")
    def findings_csv(date: str | None = None) -> Response:
        view = require_complete(views.findings(pages.date(date)))
        return csv_response(f"findings-{view.game_date}", Finding, view.summary.findings)


def _signal_with_evidence(pages: Pages, views: Views, date: str, system: str) -> dict[str, Any]:
    """Return the signal of one system with its evidence; both query parameters are required."""
    day, system_id = pages.date(date), parse_system(system)
    if day is None or system_id is None:
        raise Rejected(f"{'date' if day is None else 'system'}: missing")
    (signal,) = views.signals(day, system_id)
    return signal
