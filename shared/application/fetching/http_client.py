"""Requests to the hosts of feeds: one at a time, with pauses, repeated after failures that pass."""

from __future__ import annotations

import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.errors import Unavailable

TRIES = 4
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before the second try; doubled for each later one, with jitter of a half."""

REPEATED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that a later try may not have."""

MAX_BYTES = 64 * 2**20

_KEY = re.compile(r"(apiKey=)[^&\s'\"]+", re.IGNORECASE)


def redacted(text: str) -> str:
    """Return a text without the value of an ``apiKey`` parameter."""
    return _KEY.sub(r"\1...", text)


class _WithoutKey(logging.Filter):
    """Removes keys from lines of httpx, which logs the address of each request."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redacted(record.getMessage()), ()
        return True


logging.getLogger("httpx").addFilter(_WithoutKey())


@dataclass(frozen=True)
class Response:
    """A response with any status below 400; ``url`` without the key."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


class FetchFailed(Unavailable):
    """A request that failed for good; ``status`` is None without a response. The message has no key."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class FeedClient:
    """``seconds_between``: pause between two requests to one host. ``sleep`` and ``monotonic`` for tests."""

    seconds_between: float = 1.0
    timeout: float = 30.0
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    _last: dict[str, float] = field(default_factory=dict)

    def get(
        self, url: str, params: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Return the response; raise ``FetchFailed`` for a status from 400 on, or without a response.

        429 and passing failures of the server are repeated, after ``Retry-After`` where the server states it.
        """
        request = httpx.Request("GET", url, params=params, headers=headers)
        with httpx.Client(transport=self.transport, timeout=self.timeout, follow_redirects=False) as client:
            for attempt in range(1, TRIES + 1):
                self._wait(request.url.host)
                try:
                    response = client.send(request)
                except httpx.TransportError as exc:
                    failure = FetchFailed(redacted(f"{request.url}: {type(exc).__name__} {exc}".strip()))
                    retry_after = None
                else:
                    if response.status_code < 400:
                        return self._checked(response)
                    reason = f"status {response.status_code}, expected 200"
                    failure = FetchFailed(redacted(f"{request.url}: {reason}"), response.status_code)
                    retry_after = response.headers.get("retry-after")
                    if response.status_code not in REPEATED:
                        raise failure
                if attempt == TRIES:
                    raise failure
                self.sleep(self._pause(attempt, retry_after))
        raise AssertionError

    def _checked(self, response: httpx.Response) -> Response:
        url = redacted(str(response.url))
        if response.status_code >= 300:
            raise FetchFailed(f"{url}: redirected, expected 200", response.status_code)
        if len(response.content) > MAX_BYTES:
            raise FetchFailed(f"{url}: {len(response.content):,} bytes, expected at most {MAX_BYTES:,}")
        return Response(url, response.status_code, response.headers, response.content)

    def _wait(self, host: str) -> None:
        last = self._last.get(host)
        if last is not None:
            remaining = last + self.seconds_between - self.monotonic()
            if remaining > 0:
                self.sleep(remaining)
        self._last[host] = self.monotonic()

    def _pause(self, attempt: int, retry_after: str | None) -> float:
        if retry_after is not None and retry_after.isdigit():
            return min(float(retry_after), LONGEST_PAUSE)
        return min(FIRST_PAUSE * 2.0 ** (attempt - 1), LONGEST_PAUSE) * (0.5 + self.jitter() / 2)
