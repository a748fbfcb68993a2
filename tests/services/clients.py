"""Clients of the applications in this process."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI

from shared.ports import OutgoingMessage


class Client:
    """Plain calls to an application through its ASGI interface, lifespan included."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        async with self._app.router.lifespan_context(self._app):
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **more)


def ask(app: FastAPI, method: str, path: str, **more: Any) -> httpx.Response:
    """One call, from start to end of the application's life."""
    return asyncio.run(Client(app).call(method, path, **more))


def envelope(payload: bytes, message_id: str = "7", attributes: Mapping[str, str] | None = None) -> bytes:
    message = {"data": base64.b64encode(payload).decode(), "messageId": message_id}
    more = {"attributes": dict(attributes)} if attributes is not None else {}
    return json.dumps({"message": message | more}).encode()


def pushed(message: OutgoingMessage, message_id: str = "7") -> bytes:
    """The envelope in which a published message arrives."""
    return envelope(message.body, message_id, message.attributes)
