"""The health page: stores, services, models, features, messages, releases."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.pages import Pages
from services.prediction_coordinator.console.tables import csv_response
from services.prediction_coordinator.console.views import Views
from shared.application.messaging.dead_letters import RejectedMessageSummary
from shared.application.views.date_features import AbsentRow, FeatureRow
from shared.application.views.health import DeploymentRow, ServedRow, ServiceRow
from shared.application.views.partial_view import require_complete


def add_health(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/health")
    def health(request: Request) -> Response:
        """Everything except the features: their diagnosis takes longer, so the page loads it afterwards."""
        view = views.health()
        return pages.html(request, "health.html.jinja", 503 if view.unavailable else 200, view=view)

    @router.get("/console/health.csv")
    def health_csv(table: Literal["services", "served", "messages", "deployments"]) -> Response:
        kinds = {
            "services": ServiceRow, "served": ServedRow, "messages": RejectedMessageSummary,
            "deployments": DeploymentRow,
        }  # fmt: skip
        return csv_response(table, kinds[table], getattr(require_complete(views.health()), table))

    @router.get("/console/features")
    def features(request: Request, date: str | None = None, wait: bool = False) -> Response:
        """The diagnosis of a date; without a cached one, a page that loads it."""
        day = pages.date(date)
        view = views.features(day) if wait else views.features.get_cached(day)
        if view is None:
            return pages.loading(request, "Features", "Checking the features of the date")
        return pages.html(request, "features.html.jinja", view=view)

    @router.get("/console/parts/features")
    def features_part(request: Request) -> Response:
        """A summary of today's diagnosis."""
        return pages.html(request, "features_short.html.jinja", view=views.features())

    @router.get("/console/features.csv")
    def features_csv(table: Literal["absent", "features"], date: str | None = None) -> Response:
        view = views.features(pages.date(date))
        kind = {"absent": AbsentRow, "features": FeatureRow}[table]
        return csv_response(f"{table}-{view.diagnosis.game_date}", kind, getattr(view, table))
