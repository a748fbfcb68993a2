"""SQLite files that several processes and threads share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import Unavailable


class SqliteFile:
    """Opens the file for each unit of work; one writes at a time, the others wait up to 10 s.

    Raises ``Unavailable`` naming the path when it cannot be opened or written, or was made by a later
    version.
    """

    def __init__(self, path: Path, schema: str, version: int) -> None:
        self._path, self._schema, self._version = path, schema, version
        self._prepared = False

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with self.reading() as con:
            con.execute("BEGIN IMMEDIATE")
            try:
                yield con
            except BaseException:
                con.execute("ROLLBACK")
                raise
            con.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            con = sqlite3.connect(self._path, timeout=10.0, isolation_level=None)
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
        con.execute("PRAGMA journal_mode=WAL")
        found = con.execute("PRAGMA user_version").fetchone()[0]
        if found > self._version:
            raise Unavailable(f"{self._path}: schema version {found}, this program knows {self._version}")
        if found < self._version:
            con.executescript(
                f"BEGIN IMMEDIATE; {self._schema}; PRAGMA user_version={self._version}; COMMIT;"
            )
        self._prepared = True
