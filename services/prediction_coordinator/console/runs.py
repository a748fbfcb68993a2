"""Run pages: the list, one run in progress, and the form that starts a run."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.prediction_coordinator.console.forms import PostedForm, read_form
from services.prediction_coordinator.console.pages import Pages
from services.prediction_coordinator.console.tables import csv_response
from services.prediction_coordinator.console.views import Views
from shared.application.views.partial_view import require_complete
from shared.application.views.run_list import DEFAULT_RUNS, MAX_RUNS, RunRow
from shared.application.views.run_progress import PlayerRow, Replacement, SystemRow
from shared.domain.players.roster import DEFAULT_MIN_MINUTES
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import AppError, Conflict, NotFound, TooMany, Unavailable
from shared.schemas.messages import RunRequested
from shared.web.problems import log_error, problem_of

EMPTY_FORM = PostedForm({}, "")

Limit = Annotated[int, Query(ge=1, le=MAX_RUNS)]


def add_runs(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/runs")
    def runs(request: Request, date: str | None = None, limit: Limit = DEFAULT_RUNS) -> Response:
        return _list_page(pages, views, request, pages.date(date), limit)

    @router.post("/console/runs")
    def start(request: Request, form: Annotated[PostedForm, Depends(read_form)]) -> Response:
        """Start a run like ``POST /start``; the form shows the error if it cannot start."""
        try:
            started = views.start(_parse_request(form))
        except AppError as exc:
            log_error(exc)
            return _list_page(pages, views, request, None, DEFAULT_RUNS, form, exc)
        return RedirectResponse(f"/console/runs/{started.run_id}", 303)

    @router.get("/console/runs.csv")
    def runs_csv(date: str | None = None, limit: Limit = DEFAULT_RUNS) -> Response:
        return csv_response("runs", RunRow, views.runs(pages.date(date), limit).runs)

    @router.get("/console/runs/{run_id}.csv")
    def run_csv(run_id: str, table: Literal["players", "systems", "replacements"] = "players") -> Response:
        view = require_complete(views.run(run_id))
        kind = {"players": PlayerRow, "systems": SystemRow, "replacements": Replacement}[table]
        return csv_response(f"{table}-{run_id}", kind, getattr(view, table))

    @router.get("/console/runs/{run_id}")
    def run(request: Request, run_id: str) -> Response:
        """One run; the page refreshes every second until the run has ended."""
        view = views.run(run_id)
        return pages.html(request, "run.html.jinja", 503 if view.unavailable else 200, view=view)


FORM_FIELDS = ("game_date", "systems", "min_minutes", "reason", "force", "skip_mlfs_check", "allow_started")
"""Fields of the form that starts a run."""


def _list_page(
    pages: Pages,
    views: Views,
    request: Request,
    day: date | None,
    limit: int,
    form: PostedForm = EMPTY_FORM,
    error: AppError | None = None,
) -> Response:
    values: dict[str, Any] = {
        "view": views.runs(day, limit),
        "max_runs": MAX_RUNS,
        "systems": SYSTEM_IDS,
        "form": form,
        "day": form.text("game_date") or (day.isoformat() if day else "TODAY"),
        "min_minutes": form.text("min_minutes") or f"{DEFAULT_MIN_MINUTES:g}",
        "error": error,
        "holder": error.holder if isinstance(error, Conflict) else None,
        "retry_after": error.retry_after if isinstance(error, TooMany) else None,
        "advice": _start_advice(error) if error else None,
    }
    response = pages.html(request, "runs.html.jinja", problem_of(error).status if error else 200, **values)
    if values["retry_after"] is not None:
        response.headers["Retry-After"] = str(values["retry_after"])
    return response


def _parse_request(form: PostedForm) -> RunRequested:
    """Return the run request of the form; selecting every system is the same as selecting none."""
    form.check_names(FORM_FIELDS)
    chosen = form.values("systems")
    return RunRequested(
        game_date=form.text("game_date"),
        force=form.has("force"),
        skip_mlfs_check=form.has("skip_mlfs_check"),
        systems=None if len(chosen) in (0, len(SYSTEM_IDS)) else chosen,
        allow_started=form.has("allow_started"),
        min_minutes=form.number("min_minutes"),
        reason=_reason(form),
        accept_findings=form.has("accept_findings"),
    )


def _reason(form: PostedForm) -> str | None:
    """Return the reason with the name of the submitter; both are stored with superseded rows."""
    reason = form.text("reason")
    return f"{reason} ({form.by}, console)" if reason else f"started by {form.by} in the console"


def _start_advice(exc: AppError) -> str:
    if isinstance(exc, NotFound):
        return "Choose a date with games, or tick Allow started games."
    if isinstance(exc, Unavailable):
        return "Run the command in the message, or check the stores on the page Health; then start again."
    return problem_of(exc).advice
