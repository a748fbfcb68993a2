"""Pub/Sub pushes: a message that can never succeed is stored and acknowledged, others get 503."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from prometheus_client import Counter
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import Conflict, NotFound, Rejected, TooMany, Unavailable
from shared.web.app import send_no_content
from shared.web.body_limits import read_body
from shared.web.problems import problem_responses

Message = TypeVar("Message")
PushHandler = Callable[[Receive], Awaitable[None]]


class PushCounters(NamedTuple):
    """Counters of push messages, one per answer."""

    succeeded: Counter
    rejected: Counter
    unavailable: Counter


async def handle_push(
    receive: Receive,
    max_bytes: int,
    accept: Callable[[bytes], Awaitable[Message]],
    submit: Callable[[Message], Awaitable[object]] | None,
    refuse: Callable[[bytes, str], None],
    counters: PushCounters,
) -> None:
    """Handle one push; raise ``Unavailable`` if the broker must send it again.

    ``accept`` parses a body, and ``refuse`` stores one that can never succeed, with the reason. ``submit``
    does the rest of the work: its errors may concern a whole batch of messages, so none is refused for them.
    """
    body = b""
    try:
        try:
            body = await read_body(receive, max_bytes)
            message = await accept(body)
        except (Rejected, NotFound, Conflict) as exc:
            await run_in_threadpool(refuse, body, str(exc))
            counters.rejected.inc()
            return
        except TooMany as exc:
            raise Unavailable(str(exc)) from exc
        if submit is not None:
            await submit(message)
    except Unavailable:
        counters.unavailable.inc()
        raise
    counters.succeeded.inc()


def push_route(app: FastAPI, path: str, message: type[msgspec.Struct]) -> Callable[[PushHandler], ASGIApp]:
    """Register a handler of pushes of one message type; its name and docstring document the route. The
    result does the same as the route, as an application for ``FastPathRoutes``."""

    def register(handle: PushHandler) -> ASGIApp:
        async def respond(request: Request) -> Response:
            await handle(request.receive)
            return Response(status_code=204)

        async def send_response(_scope: Scope, receive: Receive, send: Send) -> None:
            await handle(receive)
            await send_no_content(send)

        app.post(
            path,
            name=handle.__name__,
            description=inspect.getdoc(handle),
            status_code=204,
            response_class=Response,
            responses=problem_responses(503),
            openapi_extra=_request_body(message.__name__),
        )(respond)
        return send_response

    return register


def _request_body(kind: str) -> dict[str, Any]:
    """Return the OpenAPI request body of a route that receives a ``kind`` in a push envelope."""
    data = {"type": "string", "description": f"{kind}, base64"}
    message = {"type": "object", "properties": {"data": data, "messageId": {"type": "string"}}}
    envelope = {"type": "object", "required": ["message"], "properties": {"message": message}}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": envelope}}}}
