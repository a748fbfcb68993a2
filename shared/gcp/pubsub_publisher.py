"""Publishes to Pub/Sub: all messages of a call in as few requests as their size allows.

The client's ``publish`` takes attributes as keyword arguments next to its own options: one named
``ordering_key`` or ``timeout`` would be taken for the option. The API's own call takes messages as they are.
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

STORED_SECONDS = 30.0

MOST_MESSAGES, MOST_BYTES = 500, 4 * 1024 * 1024
"""Of one request; Pub/Sub takes 1,000 and 10 MB."""

AT_ONCE = 4
"""Requests of one call that are under way at the same time."""

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
    timeout=STORED_SECONDS,
)
"""The client's own would try for ten minutes."""


class PubSubPublisher:
    """Topics are named without their project; an empty message or an unknown topic cannot be published."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        for message in messages:
            check_attributes(message.attributes)
        client = self._clients.publisher()
        path = client.topic_path(self._clients.project, topic)
        requests = [PublishRequest(topic=path, messages=batch) for batch in _batches(messages)]

        def send(request: PublishRequest) -> None:
            PublisherClient.publish(client, request=request, retry=RETRY, timeout=STORED_SECONDS)

        try:
            with translate_errors(f"topic {topic}"):
                if len(requests) == 1:
                    send(requests[0])
                elif requests:
                    with ThreadPoolExecutor(AT_ONCE) as pool:
                        list(pool.map(send, requests))
        except InvalidStatement as exc:  # what Pub/Sub does not take, as an empty message
            raise Rejected(str(exc)) from exc


def _batches(messages: Sequence[OutgoingMessage]) -> Iterator[list[Any]]:
    """The messages as Pub/Sub has them, in parts that fit into one request."""
    batch: list[Any] = []
    size = 0
    for message in messages:
        one = PubsubMessage(data=message.body, attributes=dict(message.attributes))
        bytes_ = PubsubMessage.pb(one).ByteSize()
        if batch and (len(batch) == MOST_MESSAGES or size + bytes_ > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += bytes_
    if batch:
        yield batch
