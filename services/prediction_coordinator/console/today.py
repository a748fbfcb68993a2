"""The console's first page: one game date."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.pages import Pages, system_named
from services.prediction_coordinator.console.tables import csv_answer
from services.prediction_coordinator.console.views import Views
from shared.application.views.partial_view import whole
from shared.application.views.today import GameRow, MissingRow, PickRow
from shared.domain.findings import Finding
from shared.domain.signals import ALARM
from shared.errors import Rejected


def add_today(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/")
    def today(request: Request, date: str | None = None, system: str | None = None) -> Response:
        """Games, predictions of one system, who is missing; the findings are loaded by themselves."""
        view = views.today(pages.date(date), system_named(system))
        return pages.html(request, "today.html.jinja", 503 if view.away else 200, view=view, alarm=ALARM)

    @router.get("/console/today.csv")
    def table(
        table: Literal["games", "picks", "missing"] = "picks",
        date: str | None = None,
        system: str | None = None,
    ) -> Response:
        view = whole(views.today(pages.date(date), system_named(system)))
        kind = {"games": GameRow, "picks": PickRow, "missing": MissingRow}[table]
        return csv_answer(f"{table}-{view.game_date}", kind, getattr(view, table))

    @router.get("/console/findings")
    def findings(
        request: Request, date: str | None = None, again: bool = False, wait: bool = False
    ) -> Response:
        """Every finding of a date; one that has to be waited for is a page that loads it."""
        day = pages.date(date)
        found = views.findings.known(day) if not (again or wait) else views.findings(day, again=again)
        if found is None:
            return pages.later(request, "Findings", "Checking inputs, features, predictions and services")
        return pages.html(request, "findings.html.jinja", 503 if found.away else 200, found=found)

    @router.get("/console/evidence")
    def evidence(request: Request, date: str, system: str) -> Response:
        """What became of days with the signal of this one."""
        found = _signal(pages, views, date, system)
        return pages.html(request, "evidence.html.jinja", found=found)

    @router.get("/console/parts/findings")
    def findings_part(request: Request, date: str | None = None) -> Response:
        """The short of the findings, for the first page."""
        return pages.html(request, "findings_short.html.jinja", found=views.findings(pages.date(date)))

    @router.get("/console/parts/evidence")
    def evidence_part(request: Request, date: str, system: str) -> Response:
        found = _signal(pages, views, date, system)
        return pages.html(request, "evidence_short.html.jinja", found=found)

    @router.get("/console/findings.csv")
    def findings_csv(date: str | None = None) -> Response:
        found = whole(views.findings(pages.date(date)))
        return csv_answer(f"findings-{found.game_date}", Finding, found.judged.findings)


def _signal(pages: Pages, views: Views, date: str, system: str) -> dict[str, Any]:
    """The signal of one system with its evidence; the address has to name date and system."""
    day, named = pages.date(date), system_named(system)
    if day is None or named is None:
        raise Rejected(f"{'date' if day is None else 'system'}: missing")
    (found,) = views.signals(day, named)
    return found
