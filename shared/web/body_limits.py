"""Limits on the size of request bodies."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import TooLarge
from shared.web.problems import error_response

MEGABYTE = 1024 * 1024
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods whose routes read no body."""


@dataclass(frozen=True)
class BodyLimits:
    push_bytes: int = MEGABYTE
    batch_bytes: int = 10 * MEGABYTE


DEFAULT_LIMITS = BodyLimits()


class LimitSettings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    max_push_bytes: int = Field(default=DEFAULT_LIMITS.push_bytes, gt=0)
    """Longest body in bytes of a push, and of every other request except a batch."""

    max_batch_bytes: int = Field(default=DEFAULT_LIMITS.batch_bytes, gt=0)
    """Longest body in bytes of ``/predict/batch``."""

    def limits(self) -> BodyLimits:
        return BodyLimits(self.max_push_bytes, self.max_batch_bytes)


def limit_bodies(
    app: FastAPI, limit: int, path_limits: Mapping[str, int] | None = None, pushes: Collection[str] = ()
) -> None:
    """Respond 413 to a body longer than ``limit`` bytes, or than the limit of its path.

    The paths in ``pushes`` are exempt: their routes check the size and store a refused message, since a
    broker sends the same message again after a 413.
    """
    app.add_middleware(
        BodyLimitMiddleware, limit=limit, path_limits=path_limits or {}, pushes=frozenset(pushes)
    )


class BodyLimitMiddleware:
    """ASGI middleware that reads a body up to its limit before the application sees any of it."""

    def __init__(
        self, app: ASGIApp, limit: int, path_limits: Mapping[str, int], pushes: frozenset[str]
    ) -> None:
        self._app, self._limit, self._path_limits, self._pushes = app, limit, path_limits, pushes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or scope["method"] in BODILESS or scope["path"] in self._pushes:
            return self._app(scope, receive, send)
        return self._call_with_body(scope, receive, send)

    async def _call_with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._path_limits.get(scope["path"], self._limit)
        content_length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        try:
            _check_size(int(content_length) if content_length.isdigit() else 0, limit)
            body = await read_body(receive, limit)
        except TooLarge as exc:
            await error_response(exc)(scope, receive, send)
            return
        message = {"type": "http.request", "body": body, "more_body": False}
        await self._app(scope, replay_first(message, receive), send)


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the body; ``TooLarge`` above ``limit`` bytes, ``ClientDisconnect`` if the client disconnects."""
    chunks: list[bytes] = []
    size, has_more = 0, True
    while has_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        _check_size(size, limit)
        has_more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"body of more than {limit} bytes, expected at most that")


def replay_first(message: Message, receive: Receive) -> Receive:
    """Return a ``receive`` that gives ``message`` first, then the messages of ``receive``."""
    first_message = [message]

    async def receive_next() -> Message:
        return first_message.pop() if first_message else await receive()

    return receive_next
