"""Model pages: the list, one model, and the promotion form."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from services.prediction_coordinator.console.forms import PostedForm, read_form
from services.prediction_coordinator.console.pages import Pages, parse_system
from services.prediction_coordinator.console.tables import csv_response
from services.prediction_coordinator.console.views import Views
from shared.application.views.accuracy import AccuracyRow
from shared.application.views.model import ChangeRow
from shared.application.views.model_list import ModelRow
from shared.application.views.partial_view import require_complete
from shared.backends import path_variable
from shared.domain.promotion import Gate
from shared.domain.systems.catalog import MODEL_SYSTEMS

GATES_FAILED, REASON_MISSING, NOT_ALLOWED = 409, 422, 403
EMPTY_FORM = PostedForm({}, "")


def add_models(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/models")
    def models(request: Request, system: str | None = None) -> Response:
        view = views.models(parse_system(system, MODEL_SYSTEMS))
        status = 503 if view.unavailable else 200
        return pages.html(request, "models.html.jinja", status, view=view, systems=MODEL_SYSTEMS)

    @router.get("/console/models.csv")
    def models_csv(system: str | None = None) -> Response:
        view = require_complete(views.models(parse_system(system, MODEL_SYSTEMS)))
        return csv_response("models", ModelRow, view.rows)

    @router.get("/console/models/{model_id}.csv")
    def model_csv(
        model_id: str, table: Literal["gates", "changes", "champions", "performance"] = "gates"
    ) -> Response:
        view = require_complete(views.model(model_id))
        name = f"{table}-{view.model['model_id']}"
        if table == "gates" and view.may_be_promoted:
            return csv_response(name, Gate, require_complete(views.model.gates(model_id)).gates)
        kind = {"gates": Gate, "performance": AccuracyRow}.get(table, ChangeRow)
        return csv_response(name, kind, getattr(view, table))

    @router.get("/console/parts/gates")
    def gates_part(request: Request, model: str) -> Response:
        """The gates of a model that may be promoted, for its page."""
        return pages.html(request, "gates_short.html.jinja", view=views.model.gates(model))

    @router.get("/console/models/{model_id}/promote")
    def confirm_promotion(request: Request, model_id: str) -> Response:
        """The form that confirms a promotion."""
        return _promote_page(request, pages, views, model_id)

    @router.post("/console/models/{model_id}/promote")
    def promote(request: Request, model_id: str, form: Annotated[PostedForm, Depends(read_form)]) -> Response:
        """Promote like ``props models promote``; if gates fail, the form lists them."""
        form.check_names(("reason", "override"))
        reason = form.text("reason")
        if views.promotion is None:
            return _promote_page(request, pages, views, model_id, NOT_ALLOWED, form)
        if not reason:
            return _promote_page(request, pages, views, model_id, REASON_MISSING, form)
        outcome = views.promotion.promote(model_id, f"{reason} ({form.by}, console)", form.has("override"))
        if not outcome.promoted:
            return _promote_page(request, pages, views, model_id, GATES_FAILED, form)
        return RedirectResponse(f"/console/models/{outcome.model_id}", 303)

    @router.get("/console/models/{model_id}")
    def model(request: Request, model_id: str) -> Response:
        view = views.model(model_id)
        variable, status = path_variable(view.model["system_id"]), 503 if view.unavailable else 200
        return pages.html(request, "model.html.jinja", status, view=view, variable=variable)


def _promote_page(
    request: Request,
    pages: Pages,
    views: Views,
    model_id: str,
    status: int = 200,
    form: PostedForm = EMPTY_FORM,
) -> Response:
    view = views.model.gates(model_id)
    return pages.html(
        request,
        "promote.html.jinja",
        503 if view.unavailable else status,
        view=view,
        form=form,
        can_promote=views.promotion is not None,
        gates_failed=status == GATES_FAILED,
        reason_missing=status == REASON_MISSING,
    )
