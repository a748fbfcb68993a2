"""Renders pages: templates, response headers, and error pages with advice."""

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
from shared.errors import AppError, Rejected
from shared.ports import Clock
from shared.web.health import Identity
from shared.web.problems import UNEXPECTED, log_error, problem_of, trace_id, validation_error
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
"""Headers of every response. Inline styles are allowed for two reasons: a page is painted without waiting for
a style sheet, and the charts contain their styles."""


def headers_with_script(script: str) -> dict[str, str]:
    """Return ``HEADERS`` that also allow one inline script, by its hash."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"{HEADERS['Content-Security-Policy']}; script-src 'self' 'sha256-{digest}'"
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
        inlined = {"style": Markup(assets.style), "first": Markup(assets.first)}
        self._templates.globals.update(static=assets.url, navigation=NAVIGATION, **inlined)
        self._headers = headers_with_script(assets.first)

    def date(self, text: str | None, field: str = "date") -> date | None:
        """Return the game date in a query parameter, None if the parameter is empty or missing."""
        return resolve_date(text, self._clock.now(), field) if text else None

    def html(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Render a template; besides ``values`` it sees ``path``, ``query``, ``now`` and ``identity``."""
        text = self._templates.get_template(template).render(
            path=request.url.path,
            query=request.url.query,
            now=self._clock.now(),
            identity=self._identity,
            **values,
        )
        return HTMLResponse(text, status, headers=self._headers)

    def loading(self, request: Request, heading: str, doing: str) -> HTMLResponse:
        """A page that reloads itself with ``wait`` and then shows content that is slow to compute."""
        address = request.url.include_query_params(wait="true")
        full_address = f"{address.path}?{address.query}"
        return self.html(request, "later.html.jinja", heading=heading, doing=doing, address=full_address)

    def error(self, request: Request, exc: AppError) -> HTMLResponse:
        """The page of an error: its message and advice."""
        log_error(exc)
        status, title, advice = problem = problem_of(exc)
        return self.html(
            request,
            "failure.html.jinja",
            status,
            code=status,
            title=title.capitalize(),
            detail=f"see the log, trace {trace_id()}" if problem is UNEXPECTED else str(exc),
            advice=advice,
        )


def parse_system(text: str | None, systems: Sequence[str] = SYSTEM_IDS) -> str | None:
    """Return the system in a query parameter, None if missing; raise ``Rejected`` for an unknown system."""
    if text and text not in systems:
        raise Rejected(f"system: {shorten(text)}, expected one of {', '.join(systems)}")
    return text or None


def page_route(pages: Pages) -> type[StrictRoute]:
    """Return the route class of the console: an error is shown as a page, not as a problem document."""

    class PageRoute(StrictRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def page(request: Request) -> Response:
                try:
                    return await handle(request)
                except RequestValidationError as exc:
                    errors = "; ".join(validation_error({**e, "loc": e["loc"][-1:]}) for e in exc.errors())
                    return await run_in_threadpool(pages.error, request, Rejected(errors))
                except AppError as exc:
                    return await run_in_threadpool(pages.error, request, exc)

            return page

    return PageRoute
