"""The broker's own HTTP interface."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web

from shared.embedded.broker.delivery import Delivery
from shared.embedded.broker.store import MessageStore
from shared.errors import Rejected, Unavailable
from shared.schemas.attributes import check_attributes

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

logger = logging.getLogger("props.broker")

MAX_BODY = 64 * 1024 * 1024


def build(store: MessageStore, deliveries: dict[str, Delivery], home: Path) -> web.Application:
    """Build the routes for publishing, health and message states; ``home`` is the folder of the store."""
    app = web.Application(client_max_size=MAX_BODY, middlewares=[problems])

    async def publish(request: web.Request) -> web.Response:
        topic = request.match_info["topic"]
        try:
            data = _messages(await request.json())
        except Rejected as exc:
            return _problem(400, str(exc))
        except (binascii.Error, TypeError, KeyError, ValueError, RecursionError) as exc:
            return _problem(
                400, f'{exc!r}; expected {{"messages": [{{"data": base64, "attributes": {{}}}}, ...]}}'
            )
        stored = await asyncio.to_thread(store.publish, topic, data)
        if topic in deliveries:
            deliveries[topic].add(stored)
        return web.json_response({"messageIds": [str(m.id) for m in stored]})

    async def stats(_: web.Request) -> web.Response:
        counts = await asyncio.to_thread(store.counts)
        for topic, delivery in deliveries.items():
            counts.setdefault(topic, {"pending": 0, "delivered": 0, "dead": 0})
            counts[topic]["in_flight"] = delivery.in_flight
        return web.json_response(counts)

    async def dead(_: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(store.dead))

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"service": "broker", "status": "ok", "home": str(home.resolve())})

    async def running(_: web.Application):  # type: ignore[no-untyped-def]
        for delivery in deliveries.values():
            await delivery.start()
        yield
        await asyncio.gather(*(d.stop() for d in deliveries.values()))

    app.cleanup_ctx.append(running)
    app.add_routes(
        [
            web.post("/topics/{topic}/messages", publish),
            web.get("/stats", stats),
            web.get("/dead", dead),
            web.get("/health", health),
        ]
    )
    return app


def _messages(body: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    messages = body["messages"]
    for message in messages:
        base64.b64decode(message["data"], validate=True)
        check_attributes(dict(message.get("attributes") or {}))
    return messages


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Convert every error to a problem+json response; log unexpected ones."""
    try:
        return await handler(request)
    except web.HTTPException as exc:
        return _problem(exc.status, exc.reason)
    except Unavailable as exc:
        return _problem(503, str(exc))
    except Exception:
        logger.exception("unexpected error in %s %s", request.method, request.path)
        return _problem(500, "internal error, see the broker's log")


def _problem(status: int, detail: str) -> web.Response:
    title = HTTPStatus(status).phrase.lower()
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return web.json_response(body, status=status, content_type="application/problem+json")
