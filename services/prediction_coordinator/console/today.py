"""The console's first page: one game date."""

from __future__ import annotations

from datetime import date
from typing import Literal

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.pages import Pages
from services.prediction_coordinator.console.tables import csv_answer
from services.prediction_coordinator.console.views import Views
from shared.application.findings import Finding
from shared.application.views.parts import whole
from shared.application.views.today import GameRow, MissingRow, PickRow
from shared.domain.signals import ALARM


def add_today(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/")
    def today(request: Request, date: date | None = None, system: str | None = None) -> Response:
        """Games, predictions of one system, who is missing; the findings are loaded by themselves."""
        view = views.today(date, system)
        return pages.html(request, "today.html.jinja", 503 if view.away else 200, view=view, alarm=ALARM)

    @router.get("/console/today.csv")
    def table(
        table: Literal["games", "picks", "missing"] = "picks",
        date: date | None = None,
        system: str | None = None,
    ) -> Response:
        view = whole(views.today(date, system))
        kind = {"games": GameRow, "picks": PickRow, "missing": MissingRow}[table]
        return csv_answer(f"{table}-{view.game_date}", kind, getattr(view, table))

    @router.get("/console/findings")
    def findings(
        request: Request, date: date | None = None, again: bool = False, wait: bool = False
    ) -> Response:
        """Every finding of a date; one that has to be waited for is a page that loads it."""
        found = views.findings.known(date) if not (again or wait) else views.findings(date, again=again)
        if found is None:
            return pages.later(request, "Findings", "Checking inputs, features, predictions and services")
        return pages.html(request, "findings.html.jinja", 503 if found.away else 200, found=found)

    @router.get("/console/evidence")
    def evidence(request: Request, date: date, system: str) -> Response:
        """What became of days with the signal of this one."""
        (found,) = views.signals(date, system)
        return pages.html(request, "evidence.html.jinja", found=found)

    @router.get("/console/parts/findings")
    def findings_part(request: Request, date: date | None = None) -> Response:
        """The short of the findings, for the first page."""
        return pages.html(request, "findings_short.html.jinja", found=views.findings(date))

    @router.get("/console/parts/evidence")
    def evidence_part(request: Request, date: date, system: str) -> Response:
        (found,) = views.signals(date, system)
        return pages.html(request, "evidence_short.html.jinja", found=found)

    @router.get("/console/findings.csv")
    def findings_csv(date: date | None = None) -> Response:
        found = whole(views.findings(date))
        return csv_answer(f"findings-{found.game_date}", Finding, found.judged.findings)
