"""Whether a service can serve: named checks, each with what it found."""

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

SECONDS = 5.0
FAILED_SECONDS = 1.0
PASSED, FAILED = "passed", "failed"


@dataclass(frozen=True)
class Check:
    """One check and how long it took; ``detail`` says what was found."""

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
    """All of them, each as it is told in JSON."""

    checks: list[Check]


def run_check(name: str, ask: Callable[[], object]) -> Check:
    """Passed when ``ask`` returns, failed when it raises an ``AppError``."""
    begun = time.perf_counter()
    status, detail = PASSED, "answers"
    try:
        ask()
    except AppError as exc:
        status, detail = FAILED, str(exc)
    return Check(name, status, detail, round((time.perf_counter() - begun) * 1000, 1))


def model_checks(models: Mapping[str, LoadedModel], missing: Mapping[str, str]) -> list[Check]:
    """A check for each model: those in memory, and why configured or required ones are not."""
    found = [
        Check(f"model:{system}", PASSED, "; ".join(m.warnings) or f"{m.model_id}, verified")
        for system, m in models.items()
    ]
    return found + [Check(f"model:{system}", FAILED, why) for system, why in sorted(missing.items())]


class CachedCheck:
    """Asks at most every five seconds, and every second while it fails, however often it is called.

    ``/ready`` is open, and must not be a way to load the stores or to hold all threads: one caller asks,
    and meanwhile the others take the last answer.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._until = 0.0
        self._failure: str | None = None
        self._lock = threading.Lock()

    def __call__(self) -> None:
        never_asked = self._until == 0.0
        if self._lock.acquire(blocking=never_asked):
            try:
                if time.monotonic() >= self._until:
                    self._renew()
            finally:
                self._lock.release()
        if self._failure is not None:
            raise Unavailable(self._failure)

    def _renew(self) -> None:
        try:
            self._ask()
        except Unavailable as exc:
            self._failure = str(exc)
        else:
            self._failure = None
        self._until = time.monotonic() + (SECONDS if self._failure is None else FAILED_SECONDS)


class StoreCheck(CachedCheck):
    """Whether the warehouse answers."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(lambda: games_between(warehouse, date(1970, 1, 1), date(1970, 1, 1)))
