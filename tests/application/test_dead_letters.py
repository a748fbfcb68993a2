from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.application.messaging.dead_letters import RejectedMessage, RejectedMessages
from shared.application.messaging.rejected import MAX_BODY_BYTES, KeepRejected
from shared.embedded.broker.store import MessageStore
from shared.embedded.dead_letters import BrokerDeadLetters
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.publisher import StorePublisher
from shared.errors import NotFound, Rejected, Unavailable
from shared.ports import DeadLetter, OutgoingMessage, Statement
from tests.conftest import DAY
from tests.services.clients import envelope

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


def give_up(store: MessageStore, topic: str, body: bytes = b"{}", **attributes: str) -> None:
    """A message that the broker delivered in vain, as often as it does."""
    StorePublisher(store).publish(topic, [OutgoingMessage(body, attributes)])
    (message,) = store.pending(topic)
    message.attempts, message.last_answer = 8, "500"
    store.settle([(message, "dead")])


@dataclass
class World:
    folder: Path

    def __post_init__(self) -> None:
        self.store = MessageStore(self.folder / "broker.sqlite")
        self.warehouse = DuckDbWarehouse(self.folder / "warehouse.duckdb")
        self.dead_letters = BrokerDeadLetters(self.store, self.folder, "http://127.0.0.1:9")
        self.kept = RejectedMessages(self.warehouse, self.dead_letters)

    def rows(self, table: str) -> int:
        asked = Statement(f"SELECT COUNT(*) AS n FROM nba_predictions.{table}")
        return int(self.warehouse.query(asked)["n"][0].as_py())

    def only(self) -> RejectedMessage:
        (message,) = self.kept.list_messages()
        return message


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_dead_letter_is_kept_whole_and_leaves_the_broker(world: World) -> None:
    give_up(world.store, "prediction-request", b'{"run_id": "r-1"}', run_id="r-1", traceparent=PARENT)
    assert world.kept.collect() == 1
    assert world.kept.collect() == 0
    message = world.only()
    assert (message.service, message.topic) == ("dead-letter:prediction-request", "prediction-request")
    assert (message.attempts, message.run_id, message.replayed_at) == (8, "r-1", None)
    assert message.reason == "given up after 8 deliveries, last answer 500"
    assert message.published_at is not None
    assert message.envelope is not None
    assert message.envelope.payload == b'{"run_id": "r-1"}'
    assert message.envelope.attributes == {"run_id": "r-1", "traceparent": PARENT}
    assert world.store.counts()["prediction-request"]["kept"] == 1
    assert world.kept.find(message.id) == message
    with pytest.raises(NotFound, match="'nothing' in the last 30 days"):
        world.kept.find("nothing")


def test_large_and_binary_dead_letters_are_whole_too(world: World) -> None:
    body = bytes(range(256)) * 1024
    give_up(world.store, "prediction-ready", body)
    world.kept.collect()
    message = world.only()
    assert message.envelope is not None
    assert message.envelope.payload == body


class DiesBeforeAcknowledging(BrokerDeadLetters):
    def acknowledge(self, letters: Sequence[DeadLetter]) -> None:
        raise Unavailable(f"the broker is away, {len(letters)} stay there")


def test_dying_between_keeping_and_acknowledging_makes_a_copy_and_loses_nothing(world: World) -> None:
    for i in range(3):
        give_up(world.store, "prediction-request", f'{{"n": {i}}}'.encode())
    dies = RejectedMessages(
        world.warehouse, DiesBeforeAcknowledging(world.store, world.folder, "http://127.0.0.1:9")
    )
    with pytest.raises(Unavailable):
        dies.collect()
    assert world.rows("rejected_messages") == 3
    assert world.kept.collect() == 3
    assert world.rows("rejected_messages") == 6
    assert len(world.kept.list_messages()) == 3


@pytest.mark.slow
def test_more_than_one_pull_is_collected(world: World) -> None:
    for i in range(130):
        give_up(world.store, "prediction-request", str(i).encode())
    assert world.kept.collect() == 130
    assert len(world.kept.list_waiting()) == 130


def test_a_replay_publishes_body_and_attributes_again_and_is_written_down(world: World) -> None:
    google = {"CloudPubSubDeadLetterSourceDeliveryCount": "5"}
    give_up(world.store, "prediction-request", b"job", run_id="r-1", traceparent=PARENT, **google)
    world.kept.collect()
    (message,) = world.kept.list_waiting()
    world.kept.replay(message, "ann")
    (again,) = world.store.pending("prediction-request")
    assert (again.data, again.attempts) == ("am9i", 0)
    assert again.attributes == {"run_id": "r-1", "traceparent": PARENT}
    assert world.kept.list_waiting() == []
    marked = world.only()
    assert marked.replayed_by == "ann"
    assert marked.replayed_at is not None
    world.kept.replay(marked, "bob")
    assert world.only().replayed_by == "bob"
    assert (world.rows("message_replays"), world.rows("rejected_messages")) == (2, 1)


def test_a_broker_that_is_away_leaves_a_message_unmarked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the broker is away")

    give_up(world.store, "prediction-request")
    world.kept.collect()
    monkeypatch.setattr(world.dead_letters, "republish", away)
    with pytest.raises(Unavailable):
        world.kept.replay(world.only(), "ann")
    assert len(world.kept.list_waiting()) == 1


def test_what_a_service_refused_is_replayed_only_by_its_id(world: World) -> None:
    keep = KeepRejected(world.warehouse, "prediction-worker")
    keep(envelope(b"job", "12", {"run_id": "r-1"}), "features: 30 values", "prediction-request")
    keep(envelope(b"job", "12", {"run_id": "r-1"}), "features: 30 values", "prediction-request")
    message = world.only()  # delivered and refused twice, one message
    assert (message.run_id, message.attempts, message.is_dead_letter) == ("r-1", None, False)
    assert world.kept.list_waiting() == []
    world.kept.replay(message, "ann")
    (again,) = world.store.pending("prediction-request")
    assert again.data == "am9i"


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"not json", "no push envelope"), (envelope(b"x" * MAX_BODY_BYTES), "65536 of 87")],
    ids=["no envelope", "cut"],
)
def test_what_is_not_whole_cannot_be_replayed(world: World, body: bytes, why: str) -> None:
    KeepRejected(world.warehouse, "prediction-worker")(body, "why", "prediction-request")
    with pytest.raises(Rejected, match=why):
        world.kept.replay(world.only(), "ann")
    assert world.rows("message_replays") == 0


def test_counts_are_by_game_date_topic_and_kind(world: World) -> None:
    for run in ("20250319-a", "20250319-a", "20250320-b"):
        give_up(world.store, "prediction-request", run.encode(), run_id=run)
    KeepRejected(world.warehouse, "prediction-coordinator")(b"junk", "push envelope", "prediction-ready")
    world.kept.collect()
    world.kept.replay(world.kept.list_waiting()[0], "ann")
    counts = world.kept.count_by_topic(DAY)
    assert set(counts) == {("prediction-request", True)}
    of = counts["prediction-request", True]
    assert (of.messages, of.replayed, of.waiting) == (2, 1, 1)
    (junk,) = [m for m in world.kept.list_messages() if not m.is_dead_letter]
    assert world.kept.count_by_topic(junk.rejected_at.date())["prediction-ready", False].messages == 1
