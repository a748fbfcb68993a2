"""A DuckDB file shared by several processes, of which only one at a time can have it open."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import filelock
from duckdb import DuckDBPyConnection as Connection

from shared.errors import HeldElsewhere, Unavailable

LOCK_WAIT_SECONDS, POLL_SECONDS = 30.0, 0.005
NAME = "warehouse"
"""Catalog name of the file in the instance; no schema may have this name."""

STORAGE_VERSION = "v1.2.0"
"""Storage version of new data. Versions before 1.1 store 3 kB of statistics per column, which are read at
each attach and make it four times as slow. A file of an older version stays readable; its tables change to
this one as they are written."""

THREADS = 1
"""Threads per statement. Two are not faster for predicting or grading a season, use a quarter to a half more
processor time, and are slower for a console page, whose statements are small."""

BUSY_WAIT_SECONDS, BUSY_POLL_SECONDS = 5.0, 0.1
"""How long to wait for a file that another program has open, and the interval between attempts."""

BUSY_MESSAGES = ("Could not set lock on file", "Unique file handle conflict")
"""DuckDB's messages for a file that another process, or another connection of this one, has open."""

_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)|PID (?P<bare>\d+)")

UNAVAILABLE_ERRORS = (OSError, duckdb.OperationalError, duckdb.FatalException)


@dataclass
class _Shared:
    """Connection that the calls of one thread share; opened by the first call."""

    con: Connection | None = None


class DuckDbFile:
    """Opens the file under a lock for each unit of work, or once for a ``shared_connection`` block.

    An in-memory instance is reused and the file attached to it, which takes a third of the time of a new
    instance. After detaching, other processes can open the file with all committed data. ``prepare`` is
    called with the first connection of an instance, usually the only one.

    Raises ``Unavailable`` when the lock is busy for 30 s, and when the file cannot be opened or written (a
    full disk is noticed at the commit); ``HeldElsewhere`` when a program without the lock, such as a
    notebook, has the file open for ``busy_wait`` seconds.
    """

    def __init__(
        self, path: Path, prepare: Callable[[Connection], None], busy_wait: float = BUSY_WAIT_SECONDS
    ) -> None:
        self._path, self._prepare, self._busy_wait = path, prepare, busy_wait
        self._busy_until = 0.0
        self._lock = filelock.FileLock(f"{path}.lock", timeout=LOCK_WAIT_SECONDS, poll_interval=POLL_SECONDS)
        self._instance: Connection | None = None
        self._local = threading.local()

    @contextmanager
    def shared_connection(self) -> Iterator[None]:
        """Share one connection between this thread's calls in the block; the first call opens it."""
        if getattr(self._local, "shared", None) is not None:
            yield
            return
        self._local.shared = shared = _Shared()
        try:
            yield
        finally:
            self._local.shared = None
            self._release(shared)

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """Yield a connection to the file, which no other process has open."""
        shared: _Shared | None = getattr(self._local, "shared", None)
        if shared is None:
            with self.shared_connection(), self.opened() as con:
                yield con
            return
        try:
            if shared.con is None:
                shared.con = self._take()
            yield shared.con
        except filelock.Timeout as exc:
            raise Unavailable(f"warehouse {self._path.name}: busy for {LOCK_WAIT_SECONDS:.0f} s") from exc
        except UNAVAILABLE_ERRORS as exc:
            self._release(shared)  # the next call opens it again
            raise Unavailable(f"warehouse {self._path}: {exc}") from exc

    def _take(self) -> Connection:
        """Attach the file once no other program has it open.

        The lock is released between attempts, so that all callers wait at the same time. Just after one has
        timed out, the others try only once: a page with five parts is delayed by one timeout.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        end = 0.0 if time.monotonic() < self._busy_until else time.monotonic() + self._busy_wait
        while not isinstance(attached := self._try_to_attach(), Connection):
            if time.monotonic() >= end:
                self._busy_until = time.monotonic() + self._busy_wait
                raise HeldElsewhere(
                    f"the warehouse file {self._path.name} is open in another program ({attached}); "
                    "close it and try again"
                )
            time.sleep(BUSY_POLL_SECONDS)
        return attached

    def _try_to_attach(self) -> Connection | str:
        """Return a connection, or a description of the program that has the file open."""
        self._lock.acquire()
        try:
            return self._attach()
        except BaseException as exc:
            self._close_all()
            self._lock.release()
            if isinstance(exc, duckdb.Error) and any(text in str(exc) for text in BUSY_MESSAGES):
                return holder_of(str(exc))
            raise

    def _attach(self) -> Connection:
        quoted = str(self._path).replace("'", "''")
        is_new = self._instance is None
        if self._instance is None:
            self._instance = duckdb.connect(":memory:")
            self._instance.execute("SET GLOBAL TimeZone='UTC'")
            self._instance.execute(f"SET GLOBAL temp_directory='{quoted}.tmp'")
            self._instance.execute(f"SET GLOBAL threads={THREADS}")
        self._instance.execute(
            f"ATTACH '{quoted}' AS {NAME} (TYPE duckdb, STORAGE_VERSION '{STORAGE_VERSION}')"
        )
        con = self._instance.cursor()
        try:
            con.execute(f"USE {NAME}")
            if is_new:
                self._prepare(con)
        except BaseException:
            con.close()
            raise
        return con

    def _release(self, shared: _Shared) -> None:
        """Detach the file and release the lock. Committed data is already in the file or its log, so if the
        file cannot be detached it is enough to close the instance."""
        con, shared.con = shared.con, None
        if con is None:
            return
        try:
            con.close()
            if self._instance is not None:
                self._instance.execute(f"DETACH {NAME}")
        except duckdb.Error:
            self._close_all()
        finally:
            self._lock.release()

    def _close_all(self) -> None:
        """Close the instance after an error; it is not used again."""
        instance, self._instance = self._instance, None
        if instance is not None:
            with suppress(duckdb.Error):
                instance.close()


def holder_of(message: str) -> str:
    """Return pid and name of the program that has the file open, if they are in DuckDB's message."""
    if BUSY_MESSAGES[1] in message:
        return f"pid {os.getpid()}, this one"
    match = _HOLDER.search(message)
    if match is None:
        return "unknown pid"
    if match["bare"]:
        return f"pid {match['bare']}"
    return f"pid {match['pid']}, {Path(match['program']).name}"
