"""Dead letters of Pub/Sub: one pull subscription for each topic, filled by Pub/Sub itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from google.api_core.exceptions import DeadlineExceeded

from shared.gcp.clients import Clients
from shared.gcp.failures import translate_errors
from shared.ports import DeadLetter, OutgoingMessage, Publisher

SUFFIX = "-dead"
"""Suffix of the subscription that holds the dead letters of a topic."""

DELIVERIES = "CloudPubSubDeadLetterSourceDeliveryCount"
FIRST_PUBLISHED = "CloudPubSubDeadLetterSourceTopicPublishTime"
PULL_SECONDS = 3.0
CALL_SECONDS = 10.0


class PubSubDeadLetters:
    """A pulled message is leased until the acknowledgement deadline of the subscription; without an
    acknowledgement it is delivered again."""

    def __init__(self, clients: Clients, publisher: Publisher, topics: Sequence[str]) -> None:
        self._clients, self._publisher = clients, publisher
        self._topics = tuple(topics)

    def pull(self, max_messages: int = 100) -> list[DeadLetter]:
        """Pull from the first subscription that has messages; each empty one takes up to three seconds."""
        for topic in self._topics:
            letters = self._pull(topic, max_messages)
            if letters:
                return letters
        return []

    def acknowledge(self, letters: Sequence[DeadLetter]) -> None:
        for subscription, group in groupby(letters, key=lambda letter: letter.subscription):
            request = {"subscription": self._path(subscription), "ack_ids": [dead.handle for dead in group]}
            with translate_errors(f"subscription {subscription}"):
                self._clients.subscriber().acknowledge(request=request, timeout=CALL_SECONDS)

    def republish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        self._publisher.publish(topic, messages)

    def _pull(self, topic: str, max_messages: int) -> list[DeadLetter]:
        subscription = topic + SUFFIX
        request = {"subscription": self._path(subscription), "max_messages": max_messages}
        with translate_errors(f"subscription {subscription}"):
            try:
                response = self._clients.subscriber().pull(request=request, retry=None, timeout=PULL_SECONDS)
            except DeadlineExceeded:
                return []  # no message arrived during the call
        return [_letter(received, subscription, topic) for received in response.received_messages]

    def _path(self, subscription: str) -> str:
        return f"projects/{self._clients.project}/subscriptions/{subscription}"


def _letter(received: Any, subscription: str, topic: str) -> DeadLetter:
    message = received.message
    attributes = dict(message.attributes)
    count = attributes.get(DELIVERIES, "")
    return DeadLetter(
        handle=received.ack_id,
        subscription=subscription,
        topic=topic,
        message_id=message.message_id,
        body=message.data,
        attributes=attributes,
        published_at=_parse_time(attributes.get(FIRST_PUBLISHED)) or message.publish_time,
        attempts=int(count) if count.isdigit() else None,
    )


def _parse_time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else None
