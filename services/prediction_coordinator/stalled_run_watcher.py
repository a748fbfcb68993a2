"""Thread that ends stalled runs if no scheduler calls ``/check-stalled``."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from shared.errors import Unavailable

logger = logging.getLogger("props")


class StalledRunWatcher:
    """Calls ``check`` with the current time every ``seconds`` while its context is open; 0 turns it off.

    If the store is unavailable, or on any other failure, skip this round: nothing else ends those runs.
    """

    def __init__(self, check: Callable[[datetime], object], seconds: float) -> None:
        self._check, self._seconds = check, seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stalled-runs", daemon=True)

    def __enter__(self) -> None:
        if self._seconds > 0:
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self._check(datetime.now(UTC))
            except Unavailable as exc:
                logger.warning("check for stalled runs skipped: %s", exc)
            except Exception:
                logger.exception("unexpected error in the check for stalled runs")
