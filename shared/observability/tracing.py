"""The trace that the work at hand belongs to: read from headers or attributes, carried to what is published.

A trace is the caller's; nothing here opens spans, so logs and messages name the span that came in.
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
        """As W3C Trace Context writes it."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def new() -> Trace:
    digits = f"{getrandbits(192):048x}"  # as far from each other as ids must be; nobody is kept from guessing
    return Trace(digits[:32], digits[32:])


@lru_cache(maxsize=256)
def parse(traceparent: str | None) -> Trace | None:
    """A trace from W3C's header; None for anything that the specification calls invalid."""
    found = _W3C.fullmatch(traceparent or "")
    if found is None or (found[1] == "00" and found[5]):
        return None
    return Trace(found[2], found[3], bool(int(found[4], 16) & 1))


def parse_cloud_header(header: str | None) -> Trace | None:
    """A trace from ``X-Cloud-Trace-Context: TRACE/SPAN;o=1``, whose span is a decimal number."""
    found = _CLOUD.fullmatch(header or "")
    if found is None:
        return None
    span = int(found[2] or 0) % 2**64
    return Trace(found[1].lower(), f"{span:016x}" if span else f"{getrandbits(64):016x}", found[3] != "0")


def from_headers(headers: Iterable[tuple[bytes, bytes]]) -> Trace:
    """The trace of a request: W3C's header, else Google's, else a new one."""
    cloud = None
    for name, value in headers:
        if name == b"traceparent":
            found = parse(value.decode("latin-1"))
            if found is not None:
                return found
        elif name == b"x-cloud-trace-context":
            cloud = parse_cloud_header(value.decode("latin-1"))
    return cloud or new()


def from_message(attributes: Mapping[str, str]) -> Trace | None:
    """The trace that a message carries; it wins over that of the request which brings it."""
    return parse(attributes.get(TRACEPARENT)) or _current.get()


def current() -> Trace | None:
    return _current.get()


def enter(trace: Trace | None) -> Token[Trace | None]:
    """What runs until ``leave`` belongs to ``trace``, also in threads that copy the context."""
    return _current.set(trace)


def leave(token: Token[Trace | None]) -> None:
    _current.reset(token)


@contextmanager
def use(trace: Trace | None) -> Iterator[None]:
    """``enter`` and ``leave`` around a block."""
    token = enter(trace)
    try:
        yield
    finally:
        leave(token)
