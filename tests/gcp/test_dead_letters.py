from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import DeadlineExceeded, ServiceUnavailable
from google.pubsub_v1.types import PubsubMessage, PullResponse, ReceivedMessage

from shared.application.messaging.dead_letters import RejectedMessages
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import Unavailable
from shared.gcp.dead_letters import PubSubDeadLetters
from tests.conftest import Outbox

PUBLISHED = datetime(2025, 3, 19, 17, 0, tzinfo=UTC)
ATTRIBUTES = {
    "run_id": "20250319-a",
    "CloudPubSubDeadLetterSourceDeliveryCount": "5",
    "CloudPubSubDeadLetterSourceSubscription": "prediction-ready-push",
    "CloudPubSubDeadLetterSourceTopicPublishTime": "2025-03-19T16:55:00.5+00:00",
}


class Subscriber:
    """Pub/Sub's client as far as it is called: what is pulled is leased, not gone."""

    def __init__(self) -> None:
        self.there: dict[str, list[ReceivedMessage]] = {}
        self.asked: list[dict[str, Any]] = []
        self.fails: Exception | None = None

    def add(self, topic: str, data: bytes, attributes: dict[str, str]) -> None:
        messages = self.there.setdefault(f"projects/p/subscriptions/{topic}-dead", [])
        n = str(len(messages) + 1)
        message = PubsubMessage(data=data, attributes=attributes, message_id=n, publish_time=PUBLISHED)
        messages.append(ReceivedMessage(ack_id=f"{topic}-{n}", message=message))

    def pull(self, *, request: dict[str, Any], retry: None, timeout: float) -> PullResponse:
        self.asked.append(request)
        if self.fails:
            raise self.fails
        found = self.there.get(request["subscription"], [])[: request["max_messages"]]
        if not found:
            raise DeadlineExceeded(f"{timeout} s without a message, retry {retry}")
        return PullResponse(received_messages=found)

    def acknowledge(self, *, request: dict[str, Any], timeout: float) -> None:
        assert timeout > 0
        if self.fails:
            raise self.fails
        left = [m for m in self.there[request["subscription"]] if m.ack_id not in request["ack_ids"]]
        self.there[request["subscription"]] = left


@pytest.fixture
def client() -> Subscriber:
    return Subscriber()


def letters(client: Any, outbox: Outbox) -> PubSubDeadLetters:
    clients: Any = SimpleNamespace(project="p", subscriber=lambda: client)
    return PubSubDeadLetters(clients, outbox, ["prediction-request", "prediction-ready"])


def test_what_pubsub_gave_up_is_kept_then_acknowledged(
    client: Subscriber, outbox: Outbox, tmp_path: Path
) -> None:
    client.add("prediction-ready", b'{"run_id": "20250319-a"}', ATTRIBUTES)
    client.add("prediction-request", b"job", {"run_id": "20250319-b"})
    kept = RejectedMessages(DuckDbWarehouse(tmp_path / "w.duckdb"), letters(client, outbox))
    assert kept.collect() == 2
    assert kept.collect() == 0
    assert not any(client.there.values())
    ready = next(m for m in kept.list_messages() if m.topic == "prediction-ready")
    assert (ready.service, ready.attempts) == ("dead-letter:prediction-ready-dead", 5)
    assert ready.reason == "given up after 5 deliveries"
    assert ready.published_at == datetime(2025, 3, 19, 16, 55, 0, 500_000, tzinfo=UTC)
    kept.replay(ready, "ann")
    (again,) = outbox.sent["prediction-ready"]
    assert (again.body, dict(again.attributes)) == (b'{"run_id": "20250319-a"}', {"run_id": "20250319-a"})


def test_a_letter_without_pubsubs_attributes_is_had_all_the_same(client: Subscriber, outbox: Outbox) -> None:
    client.add("prediction-request", b"job", {"CloudPubSubDeadLetterSourceTopicPublishTime": "yesterday"})
    (letter,) = letters(client, outbox).pull(7)
    assert (letter.attempts, letter.published_at, letter.body) == (None, PUBLISHED, b"job")
    assert client.asked == [
        {"subscription": "projects/p/subscriptions/prediction-request-dead", "max_messages": 7}
    ]


def test_a_failure_of_pubsub_is_ours(client: Subscriber, outbox: Outbox) -> None:
    client.add("prediction-request", b"job", {})
    dead = letters(client, outbox)
    found = dead.pull()
    client.fails = ServiceUnavailable("not now")
    with pytest.raises(Unavailable, match=r"subscription prediction-request-dead: .*503 not now"):
        dead.pull()
    with pytest.raises(Unavailable, match="prediction-request-dead"):
        dead.acknowledge(found)
