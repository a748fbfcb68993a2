"""Publishes to Pub/Sub: all messages of a call in as few requests as their size allows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import TimeoutError as Late

from shared.errors import Unavailable
from shared.gcp.clients import Clients
from shared.gcp.failures import translated
from shared.ports import Outgoing

STORED_SECONDS = 30.0


class PubSubPublisher:
    """Topics are named without their project; an empty body or an unknown topic cannot be published."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def publish(self, topic: str, messages: Sequence[Outgoing]) -> None:
        client = self._clients.publisher()
        path = client.topic_path(self._clients.project, topic)
        with translated(f"topic {topic}"):
            futures = [client.publish(path, m.body, **m.attributes) for m in messages]
            try:
                for future in futures:
                    future.result(STORED_SECONDS)
            except Late as exc:
                raise Unavailable(f"topic {topic}: not stored after {STORED_SECONDS:.0f} s") from exc
