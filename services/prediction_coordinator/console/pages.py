"""How a page is answered: its template, its headers, and failures as a page that says what to do."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import date
from typing import Any

import jinja2
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from services.prediction_coordinator.console.assets import Assets
from services.prediction_coordinator.console.formatting import FILTERS
from shared.application.runs.request import resolve_date
from shared.domain.game_dates import shorten
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import (
    AppError,
    Conflict,
    Forbidden,
    NotFound,
    Rejected,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from shared.ports import Clock
from shared.web.app import UNEXPECTED_ERROR, Identity, log_error, status_of, trace_id, validation_error
from shared.web.strict_routes import StrictRoute

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}
"""Of every answer. Inline style is the page's own, which it would have to wait for before it is painted, and
that of the charts, which carry theirs with them."""


def with_script(script: str) -> dict[str, str]:
    """``HEADERS`` of pages in which one script stands, known by its content."""
    known = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"{HEADERS['Content-Security-Policy']}; script-src 'self' 'sha256-{known}'"
    return HEADERS | {"Content-Security-Policy": policy}


NAVIGATION = (
    ("/", "Today"),
    ("/console/runs", "Runs"),
    ("/console/models", "Models"),
    ("/console/performance", "Performance"),
    ("/console/coverage", "Coverage"),
    ("/console/players", "Players"),
    ("/console/health", "Health"),
)

WHAT_TO_DO: dict[type[AppError], str] = {
    Unavailable: "Try again in a moment. If it stays away, props doctor says what is wrong here.",
    NotFound: "Look at the address; what is there can be reached from the pages above.",
    Conflict: "Wait until what is under way has ended, then try again.",
    TooMany: "Wait, then try again.",
    Unauthenticated: "Sign in, then try again.",
    Forbidden: "Open the page again and send its form from there.",
    Rejected: "Mend what is named and try again.",
}
"""What a reader may do about a failure; a kind that is not in it is treated as its parent."""

FAULT = "This is a fault of the program. Give the trace to whoever runs it."
"""The same of a failure that nothing in the request has caused."""


class Pages:
    def __init__(self, clock: Clock, identity: Identity, assets: Assets) -> None:
        self._clock, self._identity = clock, identity
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("services.prediction_coordinator.console"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.filters.update(FILTERS)
        within = {"style": Markup(assets.style), "first": Markup(assets.first)}
        self._templates.globals.update(static=assets.url, navigation=NAVIGATION, **within)
        self._headers = with_script(assets.first)

    def date(self, text: str | None, field: str = "date") -> date | None:
        """Return the game date that an address names, None where it names none."""
        return resolve_date(text, self._clock.now(), field) if text else None

    def html(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """A template filled; it sees ``path`` and ``query`` as asked for, ``now`` and ``identity``."""
        text = self._templates.get_template(template).render(
            path=request.url.path,
            query=request.url.query,
            now=self._clock.now(),
            identity=self._identity,
            **values,
        )
        return HTMLResponse(text, status, headers=self._headers)

    def later(self, request: Request, heading: str, doing: str) -> HTMLResponse:
        """A page that asks for itself once more, with ``wait``, and shows then what takes a while to make."""
        address = request.url.include_query_params(wait="true")
        whole = f"{address.path}?{address.query}"
        return self.html(request, "later.html.jinja", heading=heading, doing=doing, address=whole)

    def failed(self, request: Request, exc: AppError) -> HTMLResponse:
        """The page of a failure: what came, what was wanted, what to do."""
        log_error(exc)
        status, title = status_of(exc)
        return self.html(
            request,
            "failure.html.jinja",
            status,
            code=status,
            title=title.capitalize(),
            detail=f"see the log, trace {trace_id()}" if status == UNEXPECTED_ERROR[0] else str(exc),
            what_to_do=what_to_do(exc),
        )


def what_to_do(exc: AppError) -> str:
    return next((WHAT_TO_DO[kind] for kind in type(exc).__mro__ if kind in WHAT_TO_DO), FAULT)


def system_named(text: str | None, systems: Sequence[str] = SYSTEM_IDS) -> str | None:
    """Return the system that an address names, None where it names none; ``Rejected`` for an unknown one."""
    if text and text not in systems:
        raise Rejected(f"system: {shorten(text)}, wanted one of {', '.join(systems)}")
    return text or None


def page_route(pages: Pages) -> type[StrictRoute]:
    """The class of the console's routes: a browser gets a page for a failure, not a problem document."""

    class PageRoute(StrictRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            answer = super().get_route_handler()

            async def page(request: Request) -> Response:
                try:
                    return await answer(request)
                except RequestValidationError as exc:
                    why = "; ".join(validation_error({**e, "loc": e["loc"][-1:]}) for e in exc.errors())
                    return await run_in_threadpool(pages.failed, request, Rejected(why))
                except AppError as exc:
                    return await run_in_threadpool(pages.failed, request, exc)

            return page

    return PageRoute
