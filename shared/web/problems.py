"""Errors as problem documents (RFC 9457): status, title and advice of each error class."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

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
from shared.schemas.strict_json import cut

logger = logging.getLogger("props.http")


class Problem(NamedTuple):
    """Status and title of a response, and advice for people on a page."""

    status: int
    title: str
    advice: str


UNEXPECTED = Problem(500, "internal error", "This is a bug. Send the trace to the operator.")
"""Every error that the table does not list; its details are in the log only."""

_FIX = "Fix the input and try again."

PROBLEMS: dict[type[AppError], Problem] = {
    Malformed: Problem(400, "bad request", _FIX),
    Unauthenticated: Problem(401, "not authenticated", "Sign in, then try again."),
    Forbidden: Problem(403, "not allowed", "Open the page again and submit the form there."),
    NotFound: Problem(404, "not found", "Check the address, or start from one of the pages above."),
    Conflict: Problem(
        409, "already in progress", "Wait until the current operation has finished, then try again."
    ),
    TooLarge: Problem(413, "too large", _FIX),
    UnsupportedMediaType: Problem(415, "unsupported content type", _FIX),
    Rejected: Problem(422, "cannot be processed", _FIX),
    TooMany: Problem(429, "too many", "Wait, then try again."),
    InvalidStatement: UNEXPECTED,
    Unavailable: Problem(
        503, "temporarily unavailable", "Try again in a moment. If this persists, run props doctor."
    ),
}
"""The problem of each error class. Other classes use their nearest parent's, else ``UNEXPECTED``. Callers
send no SQL, so a statement that the warehouse refuses is an internal error."""

_FIELDS = {"type": "string", "title": "string", "status": "integer", "detail": "string"}
_SCHEMA = {"type": "object", "properties": {name: {"type": type_} for name, type_ in _FIELDS.items()}}
PROBLEM_CONTENT = {"content": {"application/problem+json": {"schema": _SCHEMA}}}


def problem_response(
    status: int, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **fields: Any
) -> JSONResponse:
    """Build a problem+json response (RFC 9457). Unpaired surrogates, which UTF-8 cannot encode, are
    escaped."""
    encodable = detail.encode(errors="backslashreplace").decode()
    body = {"type": "about:blank", "title": title, "status": status, "detail": encodable, **fields}
    return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")


def error_response(exc: AppError, request: str = "a request") -> JSONResponse:
    """Build the problem+json response for an error, with its extra headers and fields.

    ``request`` is the method and path, for the log.
    """
    problem = problem_of(exc)
    if problem is UNEXPECTED:
        return unexpected_error_response(exc, request)
    status, title, _ = problem
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
    return problem_response(UNEXPECTED.status, UNEXPECTED.title, f"see the log, trace {trace_id()}")


def log_unexpected_error(exc: Exception, request: str) -> None:
    """Log an error with its stack trace, once."""
    if first_time_logged(exc):
        logger.error("unexpected error in %s", request, exc_info=exc)


def trace_id() -> str:
    """Return the trace id of the current request, or ``-``."""
    trace = tracing.current()
    return trace.trace_id if trace else "-"


def problem_of(exc: AppError) -> Problem:
    return next((PROBLEMS[kind] for kind in type(exc).__mro__ if kind in PROBLEMS), UNEXPECTED)


def log_error(exc: AppError) -> None:
    """Log an error that concerns the operator: unavailable dependency, forbidden caller, unexpected error."""
    if isinstance(exc, Unavailable) and first_time_logged(exc):
        logger.warning("unavailable: %s", exc)
    if isinstance(exc, Forbidden):
        logger.warning("forbidden: %s", exc)
    if problem_of(exc) is UNEXPECTED:
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


MAX_ERRORS = 20
"""Validation errors of one request that its response lists."""


def validation_error(error: Mapping[str, Any]) -> str:
    """Describe one validation error: field, received value, expected value."""
    field_path = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{field_path}: unknown field"
    if error["type"] == "missing":
        return f"{field_path}: {error['msg']}"
    return f"{field_path}: {cut(repr(error['input']))}, {error['msg']}"


def first_time_logged(failure: Exception) -> bool:
    """Mark an error as logged; return True the first time. All messages of a batch raise the same error."""
    is_first = not vars(failure).get("logged", False)
    vars(failure)["logged"] = True
    return is_first


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI entries of the problem responses of a route."""
    titles = {p.status: p.title for p in PROBLEMS.values()}
    return {s: {"description": titles[s], **PROBLEM_CONTENT} for s in statuses}
