"""A DuckDB file that several processes share, of which one at a time may have it open."""

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
"""What the file is called in the instance that has it open; no schema is called so."""

FORM = "v1.2.0"
"""Of what is written. Forms before 1.1 keep 3 kB of counts with each column, which are read whenever the
file is attached and make that take four times as long. A file of an older form stays readable; its tables
take this one as they are written to."""

THREADS = 1
"""That work at a statement. Two are no sooner done with a season that is predicted or graded, take a
quarter to a half more of the processor for it, and are later with a page, whose statements are small."""

HELD_WAIT_SECONDS, HELD_POLL_SECONDS = 5.0, 0.1
"""How long a file that another program has open is waited for, and how often it is tried."""

HELD = ("Could not set lock on file", "Unique file handle conflict")
"""What DuckDB says of a file that another process, or another connection of this one, has open."""

_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)|PID (?P<bare>\d+)")

AWAY = (OSError, duckdb.OperationalError, duckdb.FatalException)


@dataclass
class _Shared:
    """What the work of one thread shares; no connection before the first of it has asked for one."""

    con: Connection | None = None


class DuckDbFile:
    """Opens the file under a lock for each unit of work, or for what is done in ``shared_connection``.

    An instance in memory stays and the file is attached to it, which takes a third of what making an instance
    takes. Detached it is free for others, and what was committed stands in it. ``prepare`` is called with the
    first connection of an instance, most often the only one.

    Raises ``Unavailable`` when the lock is not had in 30 s, and when the file cannot be opened or written (a
    full disk shows at the commit); ``HeldElsewhere`` when a program that does not know the lock, such as a
    notebook, has the file open for ``held_wait`` seconds.
    """

    def __init__(
        self, path: Path, prepare: Callable[[Connection], None], held_wait: float = HELD_WAIT_SECONDS
    ) -> None:
        self._path, self._prepare, self._held_wait = path, prepare, held_wait
        self._held_until = 0.0
        self._lock = filelock.FileLock(f"{path}.lock", timeout=LOCK_WAIT_SECONDS, poll_interval=POLL_SECONDS)
        self._instance: Connection | None = None
        self._mine = threading.local()

    @contextmanager
    def shared_connection(self) -> Iterator[None]:
        """What this thread does inside shares one opening, from the first that needs it to the end."""
        if getattr(self._mine, "shared", None) is not None:
            yield
            return
        self._mine.shared = shared = _Shared()
        try:
            yield
        finally:
            self._mine.shared = None
            self._give_up(shared)

    @contextmanager
    def opened(self) -> Iterator[Connection]:
        """A connection, whose file nobody else has open."""
        shared: _Shared | None = getattr(self._mine, "shared", None)
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
        except AWAY as exc:
            self._give_up(shared)  # what comes next opens it anew
            raise Unavailable(f"warehouse {self._path}: {exc}") from exc

    def _take(self) -> Connection:
        """Attach the file, once nobody else has it open.

        The lock is free between two tries, so that all who wait for the same program wait at the same time.
        Just after one of them has given up, the others try once: a page of five parts is late by one wait.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        end = 0.0 if time.monotonic() < self._held_until else time.monotonic() + self._held_wait
        while not isinstance(found := self._try_to_attach(), Connection):
            if time.monotonic() >= end:
                self._held_until = time.monotonic() + self._held_wait
                raise HeldElsewhere(
                    f"the warehouse file {self._path.name} is open in another program ({found}); "
                    "close it and try again"
                )
            time.sleep(HELD_POLL_SECONDS)
        return found

    def _try_to_attach(self) -> Connection | str:
        """A connection, or who has the file open."""
        self._lock.acquire()
        try:
            return self._attach()
        except BaseException as exc:
            self._close_all()
            self._lock.release()
            if isinstance(exc, duckdb.Error) and any(words in str(exc) for words in HELD):
                return holder_of(str(exc))
            raise

    def _attach(self) -> Connection:
        quoted = str(self._path).replace("'", "''")
        new = self._instance is None
        if self._instance is None:
            self._instance = duckdb.connect(":memory:")
            self._instance.execute("SET GLOBAL TimeZone='UTC'")
            self._instance.execute(f"SET GLOBAL temp_directory='{quoted}.tmp'")
            self._instance.execute(f"SET GLOBAL threads={THREADS}")
        self._instance.execute(f"ATTACH '{quoted}' AS {NAME} (TYPE duckdb, STORAGE_VERSION '{FORM}')")
        con = self._instance.cursor()
        try:
            con.execute(f"USE {NAME}")
            if new:
                self._prepare(con)
        except BaseException:
            con.close()
            raise
        return con

    def _give_up(self, shared: _Shared) -> None:
        """Detach the file and let others have it. What was committed is in the file or its log by now, so
        that a file which cannot be detached needs only an instance that is closed."""
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
        """An instance in which something has gone wrong is not used again."""
        instance, self._instance = self._instance, None
        if instance is not None:
            with suppress(duckdb.Error):
                instance.close()


def holder_of(message: str) -> str:
    """Return pid and name of the program that has the file open, as far as DuckDB's message tells."""
    if HELD[1] in message:
        return f"pid {os.getpid()}, this one"
    found = _HOLDER.search(message)
    if found is None:
        return "its pid is not known"
    if found["bare"]:
        return f"pid {found['bare']}"
    return f"pid {found['pid']}, {Path(found['program']).name}"
