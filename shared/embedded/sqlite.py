"""SQLite files that several processes and threads share."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import filelock

from shared.errors import Unavailable

_WAIT_SECONDS = 10.0


class SqliteFile:
    """Opens the file for each unit of work; one writer at a time, the others wait up to 10 s.

    ``migrations`` holds by version the statements that upgrade a file of the version before. Raises
    ``Unavailable`` with the path when the file cannot be opened or written, or has a later version. A new
    file is prepared under a lock: SQLite fails at once when several processes switch it to write-ahead
    logging.
    """

    def __init__(
        self, path: Path, schema: str, version: int, migrations: Mapping[int, Sequence[str]] | None = None
    ) -> None:
        self._path, self._schema, self._version = path, schema, version
        self._migrations = migrations or {}
        self._prepared = False
        self._local = threading.local()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run this thread's calls in the block as one transaction."""
        with self.writing() as con:
            self._local.con = con
            try:
                yield
            finally:
                self._local.con = None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with self.reading() as con:
            if con.in_transaction:
                yield con
                return
            con.execute("BEGIN IMMEDIATE")
            try:
                yield con
            except BaseException:
                con.execute("ROLLBACK")
                raise
            con.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        if (open_connection := getattr(self._local, "con", None)) is not None:
            yield open_connection
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            con = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)
        except (sqlite3.OperationalError, OSError) as exc:
            raise Unavailable(f"{self._path}: {exc}") from exc
        try:
            con.row_factory = sqlite3.Row
            con.execute("PRAGMA synchronous=NORMAL")
            if not self._prepared:
                self._prepare(con)
            yield con
        except sqlite3.OperationalError as exc:
            raise Unavailable(f"{self._path}: {exc}") from exc
        finally:
            con.close()

    def _prepare(self, con: sqlite3.Connection) -> None:
        lock_path = self._path.with_name(f"{self._path.name}.lock")
        try:
            with filelock.FileLock(lock_path, timeout=_WAIT_SECONDS):
                self._prepare_locked(con)
        except (filelock.Timeout, OSError) as exc:
            raise Unavailable(f"{self._path}: {exc}") from exc

    def _prepare_locked(self, con: sqlite3.Connection) -> None:
        con.execute("PRAGMA journal_mode=WAL")
        version = con.execute("PRAGMA user_version").fetchone()[0]
        if version > self._version:
            raise Unavailable(f"{self._path}: schema version {version}, expected at most {self._version}")
        if version < self._version:
            self._upgrade(con)
        self._prepared = True

    def _upgrade(self, con: sqlite3.Connection) -> None:
        """Create or upgrade the tables; of several concurrent processes the first does it."""
        con.execute("BEGIN IMMEDIATE")
        version = con.execute("PRAGMA user_version").fetchone()[0]
        if version < self._version:
            versions = range(version + 1, self._version + 1) if version else range(0)
            migration = [step for v in versions for step in self._migrations.get(v, ())]
            for step in (*self._schema.split(";"), *migration):
                con.execute(step)
            con.execute(f"PRAGMA user_version={self._version}")
        con.execute("COMMIT")
