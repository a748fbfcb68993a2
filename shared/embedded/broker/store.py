"""Messages in one SQLite file; a message is never deleted before it is delivered or dead."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shared.embedded.sqlite import SqliteFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, data TEXT NOT NULL,
  published_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
  last_answer TEXT, attributes TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS by_state ON messages (topic, state, id);
"""
_MIGRATION_2 = ("ALTER TABLE messages ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}'",)
"""Upgrade of a file of version 1."""

KEEP_DELIVERED = timedelta(days=1)


@dataclass
class Message:
    """``data`` is base64; ``attempts`` counts responses that are not an acknowledgement."""

    id: int
    topic: str
    data: str
    published_at: str
    attempts: int = 0
    last_answer: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


class MessageStore:
    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA, 2, {2: _MIGRATION_2})

    def publish(self, topic: str, messages: Sequence[Mapping[str, Any]]) -> list[Message]:
        """Store messages of ``data`` in base64 and optional ``attributes``."""
        now = datetime.now(UTC).isoformat()
        new = [
            Message(0, topic, m["data"], now, attributes=dict(m.get("attributes") or {})) for m in messages
        ]
        with self._file.writing() as con:
            for m in new:
                row = con.execute(
                    "INSERT INTO messages (topic, data, published_at, attributes) VALUES (?, ?, ?, ?)",
                    (topic, m.data, now, json.dumps(m.attributes)),
                )
                m.id = int(row.lastrowid or 0)
        return new

    def pending(self, topic: str) -> list[Message]:
        """Return the accepted messages that are neither delivered nor dead, oldest first."""
        with self._file.reading() as con:
            rows = con.execute(
                "SELECT * FROM messages WHERE topic = ? AND state = 'pending' ORDER BY id", (topic,)
            ).fetchall()
        return [_message(r) for r in rows]

    def settle(self, changes: Iterable[tuple[Message, str]]) -> None:
        """Write each message's new state (pending, delivered or dead) and attempts."""
        oldest = (datetime.now(UTC) - KEEP_DELIVERED).isoformat()
        with self._file.writing() as con:
            con.executemany(
                "UPDATE messages SET state = ?, attempts = ?, last_answer = ? "
                "WHERE id = ? AND state = 'pending'",
                [(state, m.attempts, m.last_answer, m.id) for m, state in changes],
            )
            con.execute("DELETE FROM messages WHERE state = 'delivered' AND published_at < ?", (oldest,))

    def counts(self) -> dict[str, dict[str, int]]:
        with self._file.reading() as con:
            rows = con.execute(
                "SELECT topic, state, COUNT(*) AS n FROM messages GROUP BY topic, state"
            ).fetchall()
        counts: dict[str, dict[str, int]] = {}
        for r in rows:
            counts.setdefault(r["topic"], {"pending": 0, "delivered": 0, "dead": 0})[r["state"]] = r["n"]
        return counts

    def dead_messages(self, limit: int) -> list[Message]:
        """Return the oldest dead messages."""
        with self._file.reading() as con:
            rows = con.execute(
                "SELECT * FROM messages WHERE state = 'dead' ORDER BY id LIMIT ?", (limit,)
            ).fetchall()
        return [_message(r) for r in rows]

    def mark_kept(self, ids: Iterable[int]) -> None:
        """Mark dead messages as stored elsewhere; the rows stay."""
        with self._file.writing() as con:
            con.executemany(
                "UPDATE messages SET state = 'kept' WHERE id = ? AND state = 'dead'", [(i,) for i in ids]
            )

    def dead(self) -> list[dict[str, object]]:
        with self._file.reading() as con:
            rows = con.execute("SELECT * FROM messages WHERE state = 'dead' ORDER BY id").fetchall()
        return [dict(r) for r in rows]


def _message(row: sqlite3.Row) -> Message:
    columns = ("id", "topic", "data", "published_at", "attempts", "last_answer")
    return Message(**{c: row[c] for c in columns}, attributes=json.loads(row["attributes"]))
