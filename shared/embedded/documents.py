"""Documents in one SQLite file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.embedded.sqlite import SqliteFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fields (
  collection TEXT NOT NULL, document TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (collection, document, name)) WITHOUT ROWID;
"""


class SqliteDocuments:
    """One row per field, so that concurrent writers of different fields do not overwrite each other."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA, 1)

    def get(self, collection: str, document: str) -> dict[str, Any] | None:
        with self._file.reading() as con:
            rows = con.execute(
                "SELECT name, value FROM fields WHERE collection = ? AND document = ?", (collection, document)
            ).fetchall()
        return {r["name"]: json.loads(r["value"]) for r in rows} or None

    def merge(self, collection: str, document: str, fields: Mapping[str, Any]) -> None:
        with self._file.writing() as con:
            con.executemany(
                "INSERT OR REPLACE INTO fields VALUES (?, ?, ?, ?)",
                [(collection, document, name, json.dumps(value)) for name, value in fields.items()],
            )

    def get_all(self, collection: str) -> dict[str, dict[str, Any]]:
        with self._file.reading() as con:
            rows = con.execute(
                "SELECT * FROM fields WHERE collection = ? ORDER BY document, name", (collection,)
            ).fetchall()
        documents: dict[str, dict[str, Any]] = {}
        for r in rows:
            documents.setdefault(r["document"], {})[r["name"]] = json.loads(r["value"])
        return documents
