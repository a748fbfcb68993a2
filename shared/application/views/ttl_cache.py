"""Answers that take a second or two to make and are asked for by every visitor."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

SECONDS = 60.0
MOST = 8
"""Answers that are remembered."""

Key = TypeVar("Key")
Value = TypeVar("Value")


class ForAMinute(Generic[Key, Value]):
    """Makes an answer for one caller at a time and gives it again for a minute; no failure is remembered."""

    def __init__(self, make: Callable[[Key], Value]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._known: dict[Key, tuple[float, Value]] = {}

    def __call__(self, key: Key, *, again: bool = False) -> Value:
        """``again`` makes it anew whatever is remembered."""
        with self._lock:
            found = None if again else self.known(key)
            if found is None:
                found = self._make(key)
                others = [(k, v) for k, v in self._known.items() if k != key]
                self._known = {**dict(others[1 - MOST :]), key: (time.monotonic() + SECONDS, found)}
            return found

    def known(self, key: Key) -> Value | None:
        """What is remembered; nobody waits for it."""
        until, found = self._known.get(key, (0.0, None))
        return found if time.monotonic() < until else None
