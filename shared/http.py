"""What both services share at their HTTP edge: problem details, bounded bodies, identity."""

from __future__ import annotations

import logging
import os
import secrets
import signal
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from shared.errors import AppError, Conflict, NotFound, Rejected, Unavailable

logger = logging.getLogger("props.http")
MAX_BODY = 1024 * 1024

STATUS: dict[type[AppError], tuple[int, str]] = {
    NotFound: (404, "not found"),
    Conflict: (409, "already under way"),
    Rejected: (422, "cannot be processed"),
    Unavailable: (503, "not available now"),
}
"""The one table from failures to answers."""

PROBLEM = {
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


def problem(status: int, title: str, detail: str, **more: Any) -> JSONResponse:
    """An answer of RFC 9457."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def install_errors(app: FastAPI) -> None:
    """Turn the failures of ``shared.errors`` and of validation into problem details."""

    def answer(_: Request, exc: Exception) -> JSONResponse:
        if isinstance(exc, Unavailable) and untold(exc):
            logger.warning("not available: %s", exc)
        status, title = next(v for kind, v in STATUS.items() if isinstance(exc, kind))
        more = {"holder": exc.holder} if isinstance(exc, Conflict) else {}
        return problem(status, title, str(exc), **more)

    def invalid(_: Request, exc: Exception) -> JSONResponse:
        errors = exc.errors() if isinstance(exc, RequestValidationError) else []
        detail = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors)
        return problem(422, "cannot be processed", detail)

    for kind in STATUS:
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(RequestValidationError, invalid)


def untold(failure: Exception) -> bool:
    """Whether this is the first to log a failure: that of one batch reaches every message in it."""
    first = not vars(failure).get("told", False)
    vars(failure)["told"] = True
    return first


HOST = "127.0.0.1"


def serve(app: FastAPI, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C, then return by the ordinary way so that contexts are left.

    uvicorn repeats a SIGTERM once it has shut down; without a handler the process would end on the spot.
    """
    signal.signal(signal.SIGTERM, _leave)
    uvicorn.run(app, host=HOST, port=port, log_config=None, log_level="warning", access_log=False)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


async def bounded_body(request: Request, limit: int = MAX_BODY) -> bytes:
    """The body, or ``Rejected`` as soon as it is longer than ``limit``."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise Rejected(f"body of more than {limit} bytes, wanted at most that")
        parts.append(part)
    return b"".join(parts)


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries of the problem answers a route may give."""
    titles = {400: "bad request", **dict(STATUS.values())}
    return {s: {"description": titles[s], **PROBLEM} for s in statuses}
