"""What both services share at their HTTP edge: problem details, bounded bodies, which process this is."""

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
"""Cloud Run kills a process ten seconds after SIGTERM; what comes after the requests needs some of them."""

GC_THRESHOLD = 50_000
"""So many more objects than before, and the collector looks for garbage. 80 requests under way are some
thousand, for which it would look several times a batch, and in vain."""

STATUS_BY_ERROR: dict[type[AppError], tuple[int, str]] = {
    Malformed: (400, "bad request"),
    Unauthenticated: (401, "not authenticated"),
    Forbidden: (403, "not allowed"),
    NotFound: (404, "not found"),
    Conflict: (409, "already under way"),
    TooLarge: (413, "too large"),
    UnsupportedMediaType: (415, "not a content type that is read here"),
    Rejected: (422, "cannot be processed"),
    TooMany: (429, "too many"),
    InvalidStatement: (500, "internal error"),
    Unavailable: (503, "not available now"),
}
"""Status and title of each error class. Other classes use their nearest parent's, else ``UNEXPECTED_ERROR``.
Callers send no SQL, so a statement that the warehouse refuses is an internal error."""

UNEXPECTED_ERROR = (500, "internal error")
"""Status and title of every failure that the table does not hold."""

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
    """Which process this is."""

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
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> JSONResponse:
    """An answer of RFC 9457. Half a surrogate pair, which JSON can bring and UTF-8 cannot, is written out."""
    said = detail.encode(errors="backslashreplace").decode()
    body = {"type": "about:blank", "title": title, "status": status, "detail": said, **more}
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def error_response(exc: AppError, request: str = "a request") -> JSONResponse:
    """Build the problem document of a failure, with the headers and fields of its kind.

    ``request`` is its method and path, for the log.
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
    """Log a failure that the table does not hold, and answer without its details."""
    log_unexpected_error(exc, request)
    return problem_response(*UNEXPECTED_ERROR, f"the log says more, trace {trace_id()}")


def log_unexpected_error(exc: Exception, request: str) -> None:
    """Log a failure with its stack, once."""
    if first_time_logged(exc):
        logger.error("unforeseen failure of %s", request, exc_info=exc)


def trace_id() -> str:
    """Id of the trace of the request under way."""
    trace = tracing.current()
    return trace.trace_id if trace else "-"


def status_of(exc: AppError) -> tuple[int, str]:
    """Status and title of a failure."""
    return next(
        (STATUS_BY_ERROR[kind] for kind in type(exc).__mro__ if kind in STATUS_BY_ERROR), UNEXPECTED_ERROR
    )


def log_error(exc: AppError) -> None:
    """Log what an operator has to know of: a dependency that is away, a caller who is not permitted."""
    if isinstance(exc, Unavailable) and first_time_logged(exc):
        logger.warning("not available: %s", exc)
    if isinstance(exc, Forbidden):
        logger.warning("not allowed: %s", exc)
    if status_of(exc) == UNEXPECTED_ERROR:
        log_unexpected_error(exc, "a request")


def install_errors(app: FastAPI) -> None:
    """Turn the failures of ``shared.errors``, of validation and of routing into problem details."""

    def failed(request: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, AppError)
        return error_response(exc, f"{request.method} {request.url.path}")

    def invalid(_: Request, exc: Exception) -> JSONResponse:
        errors = exc.errors() if isinstance(exc, RequestValidationError) else []
        more = f"; and {len(errors) - MAX_ERRORS} more" if len(errors) > MAX_ERRORS else ""
        return error_response(Rejected("; ".join(map(validation_error, errors[:MAX_ERRORS])) + more))

    def misrouted(_: Request, exc: Exception) -> JSONResponse:
        assert isinstance(exc, HTTPException)
        title = HTTPStatus(exc.status_code).phrase.lower()
        return problem_response(exc.status_code, title, str(exc.detail), headers=exc.headers)

    app.add_exception_handler(AppError, failed)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, misrouted)


MAX_VALUE_LENGTH = 60
"""Characters of a wrong value that an answer repeats."""

MAX_ERRORS = 20
"""Errors of one request that its answer names."""


def validation_error(error: Mapping[str, Any]) -> str:
    """One error of a validation: the field, what came, what was expected."""
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown field"
    if error["type"] == "missing":
        return f"{place}: {error['msg']}"
    value = repr(error["input"])
    shown = value if len(value) <= MAX_VALUE_LENGTH else f"{value[:MAX_VALUE_LENGTH]}..."
    return f"{place}: {shown}, {error['msg']}"


def first_time_logged(failure: Exception) -> bool:
    """Whether this is the first to log a failure: that of one batch reaches every message in it."""
    first = not vars(failure).get("logged", False)
    vars(failure)["logged"] = True
    return first


def readiness_response(checks: Sequence[Check], is_authorised: bool) -> JSONResponse:
    """200 where every check is passed, else 503; the checks themselves only for who is authorised."""
    failed = [c for c in checks if not c.passed]
    said = "not ready" if failed else "ready"
    more: dict[str, Any] = {"checks": [c.plain() for c in checks]} if is_authorised else {}
    if not failed:
        return JSONResponse({"status": said, **more})
    detail = "; ".join(f"{c.name}: {c.detail}" for c in failed) if is_authorised else said
    return problem_response(503, STATUS_BY_ERROR[Unavailable][1], detail, **more)


def serve(app: FastAPI, port: int, host: str) -> None:
    """Serve until SIGTERM or Ctrl-C: take nothing new, let what is under way end for some seconds, return.

    uvicorn repeats a SIGTERM once it has shut down; without a handler the process would end on the spot.
    """
    signal.signal(signal.SIGTERM, _raise_shutdown_signal)
    keep_freed_memory()
    gc.freeze()  # what was imported and wired stays: the collector need not look at it again and again
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
            proxy_headers=False,  # nobody here asks where a request came from
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )


class ShutdownSignal(BaseException):
    """Raised by the second SIGTERM; no handler of failures may take it for one."""


def _raise_shutdown_signal(_number: int, _frame: FrameType | None) -> None:
    raise ShutdownSignal


_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}


class LeanFastAPI(FastAPI):
    """A request meets the middlewares that were added first of all. What the framework would put before them
    is left out: they answer what nobody foresaw, bound bodies and count requests themselves."""

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
    """ASGI middleware: POSTs to some paths are answered without the framework's work for each request.

    Each of them is a route of the application as well, which documents it and answers alike; every other
    request goes on to ``app``. ``Observed`` answers what an answer raises as the route's failure is answered.
    """

    def __init__(self, app: ASGIApp, answers: Mapping[str, Callable[[ASGIApp], ASGIApp]]) -> None:
        self._app = app
        self._answers = {path: (FastPathRoute(path), make(app)) for path, make in answers.items()}

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        plain = scope["type"] == "http" and scope["method"] == "POST"
        found = self._answers.get(scope["path"]) if plain else None
        if found is None:
            return self._app(scope, receive, send)
        scope["route"], answer = found
        return answer(scope, receive, send)


class FastPathRoute(NamedTuple):
    """What stands for a route where requests are counted."""

    path: str


async def read_body(receive: Receive, limit: int) -> bytes:
    """The body, or ``TooLarge`` as soon as it is longer than ``limit``; ``ClientDisconnect`` where the
    caller has gone before its end."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise TooLarge(f"body of more than {limit} bytes, wanted at most that")
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


_NO_CONTENT: Message = {"type": "http.response.start", "status": 204, "headers": []}
_EMPTY_BODY: Message = {"type": "http.response.body", "body": b""}


async def send_no_content(send: Send) -> None:
    """Answer 204."""
    await send(_NO_CONTENT)
    await send(_EMPTY_BODY)


async def send_content(send: Send, body: bytes, media_type: bytes) -> None:
    """Answer 200."""
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", media_type)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries of the problem answers a route may give."""
    titles = dict(STATUS_BY_ERROR.values())
    return {s: {"description": titles[s], **PROBLEM_CONTENT} for s in statuses}


def push_request_body(kind: str) -> dict[str, Any]:
    """OpenAPI entry of a route that takes a message of ``kind`` in Pub/Sub's envelope."""
    message = {
        "type": "object",
        "properties": {
            "data": {"type": "string", "description": f"{kind}, base64"},
            "messageId": {"type": "string"},
        },
    }
    envelope = {"type": "object", "required": ["message"], "properties": {"message": message}}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": envelope}}}}
