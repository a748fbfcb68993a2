"""Pages of runs: the list, one run as it goes, and the form that starts one."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.prediction_coordinator.console.forms import Posted, posted
from services.prediction_coordinator.console.pages import Pages, what_to_do
from services.prediction_coordinator.console.tables import csv_answer
from services.prediction_coordinator.console.views import Views
from shared.application.features.slate import DEFAULT_MIN_MINUTES
from shared.application.views.partial_view import whole
from shared.application.views.run_list import FEW, MOST, RunRow
from shared.application.views.run_progress import PlayerRow, Replacement, SystemRow
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import AppError, Conflict, NotFound, Rejected, TooMany, Unavailable
from shared.schemas.messages import RunRequested
from shared.web.app import log_error, status_of

WHAT_TO_DO: dict[type[AppError], str] = {
    NotFound: "Choose a date with games, or tick that started games may be predicted.",
    Conflict: "Watch the run that is under way; start another when it has ended.",
    Rejected: "Mend what is named and start again.",
    TooMany: "Wait, then start again.",
    Unavailable: "Give the command that it names, or see under Health what is away; then start again.",
}
"""What helps where a run cannot be started."""

NOTHING_SENT = Posted({}, "")

Limit = Annotated[int, Query(ge=1, le=MOST)]


def add_runs(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/runs")
    def runs(request: Request, date: str | None = None, limit: Limit = FEW) -> Response:
        return _list(pages, views, request, pages.date(date), limit)

    @router.post("/console/runs")
    def start(request: Request, sent: Annotated[Posted, Depends(posted)]) -> Response:
        """Start a run as ``POST /start`` does; what keeps it from starting is said on the form."""
        try:
            started = views.start(_asked(sent))
        except AppError as exc:
            log_error(exc)
            return _list(pages, views, request, None, FEW, sent, exc)
        return RedirectResponse(f"/console/runs/{started.run_id}", 303)

    @router.get("/console/runs.csv")
    def runs_csv(date: str | None = None, limit: Limit = FEW) -> Response:
        return csv_answer("runs", RunRow, views.runs(pages.date(date), limit).runs)

    @router.get("/console/runs/{run_id}.csv")
    def run_csv(run_id: str, table: Literal["players", "systems", "replacements"] = "players") -> Response:
        view = whole(views.run(run_id))
        kind = {"players": PlayerRow, "systems": SystemRow, "replacements": Replacement}[table]
        return csv_answer(f"{table}-{run_id}", kind, getattr(view, table))

    @router.get("/console/runs/{run_id}")
    def run(request: Request, run_id: str) -> Response:
        """One run; the page asks for itself every second until the run has ended."""
        view = views.run(run_id)
        return pages.html(request, "run.html.jinja", 503 if view.away else 200, view=view)


FIELDS = ("game_date", "systems", "min_minutes", "reason", "force", "skip_mlfs_check", "allow_started")
"""Of the form that starts a run."""


def _list(
    pages: Pages,
    views: Views,
    request: Request,
    day: date | None,
    limit: int,
    sent: Posted = NOTHING_SENT,
    refused: AppError | None = None,
) -> Response:
    values: dict[str, Any] = {
        "view": views.runs(day, limit),
        "most": MOST,
        "systems": SYSTEM_IDS,
        "sent": sent,
        "day": sent.text("game_date") or (day.isoformat() if day else "TODAY"),
        "min_minutes": sent.text("min_minutes") or f"{DEFAULT_MIN_MINUTES:g}",
        "refused": refused,
        "holder": refused.holder if isinstance(refused, Conflict) else None,
        "retry_after": refused.retry_after if isinstance(refused, TooMany) else None,
        "what_to_do": _what_to_do(refused) if refused else None,
    }
    answer = pages.html(request, "runs.html.jinja", status_of(refused)[0] if refused else 200, **values)
    if values["retry_after"] is not None:
        answer.headers["Retry-After"] = str(values["retry_after"])
    return answer


def _asked(sent: Posted) -> RunRequested:
    """The request that the form stands for; every system is the same as none chosen."""
    sent.check_names(FIELDS)
    chosen = sent.several("systems")
    return RunRequested(
        game_date=sent.text("game_date"),
        force=sent.ticked("force"),
        skip_mlfs_check=sent.ticked("skip_mlfs_check"),
        systems=None if len(chosen) in (0, len(SYSTEM_IDS)) else chosen,
        allow_started=sent.ticked("allow_started"),
        min_minutes=sent.number("min_minutes"),
        reason=_reason(sent),
        accept_findings=sent.ticked("accept_findings"),
    )


def _reason(sent: Posted) -> str | None:
    """The reason with who gave it; a row that is superseded keeps both."""
    given = sent.text("reason")
    return f"{given} ({sent.by}, console)" if given else f"started by {sent.by} in the console"


def _what_to_do(exc: AppError) -> str:
    return next((WHAT_TO_DO[kind] for kind in type(exc).__mro__ if kind in WHAT_TO_DO), what_to_do(exc))
