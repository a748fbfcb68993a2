"""Routes that Pub/Sub pushes to: what can never succeed is acknowledged and kept, what may is refused."""

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
from shared.web.app import bounded_body, push_body, responses
from shared.web.strict_routes import parse_json

Taken = TypeVar("Taken")

PUSHES = ("/complete", "/pubsub/start")


def add_pushes(app: FastAPI, c: Coordinator, most_bytes: int) -> None:
    @app.post(
        "/complete",
        status_code=204,
        response_class=Response,
        responses=responses(503),
        openapi_extra=push_body("PredictionReady"),
    )
    async def complete(request: Request) -> Response:
        """Take one player's outcome from a push; repeats change nothing."""
        report = await _push(c, request, READY_TOPIC, lambda e: _report(c, e), most_bytes)
        if report is not None:
            await c.completions.submit(report)
            c.last_activity = datetime.now(UTC)
            c.metrics.recorded.inc()
        return Response(status_code=204)

    @app.post(
        "/pubsub/start",
        status_code=204,
        response_class=Response,
        responses=responses(503),
        openapi_extra=push_body("RunRequested"),
    )
    async def pubsub_start(request: Request) -> Response:
        """The same as ``/start`` by push; what can never succeed is acknowledged and kept, what may succeed
        later, among it one run too many in an hour, is refused with 503 so that it is pushed again."""
        if await _push(c, request, START_TOPIC, lambda e: _start(c, e), most_bytes) is not None:
            c.metrics.started.inc()
        return Response(status_code=204)


def _report(c: Coordinator, envelope: Envelope) -> Report:
    ready = decode(envelope.payload, PredictionReady)
    c.record.check(ready)
    return Report(ready, tracing.current())


def _start(c: Coordinator, envelope: Envelope) -> str:
    parse_json(envelope.payload)  # a field that is named twice is refused: it says two things
    return c.start_run(decode(envelope.payload, RunRequested)).run_id


async def _push(
    c: Coordinator, request: Request, topic: str, take: Callable[[Envelope], Taken], most_bytes: int
) -> Taken | None:
    """What ``take`` makes of a message; None where it was kept as one that can never succeed."""
    body = b""
    try:
        body = await bounded_body(request.receive, most_bytes)
    except Rejected as exc:
        await run_in_threadpool(_keep, c, body, str(exc), topic)
        return None
    return await run_in_threadpool(_taken, c, body, topic, take)


def _taken(c: Coordinator, body: bytes, topic: str, take: Callable[[Envelope], Taken]) -> Taken | None:
    try:
        envelope = unwrap(body)
    except Rejected as exc:
        _keep(c, body, str(exc), topic)
        return None
    with tracing.use(tracing.of_message(envelope.attributes)):
        try:
            return take(envelope)
        except (Rejected, NotFound, Conflict) as exc:
            _keep(c, body, str(exc), topic)
            return None
        except TooMany as exc:
            raise Unavailable(str(exc)) from exc


def _keep(c: Coordinator, body: bytes, reason: str, topic: str) -> None:
    c.keep_rejected(body, reason, topic)
    c.metrics.rejected.inc()
