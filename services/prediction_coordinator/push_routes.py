"""Routes for the pushes of two topics: reports of players, and requests of runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.types import Receive

from services.prediction_coordinator.coordinator import Coordinator
from shared.application.messaging.topics import READY_TOPIC, START_TOPIC
from shared.application.runs.lifecycle import Report, StartedRun
from shared.observability import tracing
from shared.schemas.messages import PredictionReady, RunRequested, decode, unwrap
from shared.schemas.strict_json import parse_json
from shared.web.push import PushCounters, handle_push, push_route

Accepted = TypeVar("Accepted")

PUSH_PATHS = ("/complete", "/pubsub/start")


def add_push_routes(app: FastAPI, c: Coordinator, max_bytes: int) -> None:
    def parse_report(payload: bytes) -> Report:
        ready = decode(payload, PredictionReady)
        c.record.check(ready)
        return Report(ready, tracing.current())

    async def record(report: Report) -> None:
        await c.completions.submit(report)
        c.last_activity = datetime.now(UTC)

    def start(payload: bytes) -> StartedRun:
        parse_json(payload)  # refuses duplicate fields, which are ambiguous
        return c.start_run(decode(payload, RunRequested))

    def handle(
        receive: Receive,
        topic: str,
        parse: Callable[[bytes], Accepted],
        submit: Callable[[Accepted], Awaitable[object]] | None,
        counters: PushCounters,
    ) -> Awaitable[None]:
        def parse_body(body: bytes) -> Accepted:
            envelope = unwrap(body)
            with tracing.use(tracing.from_message(envelope.attributes)):
                return parse(envelope.payload)

        def accept(body: bytes) -> Awaitable[Accepted]:
            return run_in_threadpool(parse_body, body)

        def refuse(body: bytes, reason: str) -> None:
            c.keep_rejected(body, reason, topic)

        return handle_push(receive, max_bytes, accept, submit, refuse, counters)

    @push_route(app, "/complete", PredictionReady)
    def complete(receive: Receive) -> Awaitable[None]:
        """Record one player's outcome from a push; a repeated push changes nothing."""
        return handle(receive, READY_TOPIC, parse_report, record, c.metrics.recorded)

    @push_route(app, "/pubsub/start", RunRequested)
    def pubsub_start(receive: Receive) -> Awaitable[None]:
        """Start a run by push. A message that can never succeed is stored and acknowledged; one that may
        succeed later, also one over the hourly limit of runs, gets 503, so that it is pushed again."""
        return handle(receive, START_TOPIC, start, None, c.metrics.started)
