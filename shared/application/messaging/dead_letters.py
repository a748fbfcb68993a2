"""Messages that could not be handled: rejected by a service or dead-lettered by the broker, in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.application.messaging.rejected import rejected_row
from shared.errors import NotFound, Rejected, Unavailable
from shared.ports import DeadLetter, DeadLetters, OutgoingMessage, Warehouse
from shared.schemas.attributes import RESERVED_PREFIX
from shared.schemas.messages import Envelope, unwrap, wrap
from shared.schemas.predictions import MESSAGE_REPLAYS, REJECTED_MESSAGES
from shared.warehouse.statements import query_rows

DAYS = 30
DEAD_LETTER_PREFIX = "dead-letter:"
MAX_PULLS = 100
"""One call makes at most this many pulls of 100 messages, so that it ends while new messages arrive."""

BROKER_KEYS = ("cloudpubsubdeadletter", RESERVED_PREFIX)
"""Attributes that start with these, in any case, were added by the broker and are not published again."""


@dataclass(frozen=True)
class RejectedMessageSummary:
    """A stored message without its body."""

    id: str
    service: str
    topic: str | None
    run_id: str | None
    reason: str
    rejected_at: datetime
    attempts: int | None
    body_bytes: int
    replayed_at: datetime | None
    replayed_by: str | None

    @property
    def is_dead_letter(self) -> bool:
        return self.service.startswith(DEAD_LETTER_PREFIX)


@dataclass(frozen=True)
class RejectedMessage(RejectedMessageSummary):
    """A stored message. ``envelope`` is None if the body was cut or is invalid: it cannot be replayed."""

    message_id: str | None
    published_at: datetime | None
    body: str

    @property
    def is_complete(self) -> bool:
        return len(self.body.encode()) == self.body_bytes

    @property
    def envelope(self) -> Envelope | None:
        try:
            return unwrap(self.body.encode()) if self.is_complete else None
        except Rejected:
            return None


@dataclass(frozen=True)
class Count:
    messages: int
    replayed: int

    @property
    def waiting(self) -> int:
        return self.messages - self.replayed


class NullDeadLetters:
    """No dead letters to pull: for backends where another program collects them into the table."""

    def pull(self, max_messages: int = 100) -> list[DeadLetter]:  # noqa: ARG002
        return []

    def acknowledge(self, letters: Sequence[DeadLetter]) -> None:
        """Do nothing: there is nothing to acknowledge."""

    def republish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        raise Unavailable(
            f"{len(messages)} messages to {topic}: to replay them, run props deadletters replay"
        )


class RejectedMessages:
    """Stores, lists and replays rejected messages. Times are real times. Nothing is ever deleted."""

    def __init__(self, warehouse: Warehouse, dead_letters: DeadLetters) -> None:
        self._warehouse, self._dead_letters = warehouse, dead_letters

    def collect(self) -> int:
        """Write the broker's dead letters to the table and return their number.

        They are written first, then acknowledged: after a crash in between they are pulled again, and the
        copies have the same ids.
        """
        count = 0
        for _ in range(MAX_PULLS):
            letters = self._dead_letters.pull()
            if not letters:
                break
            rows = REJECTED_MESSAGES.from_rows([_to_row(letter) for letter in letters])
            self._warehouse.append(REJECTED_MESSAGES, rows)
            self._dead_letters.acknowledge(letters)
            count += len(letters)
        return count

    def list_messages(self, days: int = DAYS) -> list[RejectedMessage]:
        """Return the messages of the last ``days`` days, oldest first."""
        first = datetime.now(UTC).date() - timedelta(days=days)
        rows = query_rows(self._warehouse, "rejected_messages", first=first)
        return [RejectedMessage(**row) for row in rows]

    def list_newest(self, days: int = DAYS) -> list[RejectedMessageSummary]:
        """Return at most 50 messages, newest first."""
        first = datetime.now(UTC).date() - timedelta(days=days)
        rows = query_rows(self._warehouse, "newest_rejected", first=first)
        return [RejectedMessageSummary(**row) for row in rows]

    def find(self, id_: str, days: int = DAYS) -> RejectedMessage:
        """Return the message with an id; ``NotFound`` names the id and the days searched."""
        message = next((m for m in self.list_messages(days) if m.id == id_), None)
        if message is None:
            raise NotFound(f"no message {id_!r} in the last {days} days")
        return message

    def list_waiting(self, days: int = DAYS) -> list[RejectedMessage]:
        """Return dead letters that were not replayed; a service would reject its rejected messages again."""
        return [m for m in self.list_messages(days) if m.is_dead_letter and m.replayed_at is None]

    def replay(self, message: RejectedMessage, by: str) -> None:
        """Publish a message to its topic again and record the user; ``Rejected`` if it cannot be replayed.

        It is published first, then recorded: after a crash in between it may be replayed twice, which the
        services tolerate.
        """
        envelope = message.envelope
        if envelope is None or message.topic is None:
            size = f"{len(message.body.encode())} of {message.body_bytes} bytes are stored"
            reason = "no push envelope" if message.is_complete else size
            raise Rejected(f"{message.id} cannot be replayed: {reason}, topic {message.topic or 'unknown'}")
        attributes = {k: v for k, v in envelope.attributes.items() if not k.lower().startswith(BROKER_KEYS)}
        self._dead_letters.republish(message.topic, [OutgoingMessage(envelope.payload, attributes)])
        now = datetime.now(UTC)
        row = {
            "replayed_date": now.date(),
            "rejected_id": message.id,
            "replayed_at": now,
            "replayed_by": by,
            "topic": message.topic,
        }
        self._warehouse.append(MESSAGE_REPLAYS, MESSAGE_REPLAYS.from_rows([row]))

    def count_by_topic(self, game_date: date) -> Mapping[tuple[str, bool], Count]:
        """Return the number of messages of a game date by topic and whether they are dead letters.

        Messages of a run count on its game date, the others on the UTC dates that the slate overlaps.
        """
        rows = query_rows(
            self._warehouse,
            "rejected_counts",
            first=game_date - timedelta(days=2),
            game_date=game_date,
            next_date=game_date + timedelta(days=1),
            run_prefix=f"{game_date:%Y%m%d}-",
        )
        return {(r["of_topic"], r["is_dead"]): Count(r["messages"], r["replayed"]) for r in rows}


def _to_row(letter: DeadLetter) -> dict[str, Any]:
    body = wrap(letter.body, letter.message_id, letter.attributes)
    reason = f"given up after {letter.attempts} deliveries" if letter.attempts else "given up by the broker"
    reason += f", last answer {letter.last_answer}" if letter.last_answer else ""
    return {
        **rejected_row(f"{DEAD_LETTER_PREFIX}{letter.subscription}", letter.topic, body, reason),
        "published_at": letter.published_at,
        "attempts": letter.attempts,
    }
