"""Ends stalled runs by itself, where no scheduler calls ``/check-stalled``."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

from shared.errors import Unavailable

logger = logging.getLogger("props")


class Watch:
    """Calls ``check`` with the real time every so many seconds while its context lasts; never at 0.

    A store that is away costs a turn, and so does any other failure: nobody else would end those runs.
    """

    def __init__(self, check: Callable[[datetime], object], seconds: float) -> None:
        self._check, self._seconds = check, seconds
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stalled-runs", daemon=True)

    def __enter__(self) -> None:
        if self._seconds > 0:
            self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._left.wait(self._seconds):
            try:
                self._check(datetime.now(UTC))
            except Unavailable as exc:
                logger.warning("stalled runs were not looked for: %s", exc)
            except Exception:
                logger.exception("unforeseen failure of the look for stalled runs")
