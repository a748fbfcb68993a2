"""The current trace: read from request headers or message attributes, passed on to published messages.

This module opens no spans, so logs and messages carry the span id of the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import lru_cache
from random import getrandbits
from typing import NamedTuple

TRACEPARENT = "traceparent"
_W3C = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_CLOUD = re.compile(r"(?!0{32})([0-9a-fA-F]{32})(?:/(\d{1,20}))?(?:;o=(\d))?")
_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


class Trace(NamedTuple):
    """``trace_id`` has 32 hexadecimal digits, ``span_id`` 16."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        """Header value in the format of W3C Trace Context."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def new() -> Trace:
    digits = f"{getrandbits(192):048x}"  # ids must be unique, not unpredictable
    return Trace(digits[:32], digits[32:])


@lru_cache(maxsize=256)
def parse(traceparent: str | None) -> Trace | None:
    """Return the trace of a W3C ``traceparent``; None if it is invalid by the specification."""
    match = _W3C.fullmatch(traceparent or "")
    if match is None or (match[1] == "00" and match[5]):
        return None
    return Trace(match[2], match[3], bool(int(match[4], 16) & 1))


def parse_cloud_header(header: str | None) -> Trace | None:
    """Return the trace of ``X-Cloud-Trace-Context: TRACE/SPAN;o=1``, whose span is a decimal number, or
    None."""
    match = _CLOUD.fullmatch(header or "")
    if match is None:
        return None
    span = int(match[2] or 0) % 2**64
    return Trace(match[1].lower(), f"{span:016x}" if span else f"{getrandbits(64):016x}", match[3] != "0")


def from_headers(headers: Iterable[tuple[bytes, bytes]]) -> Trace:
    """Return the trace of a request: from W3C's header, else from Google's, else a new one."""
    cloud_trace = None
    for name, value in headers:
        if name == b"traceparent":
            trace = parse(value.decode("latin-1"))
            if trace is not None:
                return trace
        elif name == b"x-cloud-trace-context":
            cloud_trace = parse_cloud_header(value.decode("latin-1"))
    return cloud_trace or new()


def from_message(attributes: Mapping[str, str]) -> Trace | None:
    """Return the trace of a message; without one, that of the request which delivers it."""
    return parse(attributes.get(TRACEPARENT)) or _current.get()


def current() -> Trace | None:
    return _current.get()


def enter(trace: Trace | None) -> Token[Trace | None]:
    """Make ``trace`` current until ``leave``, also in threads that copy the context."""
    return _current.set(trace)


def leave(token: Token[Trace | None]) -> None:
    _current.reset(token)


@contextmanager
def use(trace: Trace | None) -> Iterator[None]:
    """Make ``trace`` current in the block."""
    token = enter(trace)
    try:
        yield
    finally:
        leave(token)
