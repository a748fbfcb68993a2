"""Routes for Pub/Sub pushes: a message that can never succeed is stored and acknowledged, others get 503."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from services.prediction_coordinator.coordinator import Coordinator
from shared.application.messaging.topics import READY_TOPIC, START_TOPIC
from shared.application.runs.lifecycle import Report
from shared.errors import Conflict, NotFound, Rejected, TooMany, Unavailable
from shared.observability import tracing
from shared.schemas.messages import Envelope, PredictionReady, RunRequested, decode, unwrap
from shared.web.app import problem_responses, push_request_body, read_body
from shared.web.strict_routes import parse_json

Handled = TypeVar("Handled")

PUSH_PATHS = ("/complete", "/pubsub/start")


def add_push_routes(app: FastAPI, c: Coordinator, max_bytes: int) -> None:
    @app.post(
        "/complete",
        status_code=204,
        response_class=Response,
        responses=problem_responses(503),
        openapi_extra=push_request_body("PredictionReady"),
    )
    async def complete(request: Request) -> Response:
        """Record one player's outcome from a push; a repeated push changes nothing."""
        report = await _handle_push(c, request, READY_TOPIC, lambda e: _report(c, e), max_bytes)
        if report is not None:
            await c.completions.submit(report)
            c.last_activity = datetime.now(UTC)
            c.metrics.recorded.inc()
        return Response(status_code=204)

    @app.post(
        "/pubsub/start",
        status_code=204,
        response_class=Response,
        responses=problem_responses(503),
        openapi_extra=push_request_body("RunRequested"),
    )
    async def pubsub_start(request: Request) -> Response:
        """Start a run by push. A message that can never succeed is stored and acknowledged; one that may
        succeed later, also one over the hourly limit of runs, gets 503, so that it is pushed again."""
        if await _handle_push(c, request, START_TOPIC, lambda e: _start(c, e), max_bytes) is not None:
            c.metrics.started.inc()
        return Response(status_code=204)


def _report(c: Coordinator, envelope: Envelope) -> Report:
    ready = decode(envelope.payload, PredictionReady)
    c.record.check(ready)
    return Report(ready, tracing.current())


def _start(c: Coordinator, envelope: Envelope) -> str:
    parse_json(envelope.payload)  # refuses duplicate fields, which are ambiguous
    return c.start_run(decode(envelope.payload, RunRequested)).run_id


async def _handle_push(
    c: Coordinator, request: Request, topic: str, handle: Callable[[Envelope], Handled], max_bytes: int
) -> Handled | None:
    """Return the result of ``handle`` for a message; None if the message can never succeed and was stored."""
    body = b""
    try:
        body = await read_body(request.receive, max_bytes)
    except Rejected as exc:
        await run_in_threadpool(_store_rejected, c, body, str(exc), topic)
        return None
    return await run_in_threadpool(_handle, c, body, topic, handle)


def _handle(c: Coordinator, body: bytes, topic: str, handle: Callable[[Envelope], Handled]) -> Handled | None:
    try:
        envelope = unwrap(body)
    except Rejected as exc:
        _store_rejected(c, body, str(exc), topic)
        return None
    with tracing.use(tracing.from_message(envelope.attributes)):
        try:
            return handle(envelope)
        except (Rejected, NotFound, Conflict) as exc:
            _store_rejected(c, body, str(exc), topic)
            return None
        except TooMany as exc:
            raise Unavailable(str(exc)) from exc


def _store_rejected(c: Coordinator, body: bytes, reason: str, topic: str) -> None:
    c.keep_rejected(body, reason, topic)
    c.metrics.rejected.inc()
