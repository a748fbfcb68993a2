"""Publishes to Pub/Sub: all messages of a call in as few requests as their size allows.

The client's ``publish`` takes attributes as keyword arguments next to its options, so an attribute named
``ordering_key`` or ``timeout`` would be read as the option. The API call takes messages unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.pubsub_v1.services.publisher import PublisherClient
from google.pubsub_v1.types import PublishRequest, PubsubMessage

from shared.errors import InvalidStatement, Rejected
from shared.gcp.clients import Clients
from shared.gcp.failures import translate_errors
from shared.ports import OutgoingMessage
from shared.schemas.attributes import check_attributes

PUBLISH_TIMEOUT_SECONDS = 30.0

MAX_MESSAGES, MAX_BYTES = 500, 4 * 1024 * 1024
"""Limits of one request; those of Pub/Sub are 1,000 messages and 10 MB."""

PARALLEL_REQUESTS = 4
"""Concurrent requests of one call."""

RETRY = Retry(
    predicate=if_exception_type(
        exceptions.Aborted,
        exceptions.DeadlineExceeded,
        exceptions.InternalServerError,
        exceptions.ResourceExhausted,
        exceptions.ServiceUnavailable,
        exceptions.Unknown,
    ),
    initial=0.1,
    timeout=PUBLISH_TIMEOUT_SECONDS,
)
"""The client's default would retry for ten minutes."""


class PubSubPublisher:
    """Topic names have no project prefix; an empty message or an unknown topic cannot be published."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        for message in messages:
            check_attributes(message.attributes)
        client = self._clients.publisher()
        path = client.topic_path(self._clients.project, topic)
        requests = [PublishRequest(topic=path, messages=batch) for batch in _batches(messages)]

        def send(request: PublishRequest) -> None:
            PublisherClient.publish(client, request=request, retry=RETRY, timeout=PUBLISH_TIMEOUT_SECONDS)

        try:
            with translate_errors(f"topic {topic}"):
                if len(requests) == 1:
                    send(requests[0])
                elif requests:
                    with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
                        list(pool.map(send, requests))
        except InvalidStatement as exc:  # Pub/Sub refuses the message, for example an empty one
            raise Rejected(str(exc)) from exc


def _batches(messages: Sequence[OutgoingMessage]) -> Iterator[list[Any]]:
    """Yield the messages in Pub/Sub's format, in batches that fit into one request."""
    batch: list[Any] = []
    size = 0
    for message in messages:
        pubsub_message = PubsubMessage(data=message.body, attributes=dict(message.attributes))
        message_size = PubsubMessage.pb(pubsub_message).ByteSize()
        if batch and (len(batch) == MAX_MESSAGES or size + message_size > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(pubsub_message)
        size += message_size
    if batch:
        yield batch
