"""The operator console: pages for people, in addition to the routes for programs.

A page is a module here with ``add_<page>(router, pages, views)``, a template, a view in
``shared.application.views``, a field of ``Views`` and a line in ``PAGES``.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI

from services.prediction_coordinator.console.assets import Assets
from services.prediction_coordinator.console.coverage import add_coverage
from services.prediction_coordinator.console.explanation import add_explanation
from services.prediction_coordinator.console.health import add_health
from services.prediction_coordinator.console.models import add_models
from services.prediction_coordinator.console.pages import Pages, page_route
from services.prediction_coordinator.console.performance import add_performance
from services.prediction_coordinator.console.players import add_players
from services.prediction_coordinator.console.runs import add_runs
from services.prediction_coordinator.console.today import add_today
from services.prediction_coordinator.console.views import Views
from shared.errors import NotFound
from shared.ports import Clock
from shared.web.health import Identity

PAGES = (
    add_today, add_runs, add_models, add_performance, add_coverage, add_players, add_explanation, add_health,
)  # fmt: skip


def add_console(app: FastAPI, views: Views, clock: Clock, identity: Identity) -> None:
    """Add every page; the pages are not part of the OpenAPI document."""
    assets = Assets()
    pages = Pages(clock, identity, assets)
    router = APIRouter(route_class=page_route(pages), include_in_schema=False)
    assets.add(router)
    for add in PAGES:
        add(router, pages, views)

    @router.get("/console/{rest:path}")
    def no_page(rest: str) -> None:
        raise NotFound(f"/console/{rest}: no such page")

    # not include_router: each route must appear in the list of the app's routes
    app.router.routes.extend(router.routes)
