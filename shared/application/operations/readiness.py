"""Readiness of a service: named checks with their results."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypedDict

from shared.errors import AppError, Unavailable
from shared.ports import Warehouse
from shared.warehouse.schedule import games_between

if TYPE_CHECKING:
    from shared.model_registry.loading import LoadedModel

CACHE_SECONDS = 5.0
FAILED_CACHE_SECONDS = 1.0
PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class Check:
    """The result of one check; ``detail``: evidence or error, ``ms``: duration."""

    name: str
    status: str
    detail: str
    ms: float = 0.0

    @property
    def passed(self) -> bool:
        return self.status == PASSED

    def plain(self) -> dict[str, Any]:
        return asdict(self)


class Checks(TypedDict):
    """The JSON response with all checks."""

    checks: list[Check]


def run_check(name: str, call: Callable[[], object]) -> Check:
    """Run a check: it passes if ``call`` returns and fails if it raises an ``AppError``."""
    started_at = time.perf_counter()
    status, detail = PASSED, "answers"
    try:
        call()
    except AppError as exc:
        status, detail = FAILED, str(exc)
    return Check(name, status, detail, round((time.perf_counter() - started_at) * 1000, 1))


def model_checks(models: Mapping[str, LoadedModel], missing: Mapping[str, str]) -> list[Check]:
    """Return a check per model: passed if it is loaded, failed with the reason if it is missing."""
    checks = [
        Check(f"model:{system}", PASSED, "; ".join(m.warnings) or f"{m.model_id}, verified")
        for system, m in models.items()
    ]
    return checks + [Check(f"model:{system}", FAILED, reason) for system, reason in sorted(missing.items())]


class CachedCheck:
    """Runs a check at most every five seconds, or every second while it fails.

    ``/ready`` is public and must not put load on the stores or block all threads: one caller runs the
    check, and concurrent callers get the last result.
    """

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._until = 0.0
        self._failure: str | None = None
        self._lock = threading.Lock()

    def __call__(self) -> None:
        is_first_call = self._until == 0.0
        if self._lock.acquire(blocking=is_first_call):
            try:
                if time.monotonic() >= self._until:
                    self._refresh()
            finally:
                self._lock.release()
        if self._failure is not None:
            raise Unavailable(self._failure)

    def _refresh(self) -> None:
        try:
            self._call()
        except Unavailable as exc:
            self._failure = str(exc)
        else:
            self._failure = None
        self._until = time.monotonic() + (CACHE_SECONDS if self._failure is None else FAILED_CACHE_SECONDS)


class StoreCheck(CachedCheck):
    """Checks that the warehouse answers a query."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(lambda: games_between(warehouse, date(1970, 1, 1), date(1970, 1, 1)))
