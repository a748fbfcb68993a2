"""A broker in memory with Pub/Sub's rules: at least once, in any order, retried, dead-lettered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from shared.ports import OutgoingMessage
from tests.services.clients import envelope

MOST_ATTEMPTS = 8


@dataclass(eq=False)
class Held:
    """A message until it is acknowledged or dead; ``out`` counts its deliveries under way."""

    topic: str
    body: bytes
    attempts: int = 0
    out: int = 0
    not_before: int = 0


class Broker:
    def __init__(self) -> None:
        self.held: list[Held] = []
        self.dead: list[Held] = []
        self.counts: dict[str, int] = defaultdict(int)
        self.now = 0

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        for message in messages:
            self.counts[topic] += 1
            number = f"{topic}-{self.counts[topic]}"
            self.held.append(Held(topic, envelope(message.body, number)))

    def due(self, topic: str, *, again: bool = False) -> list[Held]:
        """Messages to deliver now; ``again``: also those whose delivery is still under way."""
        return [
            m for m in self.held if m.topic == topic and m.not_before <= self.now and (again or not m.out)
        ]

    def settle(self, message: Held, acknowledged: bool, wait: int = 0) -> None:
        """What became of one delivery; a message that is gone already stays gone."""
        message.out -= 1
        if message not in self.held:
            return
        message.attempts += not acknowledged
        message.not_before = self.now + wait
        if acknowledged or message.attempts >= MOST_ATTEMPTS:
            self.held.remove(message)
            if not acknowledged:
                self.dead.append(message)
