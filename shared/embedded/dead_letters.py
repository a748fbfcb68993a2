"""Dead letters of the local broker, read from its store."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import httpx

from shared.embedded.broker.store import Message, MessageStore
from shared.embedded.publisher import BrokerPublisher, StorePublisher
from shared.ports import DeadLetter, OutgoingMessage


class BrokerDeadLetters:
    """Replays messages by HTTP if a broker is running on this store, since a broker reads its store only at
    its start; otherwise writes them to the store."""

    def __init__(self, store: MessageStore, home: Path, base_url: str) -> None:
        self._store, self._home, self._base_url = store, home, base_url

    def pull(self, max_messages: int = 100) -> list[DeadLetter]:
        return [_letter(m) for m in self._store.dead_messages(max_messages)]

    def acknowledge(self, letters: Sequence[DeadLetter]) -> None:
        self._store.mark_kept(int(letter.handle) for letter in letters)

    def republish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        if not self._is_broker_running():
            StorePublisher(self._store).publish(topic, messages)
            return
        publisher = BrokerPublisher(self._base_url)
        try:
            publisher.publish(topic, messages)
        finally:
            publisher.close()

    def _is_broker_running(self) -> bool:
        """Return whether a broker on this store responds at the URL, not one of another folder."""
        try:
            health = httpx.get(f"{self._base_url}/health", timeout=5.0).json()
        except (httpx.HTTPError, ValueError):
            return False
        return isinstance(health, dict) and health.get("home") == str(self._home.resolve())


def _letter(m: Message) -> DeadLetter:
    return DeadLetter(
        handle=str(m.id),
        subscription=m.topic,
        topic=m.topic,
        message_id=str(m.id),
        body=base64.b64decode(m.data),
        attributes=m.attributes,
        published_at=datetime.fromisoformat(m.published_at),
        attempts=m.attempts,
        last_answer=m.last_answer,
    )
