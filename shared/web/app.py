"""HTTP building blocks of both services: problem details, request bodies, serving, process identity."""

from __future__ import annotations

import gc
import logging
import os
import secrets
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from types import FrameType
from typing import Any, NamedTuple, cast

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.application.operations.readiness import Check
from shared.errors import (
    AppError,
    Conflict,
    Forbidden,
    HeldElsewhere,
    InvalidStatement,
    Malformed,
    NotFound,
    Rejected,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
)
from shared.observability import tracing
from shared.runtime.malloc import keep_freed_memory

logger = logging.getLogger("props.http")

DRAIN_SECONDS = 5
"""Time for open requests to finish. Cloud Run kills a process 10 s after SIGTERM, closing included."""

GC_THRESHOLD = 50_000
"""Number of new objects that starts a garbage collection. 80 open requests hold some thousand objects, so the
default would collect several times per batch and free nothing."""

STATUS_BY_ERROR: dict[type[AppError], tuple[int, str]] = {
    Malformed: (400, "bad request"),
    Unauthenticated: (401, "not authenticated"),
    Forbidden: (403, "not allowed"),
    NotFound: (404, "not found"),
    Conflict: (409, "already in progress"),
    TooLarge: (413, "too large"),
    UnsupportedMediaType: (415, "unsupported content type"),
    Rejected: (422, "cannot be processed"),
    TooMany: (429, "too many"),
    InvalidStatement: (500, "internal error"),
    Unavailable: (503, "temporarily unavailable"),
}
"""Status and title of each error class. Other classes use their nearest parent's, else ``UNEXPECTED_ERROR``.
Callers send no SQL, so a statement that the warehouse refuses is an internal error."""

UNEXPECTED_ERROR = (500, "internal error")
"""Status and title of every error that the table does not list."""

PROBLEM_CONTENT = {
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                },
            }
        }
    }
}


@dataclass
class Identity:
    """Service, revision, commit and instance of this process."""

    service: str
    revision: str = field(default_factory=lambda: os.environ.get("K_REVISION", "local"))
    commit: str = "unknown"
    instance: str = field(default_factory=lambda: secrets.token_hex(4))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def health(self) -> dict[str, str]:
        return {"status": "ok", "service": self.service, "revision": self.revision, "commit": self.commit}

    def heartbeat(self) -> dict[str, Any]:
        now = datetime.now(UTC)
        return {
            **self.health(),
            "instance": self.instance,
            "started_at": self.started_at.isoformat(),
            "now": now.isoformat(),
        }


def problem_response(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **fields: Any
) -> JSONResponse:
    """Build a problem+json response (RFC 9457). Half surrogate pairs, which UTF-8 cannot encode, are
    escaped."""
    encodable = detail.encode(errors="backslashreplace").decode()
    body = {"type": "about:blank", "title": title, "status": status, "detail": encodable, **fields}
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def error_response(exc: AppError, request: str = "a request") -> JSONResponse:
    """Build the problem+json response for an error, with its extra headers and fields.

    ``request`` is the method and path, for the log.
    """
    status, title = status_of(exc)
    if status == UNEXPECTED_ERROR[0]:
        return unexpected_error_response(exc, request)
    log_error(exc)
    if isinstance(exc, Unauthenticated):
        return problem_response(status, title, str(exc), headers={"WWW-Authenticate": "Bearer"})
    if isinstance(exc, TooMany | HeldElsewhere):
        return problem_response(status, title, str(exc), headers={"Retry-After": str(exc.retry_after)})
    if isinstance(exc, Conflict):
        return problem_response(status, title, str(exc), holder=exc.holder)
    return problem_response(status, title, str(exc))


def unexpected_error_response(exc: Exception, request: str) -> JSONResponse:
    """Log an error that the table does not list, and respond without its details."""
    log_unexpected_error(exc, request)
    return problem_response(*UNEXPECTED_ERROR, f"see the log, trace {trace_id()}")


def log_unexpected_error(exc: Exception, request: str) -> None:
    """Log an error with its stack trace, once."""
    if first_time_logged(exc):
        logger.error("unexpected error in %s", request, exc_info=exc)


def trace_id() -> str:
    """Return the trace id of the current request, or ``-``."""
    trace = tracing.current()
    return trace.trace_id if trace else "-"


def status_of(exc: AppError) -> tuple[int, str]:
    """Return status and title of an error."""
    return next(
        (STATUS_BY_ERROR[kind] for kind in type(exc).__mro__ if kind in STATUS_BY_ERROR), UNEXPECTED_ERROR
    )


def log_error(exc: AppError) -> None:
    """Log an error that concerns the operator: unavailable dependency, forbidden caller, unexpected error."""
    if isinstance(exc, Unavailable) and first_time_logged(exc):
        logger.warning("unavailable: %s", exc)
    if isinstance(exc, Forbidden):
        logger.warning("forbidden: %s", exc)
    if status_of(exc) == UNEXPECTED_ERROR:
        log_unexpected_error(exc, "a request")


def install_errors(app: FastAPI) -> None:
    """Convert application, validation and routing errors into problem+json responses."""

    def handle_app_error(request: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, AppError)
        return error_response(exc, f"{request.method} {request.url.path}")

    def handle_invalid_request(_: Request, exc: Exception) -> JSONResponse:
        errors = exc.errors() if isinstance(exc, RequestValidationError) else []
        omitted = f"; and {len(errors) - MAX_ERRORS} more" if len(errors) > MAX_ERRORS else ""
        return error_response(Rejected("; ".join(map(validation_error, errors[:MAX_ERRORS])) + omitted))

    def handle_routing_error(_: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, HTTPException)
        title = HTTPStatus(exc.status_code).phrase.lower()
        return problem_response(exc.status_code, title, str(exc.detail), headers=exc.headers)

    app.add_exception_handler(AppError, handle_app_error)
    app.add_exception_handler(RequestValidationError, handle_invalid_request)
    app.add_exception_handler(HTTPException, handle_routing_error)


MAX_VALUE_LENGTH = 60
"""Characters of an invalid value that a response repeats."""

MAX_ERRORS = 20
"""Validation errors of one request that its response lists."""


def validation_error(error: Mapping[str, Any]) -> str:
    """Describe one validation error: field, received value, expected value."""
    field_path = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{field_path}: unknown field"
    if error["type"] == "missing":
        return f"{field_path}: {error['msg']}"
    value = repr(error["input"])
    value_text = value if len(value) <= MAX_VALUE_LENGTH else f"{value[:MAX_VALUE_LENGTH]}..."
    return f"{field_path}: {value_text}, {error['msg']}"


def first_time_logged(failure: Exception) -> bool:
    """Mark an error as logged; return True the first time. All messages of a batch raise the same error."""
    is_first = not vars(failure).get("logged", False)
    vars(failure)["logged"] = True
    return is_first


def readiness_response(checks: Sequence[Check], is_authorised: bool) -> JSONResponse:
    """Respond 200 if every check passed, else 503; only an authorised caller sees the checks."""
    failed_checks = [c for c in checks if not c.passed]
    status = "not ready" if failed_checks else "ready"
    checks_field: dict[str, Any] = {"checks": [c.plain() for c in checks]} if is_authorised else {}
    if not failed_checks:
        return JSONResponse({"status": status, **checks_field})
    detail = "; ".join(f"{c.name}: {c.detail}" for c in failed_checks) if is_authorised else status
    return problem_response(503, STATUS_BY_ERROR[Unavailable][1], detail, **checks_field)


def serve(app: FastAPI, port: int, host: str) -> None:
    """Serve until SIGTERM or Ctrl-C, then give open requests ``DRAIN_SECONDS`` to finish, and return.

    uvicorn raises a SIGTERM again after its shutdown; without a handler the process would end immediately.
    """
    signal.signal(signal.SIGTERM, _raise_shutdown_signal)
    keep_freed_memory()
    gc.freeze()  # imported modules live as long as the process: the collector can skip them
    gc.set_threshold(GC_THRESHOLD)
    gc.enable()
    with suppress(ShutdownSignal):
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,  # the client address is not used
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )


class ShutdownSignal(BaseException):
    """Raised on the second SIGTERM; not an ``Exception``, so that no error handler catches it."""


def _raise_shutdown_signal(_number: int, _frame: FrameType | None) -> None:
    raise ShutdownSignal


_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


class LeanFastAPI(FastAPI):
    """FastAPI without Starlette's outer error middlewares; our own middlewares handle unexpected errors."""

    def __init__(self, **options: Any) -> None:
        super().__init__(telemetry=_NO_TELEMETRY, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stack = self.middleware_stack
        if stack is None or scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await stack(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        stack: Any = super().build_middleware_stack()
        outermost: Any = self.user_middleware[0].cls
        while type(stack) is not outermost:
            stack = stack.app
        return cast(ASGIApp, stack)


class FastPathRoutes:
    """ASGI middleware that handles POSTs to some paths without FastAPI's per-request work.

    Each path is also a route of the application, which documents it and responds the same; other requests go
    to ``app``. ``RequestMetricsMiddleware`` handles errors of a handler as it does those of a route.
    """

    def __init__(self, app: ASGIApp, handlers: Mapping[str, Callable[[ASGIApp], ASGIApp]]) -> None:
        self._app = app
        self._handlers = {path: (FastPathRoute(path), make(app)) for path, make in handlers.items()}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        handler = self._handlers.get(scope["path"]) if is_post else None
        if handler is None:
            return self._app(scope, receive, send)
        scope["route"], app = handler
        return app(scope, receive, send)


class FastPathRoute(NamedTuple):
    """Route of a fast-path request, for the request metrics."""

    path: str


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the body; ``TooLarge`` above ``limit`` bytes, ``ClientDisconnect`` if the client disconnects."""
    chunks: list[bytes] = []
    size, has_more = 0, True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise TooLarge(f"body of more than {limit} bytes, wanted at most that")
        has_more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


_NO_CONTENT: Message = {"type": "http.response.start", "status": 204, "headers": []}
_EMPTY_BODY: Message = {"type": "http.response.body", "body": b""}


async def send_no_content(send: Send) -> None:
    """Send an empty 204 response."""
    await send(_NO_CONTENT)
    await send(_EMPTY_BODY)


async def send_content(send: Send, body: bytes, media_type: bytes) -> None:
    """Send a 200 response with a body."""
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", media_type)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of the problem responses of a route."""
    titles = dict(STATUS_BY_ERROR.values())
    return {s: {"description": titles[s], **PROBLEM_CONTENT} for s in statuses}
