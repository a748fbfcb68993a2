"""A short-lived cache for values that take a second or two to compute and that every visitor needs."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition
from typing import Generic, TypeVar

from cachetools import TTLCache, cached

TTL_SECONDS = 60.0
MAX_ENTRIES = 8

Key = TypeVar("Key")
Value = TypeVar("Value")


class TtlCache(Generic[Key, Value]):
    """Computes a value once for concurrent callers and caches it for a minute; failures are not cached."""

    def __init__(self, compute: Callable[[Key], Value]) -> None:
        self._entries, self._lock = TTLCache[Key, Value](MAX_ENTRIES, TTL_SECONDS), Condition()
        self._compute = cached(self._entries, lambda key: key, condition=self._lock)(compute)

    def __call__(self, key: Key, *, refresh: bool = False) -> Value:
        """Return the value; ``refresh`` computes it even if it is cached."""
        if not refresh:
            return self._compute(key)
        value = self._compute.__wrapped__(key)
        with self._lock:
            self._entries[key] = value
        return value

    def get_cached(self, key: Key) -> Value | None:
        """Return the cached value without waiting; None if there is none."""
        with self._lock:
            return self._entries.get(key)
