"""Work of simulated processes: each piece in a thread that moves only when it is told to.

One thread runs at a time and stops at every call of a port, before it and, where it wrote, after it.
Whoever drives says how it goes on, so that two processes meet wherever their work can be cut.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from shared.errors import Unavailable


class How(Enum):
    """How a thread goes on from where it waits."""

    GO = auto()
    FAIL = auto()
    """``Unavailable``: before the call nothing was done, after it the answer is lost."""
    HALF = auto()
    """``Unavailable`` where half of a batch was written."""
    KILL = auto()
    """The process dies here."""


class Killed(BaseException):
    """kill -9: no handler of the code under test sees it."""


class Work:
    """A piece of work; ``at`` names the call before or after which it waits, None once it has ended."""

    def __init__(self, what: Callable[[], Any]) -> None:
        self._what = what
        self._how = How.GO
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self.at: str | None = "start"
        self.killed = False
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def step(self, how: How = How.GO) -> None:
        """Go on to the next call of a port or to the end."""
        self._how = how
        self._go.release()
        self._stopped.acquire()
        if self.at is None:
            self._thread.join()

    def wait(self, at: str) -> How:
        """Called in the thread: stop here until told how to go on."""
        self.at = at
        self._stopped.release()
        self._go.acquire()
        if self._how is How.KILL:
            raise Killed(at)
        return self._how

    def _run(self) -> None:
        _mine.work = self
        self._go.acquire()
        try:
            if self._how is How.KILL:
                raise Killed("start")
            self._what()
        except Killed:
            self.killed = True
        except Exception as exc:  # noqa: BLE001 - whoever drives judges what came
            self.error = exc
        self.at = None
        self._stopped.release()


_mine = threading.local()

READS = {"query", "get", "runs", "outcomes", "games"}


class Cut:
    """A port whose calls stop the thread that makes them, and end as the driver says."""

    def __init__(self, inner: Any, name: str, full: Callable[[], bool] = lambda: False) -> None:
        self._inner, self._name, self._full = inner, name, full

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real = getattr(self._inner, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            work: Work = _mine.work
            call = f"{self._name}.{method}"
            how = work.wait(f"before {call}")
            if how is How.HALF and method in ("append", "publish"):
                real(args[0], args[1][: len(args[1]) // 2])
                raise Unavailable(f"{call}: half of it")
            if how in (How.FAIL, How.HALF) or (self._full() and method not in READS):
                raise Unavailable(f"{call}: away")
            result = real(*args, **kwargs)
            if method not in READS and work.wait(f"after {call}") is not How.GO:
                raise Unavailable(f"{call}: the answer is lost")
            return result

        return call
