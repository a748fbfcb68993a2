"""How much one request may carry."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import TooLarge
from shared.web.app import error_response

MEGABYTE = 1024 * 1024
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods whose routes here read no body."""


@dataclass(frozen=True)
class BodyLimits:
    push_bytes: int = MEGABYTE
    batch_bytes: int = 10 * MEGABYTE


DEFAULT_LIMITS = BodyLimits()


class LimitSettings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    max_push_bytes: int = Field(default=DEFAULT_LIMITS.push_bytes, gt=0)
    """Longest body of a push, and of every request but a batch."""

    max_batch_bytes: int = Field(default=DEFAULT_LIMITS.batch_bytes, gt=0)
    """Longest body of ``/predict/batch``."""

    def limits(self) -> BodyLimits:
        return BodyLimits(self.max_push_bytes, self.max_batch_bytes)


def limit_bodies(
    app: FastAPI, limit: int, others: Mapping[str, int] | None = None, pushes: Collection[str] = ()
) -> None:
    """Answer 413 to a body longer than ``limit``, or what ``others`` has for its path.

    ``pushes`` are left to their routes, which bound them and keep what is refused: a broker that gets
    a 413 sends the same message again.
    """
    app.add_middleware(BodyLimitMiddleware, limit=limit, others=others or {}, pushes=frozenset(pushes))


class BodyLimitMiddleware:
    """Reads a body up to its limit before the application sees any of it."""

    def __init__(self, app: ASGIApp, limit: int, others: Mapping[str, int], pushes: frozenset[str]) -> None:
        self._app, self._limit, self._others, self._pushes = app, limit, others, pushes

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] != "http" or scope["method"] in BODILESS or scope["path"] in self._pushes:
            return self._app(scope, receive, send)
        return self._bounded(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await _read(scope, receive, self._others.get(scope["path"], self._limit))
        except TooLarge as exc:
            await error_response(exc)(scope, receive, send)
            return
        await self._app(scope, replay_first(body, receive), send)


async def _read(scope: Scope, receive: Receive, limit: int) -> Message:
    """The whole body in one message, or the message that the caller has gone."""
    told = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    _check(int(told) if told.isdigit() else 0, limit)
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return message
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        _check(size, limit)
        more = message.get("more_body", False)
    return {"type": "http.request", "body": b"".join(parts), "more_body": False}


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"body of more than {limit} bytes, wanted at most that")


def replay_first(message: Message, receive: Receive) -> Receive:
    """Give ``message``, then whatever else comes."""
    waiting = [message]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again
