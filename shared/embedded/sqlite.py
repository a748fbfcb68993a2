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
    """Opens the file for each unit of work; one writes at a time, the others wait up to 10 s.

    ``added`` holds by version the statements that bring a file of the version before up to it. Raises
    ``Unavailable`` naming the path when it cannot be opened or written, or was made by a later
    version. Who opens a file first prepares it alone: SQLite answers "locked" at once, without waiting,
    to several that turn a new file to write-ahead logging.
    """

    def __init__(
        self, path: Path, schema: str, version: int, added: Mapping[int, Sequence[str]] | None = None
    ) -> None:
        self._path, self._schema, self._version = path, schema, version
        self._added = added or {}
        self._prepared = False
        self._mine = threading.local()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What this thread does inside is one transaction."""
        with self.writing() as con:
            self._mine.con = con
            try:
                yield
            finally:
                self._mine.con = None

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
        if (held := getattr(self._mine, "con", None)) is not None:
            yield held
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
        beside = self._path.with_name(f"{self._path.name}.lock")
        try:
            with filelock.FileLock(beside, timeout=_WAIT_SECONDS):
                self._prepare_alone(con)
        except (filelock.Timeout, OSError) as exc:
            raise Unavailable(f"{self._path}: {exc}") from exc

    def _prepare_alone(self, con: sqlite3.Connection) -> None:
        con.execute("PRAGMA journal_mode=WAL")
        found = con.execute("PRAGMA user_version").fetchone()[0]
        if found > self._version:
            raise Unavailable(f"{self._path}: schema version {found}, this program knows {self._version}")
        if found < self._version:
            self._upgrade(con)
        self._prepared = True

    def _upgrade(self, con: sqlite3.Connection) -> None:
        """Create a new file, or bring an older one up; of several at once the first does it."""
        con.execute("BEGIN IMMEDIATE")
        found = con.execute("PRAGMA user_version").fetchone()[0]
        if found < self._version:
            versions = range(found + 1, self._version + 1) if found else range(0)
            added = [step for v in versions for step in self._added.get(v, ())]
            for step in (*self._schema.split(";"), *added):
                con.execute(step)
            con.execute(f"PRAGMA user_version={self._version}")
        con.execute("COMMIT")
