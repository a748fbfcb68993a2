"""Pages of models: the list, one model, and the form that promotes it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from services.prediction_coordinator.console.forms import Posted, posted
from services.prediction_coordinator.console.pages import Pages, system_named
from services.prediction_coordinator.console.tables import csv_answer
from services.prediction_coordinator.console.views import Views
from shared.application.views.accuracy import AccuracyRow
from shared.application.views.model import ChangeRow
from shared.application.views.model_list import ModelRow
from shared.application.views.partial_view import whole
from shared.backends import path_variable
from shared.domain.promotion import Gate
from shared.domain.systems.catalog import MODEL_SYSTEMS

REFUSED, INCOMPLETE, NOT_HERE = 409, 422, 403
NOTHING_SENT = Posted({}, "")


def add_models(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/models")
    def models(request: Request, system: str | None = None) -> Response:
        view = views.models(system_named(system, MODEL_SYSTEMS))
        status = 503 if view.away else 200
        return pages.html(request, "models.html.jinja", status, view=view, systems=MODEL_SYSTEMS)

    @router.get("/console/models.csv")
    def models_csv(system: str | None = None) -> Response:
        return csv_answer("models", ModelRow, whole(views.models(system_named(system, MODEL_SYSTEMS))).rows)

    @router.get("/console/models/{model_id}.csv")
    def model_csv(
        model_id: str, table: Literal["gates", "changes", "champions", "performance"] = "gates"
    ) -> Response:
        view = whole(views.model(model_id))
        name = f"{table}-{view.model['model_id']}"
        if table == "gates" and view.may_be_promoted:
            return csv_answer(name, Gate, whole(views.model.gates(model_id)).gates)
        kind = {"gates": Gate, "performance": AccuracyRow}.get(table, ChangeRow)
        return csv_answer(name, kind, getattr(view, table))

    @router.get("/console/parts/gates")
    def gates_part(request: Request, model: str) -> Response:
        """The gates of a model that may be promoted, for its page."""
        return pages.html(request, "gates_short.html.jinja", view=views.model.gates(model))

    @router.get("/console/models/{model_id}/promote")
    def confirm(request: Request, model_id: str) -> Response:
        """What is asked before a model is promoted."""
        return _promote_page(request, pages, views, model_id)

    @router.post("/console/models/{model_id}/promote")
    def promote(request: Request, model_id: str, sent: Annotated[Posted, Depends(posted)]) -> Response:
        """Promote as ``props models promote`` does; a gate that keeps it from that is named on the form."""
        sent.check_names(("reason", "override"))
        reason = sent.text("reason")
        if views.promotion is None:
            return _promote_page(request, pages, views, model_id, NOT_HERE, sent)
        if not reason:
            return _promote_page(request, pages, views, model_id, INCOMPLETE, sent)
        told = views.promotion.promote(model_id, f"{reason} ({sent.by}, console)", sent.ticked("override"))
        if not told.promoted:
            return _promote_page(request, pages, views, model_id, REFUSED, sent)
        return RedirectResponse(f"/console/models/{told.model_id}", 303)

    @router.get("/console/models/{model_id}")
    def model(request: Request, model_id: str) -> Response:
        view = views.model(model_id)
        variable = path_variable(view.model["system_id"])
        return pages.html(
            request, "model.html.jinja", 503 if view.away else 200, view=view, variable=variable
        )


def _promote_page(
    request: Request,
    pages: Pages,
    views: Views,
    model_id: str,
    status: int = 200,
    sent: Posted = NOTHING_SENT,
) -> Response:
    view = views.model.gates(model_id)
    return pages.html(
        request,
        "promote.html.jinja",
        503 if view.away else status,
        view=view,
        sent=sent,
        here=views.promotion is not None,
        refused=status == REFUSED,
        without_reason=status == INCOMPLETE,
    )
