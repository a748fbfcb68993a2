from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.embedded.broker.store import MessageStore
from shared.embedded.dead_letters import BrokerDeadLetters
from shared.gcp.clients import Clients
from shared.gcp.dead_letters import SUFFIX, PubSubDeadLetters
from shared.gcp.pubsub_publisher import PubSubPublisher
from shared.ports import DeadLetters
from tests.contracts.fixtures import EMBEDDED, PROJECT

TOPIC = "prediction-request"
BODIES = [b"not json", b"\x00\xff", b'{"a": 1}']


@dataclass
class Given:
    """Where dead letters are, and how one comes there."""

    letters: DeadLetters
    give_up: Callable[[bytes], None]


@pytest.fixture
def given(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, clients: Callable[..., Clients]
) -> Iterator[Given]:
    if kind == PROJECT:
        pytest.skip("a project's dead letters are nobody's to take")
    if kind == EMBEDDED:
        store = MessageStore(tmp_path / "broker.sqlite")

        def give_up(body: bytes) -> None:
            attributes = {"run_id": "r"}
            (message,) = store.publish(
                TOPIC, [{"data": base64.b64encode(body).decode(), "attributes": attributes}]
            )
            store.settle([(message, "dead")])

        yield Given(BrokerDeadLetters(store, tmp_path, "http://127.0.0.1:9"), give_up)
        return
    found = clients(PUBSUB_EMULATOR_HOST=request.getfixturevalue("pubsub_emulator").address)
    publisher, subscriber = found.publisher(), found.subscriber()
    topic = publisher.topic_path(found.project, TOPIC + SUFFIX)
    publisher.create_topic(name=topic)
    subscriber.create_subscription(
        name=subscriber.subscription_path(found.project, TOPIC + SUFFIX), topic=topic, ack_deadline_seconds=10
    )
    yield Given(
        PubSubDeadLetters(found, PubSubPublisher(found), [TOPIC]),
        lambda body: publisher.publish(topic, body, run_id="r").result(10),
    )


def taken(letters: DeadLetters, most: int) -> dict[bytes, str]:
    """Pull until so many are there, and acknowledge them."""
    found: dict[bytes, str] = {}
    for _ in range(10):
        some = letters.pull()
        letters.acknowledge(some)
        found |= {letter.body: letter.topic for letter in some}
        if len(found) >= most:
            break
    return found


def test_every_dead_letter_is_pulled_with_its_topic_and_once_acknowledged_is_gone(given: Given) -> None:
    assert given.letters.pull() == []
    for body in BODIES:
        given.give_up(body)
    assert taken(given.letters, len(BODIES)) == dict.fromkeys(BODIES, TOPIC)
    assert given.letters.pull() == []


def test_a_dead_letter_tells_where_it_comes_from(given: Given) -> None:
    given.give_up(b"one")
    (letter,) = given.letters.pull()
    assert letter.body == b"one"
    assert letter.attributes["run_id"] == "r"
    assert letter.message_id
    assert timedelta(0) <= datetime.now(UTC) - letter.published_at < timedelta(minutes=1)
