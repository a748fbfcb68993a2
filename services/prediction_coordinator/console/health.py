"""The page of the installation itself: stores, services, models, features, messages, releases."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.pages import Pages
from services.prediction_coordinator.console.tables import csv_answer
from services.prediction_coordinator.console.views import Views
from shared.application.messaging.dead_letters import RejectedMessageSummary
from shared.application.views.date_features import AbsentRow, FeatureRow
from shared.application.views.health import DeploymentRow, ServedRow, ServiceRow
from shared.application.views.partial_view import whole


def add_health(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/health")
    def health(request: Request) -> Response:
        """All but the features, whose diagnosis takes longer and is loaded by itself."""
        view = views.health()
        return pages.html(request, "health.html.jinja", 503 if view.away else 200, view=view)

    @router.get("/console/health.csv")
    def health_csv(table: Literal["services", "served", "messages", "deployments"]) -> Response:
        kinds = {
            "services": ServiceRow,
            "served": ServedRow,
            "messages": RejectedMessageSummary,
            "deployments": DeploymentRow,
        }
        return csv_answer(table, kinds[table], getattr(whole(views.health()), table))

    @router.get("/console/features")
    def features(request: Request, date: str | None = None, wait: bool = False) -> Response:
        """The diagnosis of a date; one that has to be waited for is a page that loads it."""
        day = pages.date(date)
        found = views.features(day) if wait else views.features.known(day)
        if found is None:
            return pages.later(request, "Features", "Looking at the features of the date")
        return pages.html(request, "features.html.jinja", found=found)

    @router.get("/console/parts/features")
    def features_part(request: Request) -> Response:
        """The short of today's diagnosis."""
        return pages.html(request, "features_short.html.jinja", found=views.features())

    @router.get("/console/features.csv")
    def features_csv(table: Literal["absent", "features"], date: str | None = None) -> Response:
        found = views.features(pages.date(date))
        kind = {"absent": AbsentRow, "features": FeatureRow}[table]
        return csv_answer(f"{table}-{found.diagnosis.game_date}", kind, getattr(found, table))
