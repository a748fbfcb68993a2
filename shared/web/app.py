"""ASGI building blocks of both services: the application class and routes without per-request overhead."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, NamedTuple, cast

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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

    def __init__(self, app: ASGIApp, handlers: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._handlers = {path: (FastPathRoute(path), handler) for path, handler in handlers.items()}

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
