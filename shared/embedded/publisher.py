"""Publishes to the local broker: through its socket, or into its store while it may be away."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import httpx

from shared.embedded.broker.store import MessageStore
from shared.errors import Rejected, Unavailable
from shared.ports import OutgoingMessage
from shared.schemas.attributes import check_attributes

CHUNK = 1000


class BrokerPublisher:
    """One request per thousand messages; returns once the broker has stored them."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._client: httpx.Client | None = None

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        plain = [_plain(m) for m in messages]
        url = f"{self._base_url}/topics/{topic}/messages"
        for at in range(0, len(messages), CHUNK):
            self._post(url, {"messages": plain[at : at + CHUNK]})

    def _post(self, url: str, body: dict[str, list[dict[str, Any]]]) -> None:
        if self._client is None:
            self._client = httpx.Client(timeout=30.0)
        try:
            answer = self._client.post(url, json=body)
        except httpx.HTTPError as exc:
            raise Unavailable(f"broker at {url}: {exc}") from exc
        if answer.status_code >= 500:
            raise Unavailable(f"broker at {url}: answered {answer.status_code}")
        if answer.status_code >= 400:
            raise Rejected(f"broker at {url}: answered {answer.status_code}: {answer.text[:200]}")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


class StorePublisher:
    """Writes into the broker's store, for jobs: the broker delivers when it starts next.

    A broker that runs meanwhile reads its store at its start only, so nothing that is awaited by a
    service is published this way.
    """

    def __init__(self, store: MessageStore) -> None:
        self._store = store

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        self._store.publish(topic, [_plain(m) for m in messages])


def _plain(message: OutgoingMessage) -> dict[str, Any]:
    """A message as Pub/Sub's JSON has it; ``Rejected`` for attributes that Pub/Sub would refuse."""
    check_attributes(message.attributes)
    return {
        "data": base64.b64encode(message.body).decode(),
        "attributes": dict(message.attributes),
    }
