"""Messages that could not be handled: refused by a service or given up by the broker, all in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from shared.application.messaging.rejected import rejected_row, rejected_table
from shared.errors import NotFound, Rejected, Unavailable
from shared.ports import DeadLetter, DeadLetters, OutgoingMessage, Warehouse
from shared.schemas.attributes import RESERVED_PREFIX
from shared.schemas.messages import Envelope, unwrap, wrap
from shared.schemas.predictions import MESSAGE_REPLAYS, REJECTED_MESSAGES
from shared.warehouse.statements import statement

DAYS = 30
DEAD = "dead-letter:"
MOST_PULLS = 100
"""One call collects at most this many pulls of a hundred, so that it ends whatever arrives meanwhile."""

BROKERS_OWN = ("cloudpubsubdeadletter", RESERVED_PREFIX)
"""Attributes that begin so, in whatever case, were added by the broker; they are not published again."""


@dataclass(frozen=True)
class RejectedMessage:
    """``envelope`` is None where the body was cut or never was one: such a message cannot be replayed."""

    id: str
    service: str
    topic: str | None
    message_id: str | None
    run_id: str | None
    reason: str
    rejected_at: datetime
    published_at: datetime | None
    attempts: int | None
    body: str
    body_bytes: int
    replayed_at: datetime | None
    replayed_by: str | None

    @property
    def is_dead_letter(self) -> bool:
        return self.service.startswith(DEAD)

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
class RejectedMessageSummary:
    """A kept message without its body."""

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
        return self.service.startswith(DEAD)


@dataclass(frozen=True)
class Count:
    messages: int
    replayed: int

    @property
    def waiting(self) -> int:
        return self.messages - self.replayed


class NullDeadLetters:
    """In the place of a broker whose dead letters others fetch: there are none but those in the table."""

    def pull(self, max_messages: int = 100) -> list[DeadLetter]:  # noqa: ARG002
        return []

    def acknowledge(self, letters: Sequence[DeadLetter]) -> None:
        """Nothing was pulled."""

    def republish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        raise Unavailable(
            f"{len(messages)} messages to {topic}: replayed by props deadletters replay, not here"
        )


class RejectedMessages:
    """Times are real, whatever the product's clock says. Nothing is ever deleted."""

    def __init__(self, warehouse: Warehouse, dead_letters: DeadLetters) -> None:
        self._warehouse, self._dead_letters = warehouse, dead_letters

    def collect(self) -> int:
        """Bring the broker's dead letters into the table; gives how many.

        First they are written, then acknowledged: whoever dies in between finds them again, and the copy
        has the id of the first.
        """
        count = 0
        for _ in range(MOST_PULLS):
            letters = self._dead_letters.pull()
            if not letters:
                break
            self._warehouse.append(REJECTED_MESSAGES, rejected_table([_row(letter) for letter in letters]))
            self._dead_letters.acknowledge(letters)
            count += len(letters)
        return count

    def list_messages(self, days: int = DAYS) -> list[RejectedMessage]:
        """What was kept in the last days, oldest first."""
        first = datetime.now(UTC).date() - timedelta(days=days)
        rows = self._warehouse.query(statement("rejected_messages", first=first)).to_pylist()
        return [RejectedMessage(**row) for row in rows]

    def list_newest(self, days: int = DAYS) -> list[RejectedMessageSummary]:
        """The newest first, at most fifty."""
        first = datetime.now(UTC).date() - timedelta(days=days)
        rows = self._warehouse.query(statement("newest_rejected", first=first)).to_pylist()
        return [RejectedMessageSummary(**row) for row in rows]

    def find(self, id_: str, days: int = DAYS) -> RejectedMessage:
        """``NotFound`` says where it was looked for."""
        found = next((m for m in self.list_messages(days) if m.id == id_), None)
        if found is None:
            raise NotFound(f"no message {id_!r} was kept in the last {days} days")
        return found

    def list_waiting(self, days: int = DAYS) -> list[RejectedMessage]:
        """Dead letters that nobody has replayed; what a service refused would be refused again."""
        return [m for m in self.list_messages(days) if m.is_dead_letter and m.replayed_at is None]

    def replay(self, message: RejectedMessage, by: str) -> None:
        """Publish a message to its topic again and write down who did; ``Rejected`` for one that cannot be.

        First it is published, then written down: whoever dies in between replays it twice, which the
        services bear.
        """
        envelope = message.envelope
        if envelope is None or message.topic is None:
            kept = len(message.body.encode())
            why = (
                f"{kept} of {message.body_bytes} bytes are kept"
                if not message.is_complete
                else "no push envelope"
            )
            raise Rejected(f"{message.id} cannot be replayed: {why}, topic {message.topic or 'unknown'}")
        attributes = {k: v for k, v in envelope.attributes.items() if not k.lower().startswith(BROKERS_OWN)}
        self._dead_letters.republish(message.topic, [OutgoingMessage(envelope.payload, attributes)])
        now = datetime.now(UTC)
        row = {
            "replayed_date": now.date(),
            "rejected_id": message.id,
            "replayed_at": now,
            "replayed_by": by,
            "topic": message.topic,
        }
        self._warehouse.append(
            MESSAGE_REPLAYS, pa.Table.from_pylist([row], schema=MESSAGE_REPLAYS.arrow_schema)
        )

    def count_by_topic(self, game_date: date) -> Mapping[tuple[str, bool], Count]:
        """Messages of a game date by topic and whether the broker gave them up.

        Those of a run count on its game date, the others on the UTC dates that the slate touches.
        """
        asked = statement(
            "rejected_counts",
            first=game_date - timedelta(days=2),
            game_date=game_date,
            next_date=game_date + timedelta(days=1),
            run_prefix=f"{game_date:%Y%m%d}-",
        )
        rows: Sequence[dict[str, Any]] = self._warehouse.query(asked).to_pylist()
        return {(r["of_topic"], r["is_dead"]): Count(r["messages"], r["replayed"]) for r in rows}


def _row(letter: DeadLetter) -> dict[str, Any]:
    body = wrap(letter.body, letter.message_id, letter.attributes)
    tries = f"after {letter.attempts} deliveries" if letter.attempts else "by the broker"
    answer = f", last answer {letter.last_answer}" if letter.last_answer else ""
    return {
        **rejected_row(f"{DEAD}{letter.subscription}", letter.topic, body, f"given up {tries}{answer}"),
        "published_at": letter.published_at,
        "attempts": letter.attempts,
    }
