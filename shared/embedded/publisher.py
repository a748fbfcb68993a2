"""Publishes to the local broker: by HTTP, or into its store when it may not be running."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import httpx

from shared.embedded.broker.store import MessageStore
from shared.errors import Rejected, Unavailable
from shared.ports import OutgoingMessage
from shared.schemas.attributes import check_attributes

BATCH_MESSAGES = 1000


class BrokerPublisher:
    """One request per thousand messages; returns once the broker has stored them."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._client: httpx.Client | None = None

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        encoded = [_encode(m) for m in messages]
        url = f"{self._base_url}/topics/{topic}/messages"
        for start in range(0, len(messages), BATCH_MESSAGES):
            self._post(url, {"messages": encoded[start : start + BATCH_MESSAGES]})

    def _post(self, url: str, body: dict[str, list[dict[str, Any]]]) -> None:
        if self._client is None:
            self._client = httpx.Client(timeout=30.0)
        try:
            response = self._client.post(url, json=body)
        except httpx.HTTPError as exc:
            raise Unavailable(f"broker at {url}: {exc}") from exc
        if response.status_code >= 500:
            raise Unavailable(f"broker at {url}: answered {response.status_code}")
        if response.status_code >= 400:
            raise Rejected(f"broker at {url}: answered {response.status_code}: {response.text[:200]}")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


class StorePublisher:
    """Writes to the broker's store, for jobs: the broker delivers at its next start.

    A running broker reads its store only at its start, so messages that a service waits for are not published
    this way.
    """

    def __init__(self, store: MessageStore) -> None:
        self._store = store

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        self._store.publish(topic, [_encode(m) for m in messages])


def _encode(message: OutgoingMessage) -> dict[str, Any]:
    """Return a message in Pub/Sub's JSON format; ``Rejected`` for attributes that Pub/Sub would refuse."""
    check_attributes(message.attributes)
    return {"data": base64.b64encode(message.body).decode(), "attributes": dict(message.attributes)}
