"""A short-lived cache for values that take a second or two to compute and that every visitor needs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

TTL_SECONDS = 60.0
MAX_ENTRIES = 8

Key = TypeVar("Key")
Value = TypeVar("Value")


class TtlCache(Generic[Key, Value]):
    """Computes a value for one caller at a time and caches it for a minute; failures are not cached."""

    def __init__(self, compute: Callable[[Key], Value]) -> None:
        self._compute = compute
        self._lock = threading.Lock()
        self._entries: dict[Key, tuple[float, Value]] = {}

    def __call__(self, key: Key, *, refresh: bool = False) -> Value:
        """Return the value; ``refresh`` computes it even if it is cached."""
        with self._lock:
            cached = None if refresh else self.get_cached(key)
            if cached is None:
                cached = self._compute(key)
                newest = [(k, v) for k, v in self._entries.items() if k != key][1 - MAX_ENTRIES :]
                self._entries = {**dict(newest), key: (time.monotonic() + TTL_SECONDS, cached)}
            return cached

    def get_cached(self, key: Key) -> Value | None:
        """Return the cached value without waiting; None if there is none."""
        expires_at, cached = self._entries.get(key, (0.0, None))
        return cached if time.monotonic() < expires_at else None
