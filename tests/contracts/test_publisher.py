from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import DeadlineExceeded

from shared.embedded.broker.store import MessageStore
from shared.embedded.publisher import StorePublisher
from shared.errors import NotFound, Rejected, Unavailable
from shared.gcp.clients import Clients
from shared.gcp.pubsub_publisher import PubSubPublisher
from shared.ports import OutgoingMessage, Publisher
from tests.contracts.fixtures import EMBEDDED, PROJECT

TOPIC = "jobs"


class Stored:
    """A publisher, and what its broker has stored of a topic."""

    def __init__(self, publisher: Publisher, read: Callable[[], list[tuple[bytes, dict[str, str]]]]) -> None:
        self.publisher, self.read = publisher, read


@pytest.fixture
def stored(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, clients: Callable[..., Clients]
) -> Iterator[Stored]:
    if kind == EMBEDDED:
        store = MessageStore(tmp_path / "broker.sqlite")
        yield Stored(
            StorePublisher(store),
            lambda: [(base64.b64decode(m.data), dict(m.attributes)) for m in store.pending(TOPIC)],
        )
        return
    if kind == PROJECT:
        found = clients()
    else:
        found = clients(PUBSUB_EMULATOR_HOST=request.getfixturevalue("pubsub_emulator").address)
    topic = found.publisher().topic_path(found.project, TOPIC)
    subscription = found.subscriber().subscription_path(found.project, f"s{secrets.token_hex(4)}")
    if kind != PROJECT:
        found.publisher().create_topic(name=topic)
    found.subscriber().create_subscription(name=subscription, topic=topic)
    yield Stored(PubSubPublisher(found), lambda: _pulled(found.subscriber(), subscription))
    found.subscriber().delete_subscription(subscription=subscription)


def _pulled(subscriber: Any, subscription: str) -> list[tuple[bytes, dict[str, str]]]:
    found: list[tuple[bytes, dict[str, str]]] = []
    with suppress(DeadlineExceeded):  # nothing more came
        for _ in range(20):
            answer = subscriber.pull(subscription=subscription, max_messages=1000, timeout=2.0, retry=None)
            ids = [m.ack_id for m in answer.received_messages]
            if not ids:
                break
            subscriber.acknowledge(subscription=subscription, ack_ids=ids)
            found += [(m.message.data, dict(m.message.attributes)) for m in answer.received_messages]
    return found


def test_what_is_published_is_stored_with_its_attributes(stored: Stored) -> None:
    stored.publisher.publish(TOPIC, [OutgoingMessage(b"one", {"run_id": "r", "traceparent": "00-1-2-01"})])
    stored.publisher.publish(TOPIC, [OutgoingMessage(b"\x00\xff")])
    stored.publisher.publish(TOPIC, [])
    assert sorted(stored.read()) == [
        (b"\x00\xff", {}),
        (b"one", {"run_id": "r", "traceparent": "00-1-2-01"}),
    ]


def test_a_slate_is_published_in_one_call(stored: Stored) -> None:
    bodies = [f"{i}".encode() * 1500 for i in range(400)]
    stored.publisher.publish(TOPIC, [OutgoingMessage(b, {"run_id": "r"}) for b in bodies])
    assert sorted(body for body, _ in stored.read()) == sorted(bodies)


OPTIONS = ("topic", "data", "ordering_key", "retry", "timeout", "self", "attrs", "request", "messages")
"""Names that the client's functions have for arguments of their own."""


def test_attributes_named_like_options_of_the_client_come_out_as_they_went_in(stored: Stored) -> None:
    attributes = dict.fromkeys(OPTIONS, "x") | {"Ünï": "é" * 512, "empty": ""}
    stored.publisher.publish(TOPIC, [OutgoingMessage(b"one", attributes)])
    assert stored.read() == [(b"one", attributes)]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"googclient_x": "1"}, "'googclient_x'"),
        ({"GoogX": "1"}, "'GoogX'"),
        ({"": "1"}, "expected a name"),
        ({"k" * 257: "1"}, "'kkk"),
        ({"key": "é" * 513}, "'key': value of 1026 bytes"),
        ({"key": 1}, "'key': int, expected text"),
        ({"key": "\ud800"}, "'key': not valid Unicode"),
        ({f"key{n}": "x" for n in range(101)}, "101, expected at most 100"),
    ],
)
def test_attributes_that_no_broker_takes_are_refused_by_name(
    stored: Stored, attributes: dict[str, Any], words: str
) -> None:
    with pytest.raises(Rejected, match=re.escape(words)):
        stored.publisher.publish(TOPIC, [OutgoingMessage(b"good"), OutgoingMessage(b"one", attributes)])
    assert stored.read() == []


@pytest.mark.emulators
@pytest.mark.parametrize("kind", ["emulator"])
def test_a_topic_that_is_not_there_is_named(stored: Stored) -> None:
    with pytest.raises((NotFound, Unavailable), match="topic nothing"):
        stored.publisher.publish("nothing", [OutgoingMessage(b"x")])
