"""ASGI middleware: tracing, latency metrics, unexpected errors."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import AppError
from shared.observability import tracing
from shared.web.problems import UNEXPECTED, error_response, log_unexpected_error, unexpected_error_response

REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class RequestLatency:
    """Latency histogram by declared route and status; unknown paths share one label."""

    def __init__(self, registry: CollectorRegistry, prefix: str) -> None:
        self._histogram = Histogram(
            f"{prefix}_request_seconds",
            "Requests by route and status",
            ["route", "status"],
            registry=registry,
            buckets=REQUEST_BUCKETS,
        )
        self._observers: dict[tuple[str, int], Callable[[float], None]] = {}

    def observe(self, route: str, status: int, seconds: float) -> None:
        observer = self._observers.get((route, status))
        if observer is None:
            observer = self._histogram.labels(route, str(status)).observe
            self._observers[route, status] = observer
        observer(seconds)


class RequestMetricsMiddleware:
    """ASGI middleware; calls ``times`` for each request, since the metrics may not exist at construction."""

    def __init__(self, app: ASGIApp, times: Callable[[], RequestLatency]) -> None:
        self._app, self._times = app, times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at, status = time.perf_counter(), 0

        def record_status(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            return send(message)

        token = tracing.enter(tracing.from_headers(scope["headers"]))
        try:
            await self._app(scope, receive, record_status)
        except ClientDisconnect:
            status = 499
        except Exception as exc:
            request = f"{scope['method']} {scope['path']}"
            if status:  # the response has started: the server can only close the connection
                status = UNEXPECTED.status
                log_unexpected_error(exc, request)
                raise
            response = (
                error_response(exc, request)
                if isinstance(exc, AppError)
                else unexpected_error_response(exc, request)
            )
            await response(scope, receive, record_status)
        finally:
            tracing.leave(token)
            if status:
                route = getattr(scope.get("route"), "path", "unknown")
                self._times().observe(route, status, time.perf_counter() - started_at)
