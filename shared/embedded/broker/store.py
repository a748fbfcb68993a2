"""Messages in one SQLite file; a message is never deleted before it is delivered or dead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.embedded.sqlite import SqliteFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, data TEXT NOT NULL,
  published_at TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
  last_answer TEXT);
CREATE INDEX IF NOT EXISTS by_state ON messages (topic, state, id);
"""
KEEP_DELIVERED = timedelta(days=1)


@dataclass
class Message:
    """``data`` is base64; ``attempts`` counts answers that did not acknowledge."""

    id: int
    topic: str
    data: str
    published_at: str
    attempts: int = 0
    last_answer: str | None = None


class MessageStore:
    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA, 1)

    def publish(self, topic: str, data: Sequence[str]) -> list[Message]:
        now = datetime.now(UTC).isoformat()
        with self._file.writing() as con:
            ids = [
                con.execute(
                    "INSERT INTO messages (topic, data, published_at) VALUES (?, ?, ?)", (topic, one, now)
                ).lastrowid
                for one in data
            ]
        return [Message(int(i or 0), topic, one, now) for i, one in zip(ids, data, strict=True)]

    def pending(self, topic: str) -> list[Message]:
        """Everything that was accepted and neither delivered nor dead, oldest first."""
        with self._file.reading() as con:
            rows = con.execute(
                "SELECT * FROM messages WHERE topic = ? AND state = 'pending' ORDER BY id", (topic,)
            ).fetchall()
        return [
            Message(r["id"], r["topic"], r["data"], r["published_at"], r["attempts"], r["last_answer"])
            for r in rows
        ]

    def settle(self, changes: Iterable[tuple[Message, str]]) -> None:
        """Write each message's new state (pending, delivered or dead) and attempts."""
        old = (datetime.now(UTC) - KEEP_DELIVERED).isoformat()
        with self._file.writing() as con:
            con.executemany(
                "UPDATE messages SET state = ?, attempts = ?, last_answer = ? "
                "WHERE id = ? AND state = 'pending'",
                [(state, m.attempts, m.last_answer, m.id) for m, state in changes],
            )
            con.execute("DELETE FROM messages WHERE state = 'delivered' AND published_at < ?", (old,))

    def counts(self) -> dict[str, dict[str, int]]:
        with self._file.reading() as con:
            rows = con.execute(
                "SELECT topic, state, COUNT(*) AS n FROM messages GROUP BY topic, state"
            ).fetchall()
        counts: dict[str, dict[str, int]] = {}
        for r in rows:
            counts.setdefault(r["topic"], {"pending": 0, "delivered": 0, "dead": 0})[r["state"]] = r["n"]
        return counts

    def dead(self) -> list[dict[str, object]]:
        with self._file.reading() as con:
            rows = con.execute("SELECT * FROM messages WHERE state = 'dead' ORDER BY id").fetchall()
        return [dict(r) for r in rows]
