"""Every stand-in starts, answers the real client and ends; what the adapters rely on of Cloud Storage,
Pub/Sub and Firestore."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, PreconditionFailed
from google.api_core.exceptions import NotFound as Absent
from google.cloud import firestore, pubsub_v1, storage
from google.cloud.firestore_v1.base_query import FieldFilter

from tests.emulators import processes
from tests.emulators.fixtures import require
from tests.emulators.processes import Server, environment
from tests.emulators.test_processes import alive

pytestmark = pytest.mark.emulators

STARTS: dict[str, Callable[[Path], AbstractContextManager[Server]]] = {
    "bigquery": processes.bigquery,
    "storage": processes.cloud_storage,
    "pubsub": processes.pubsub,
    "firestore": processes.firestore,
}


@pytest.mark.parametrize("name", STARTS)
def test_each_ends_with_its_block(name: str, tmp_path: Path) -> None:
    require(name)
    with STARTS[name](tmp_path) as server:
        assert alive(server.pid)
    assert not alive(server.pid)


@pytest.fixture
def bucket(storage_emulator: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with client(monkeypatch, environment(storage=storage_emulator), storage.Client) as found:
        bucket = found.bucket("models")
        yield bucket if bucket.exists() else bucket.create() or bucket


@pytest.fixture
def database(firestore_emulator: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with client(monkeypatch, environment(firestore=firestore_emulator), firestore.Client) as found:
        yield found


@contextmanager
def client(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], make: Any) -> Iterator[Any]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with closing(make(project="hoops")) as found:
        yield found


def test_an_object_is_created_once_and_replaced_by_generation(bucket: Any) -> None:
    blob = bucket.blob("v9.cbm")
    blob.upload_from_string(b"one", if_generation_match=0)
    with pytest.raises(PreconditionFailed):
        bucket.blob("v9.cbm").upload_from_string(b"two", if_generation_match=0)
    first = blob.generation
    bucket.blob("v9.cbm").upload_from_string(b"three", if_generation_match=first)
    with pytest.raises(PreconditionFailed):
        bucket.blob("v9.cbm").upload_from_string(b"four", if_generation_match=first)
    latest = bucket.get_blob("v9.cbm").generation
    assert bucket.blob("v9.cbm", generation=latest).download_as_bytes(checksum="crc32c") == b"three"
    with pytest.raises(Absent):
        bucket.blob("v9.cbm", generation=first).download_as_bytes()


def test_objects_survive_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("storage")
    with (
        processes.cloud_storage(tmp_path) as server,
        client(monkeypatch, environment(storage=server), storage.Client) as found,
    ):
        bucket = found.create_bucket("kept")
        bucket.blob("a").upload_from_string(b"x", if_generation_match=0)
        server.kill()
        server.restart()
        assert bucket.blob("a").download_as_bytes() == b"x"
        with pytest.raises(PreconditionFailed):
            bucket.blob("a").upload_from_string(b"y", if_generation_match=0)


class Subscriber(BaseHTTPRequestHandler):
    """Refuses the first push, takes those after it."""

    pushed: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.pushed.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(503 if len(self.pushed) == 1 else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Not into the test's output."""


@contextmanager
def subscriber() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    pushed: list[dict[str, Any]] = []
    with HTTPServer(("127.0.0.1", 0), type("Named", (Subscriber,), {"pushed": pushed})) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}/predict", pushed
        finally:
            http.shutdown()
            thread.join()


def test_a_message_is_pushed_until_it_is_taken(
    pubsub_emulator: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", pubsub_emulator.address)
    with pubsub_v1.SubscriberClient() as subscriptions, subscriber() as (url, pushed):
        publisher = pubsub_v1.PublisherClient()
        topic = publisher.topic_path("hoops", "prediction-request")
        publisher.create_topic(name=topic)
        with pytest.raises(AlreadyExists):
            publisher.create_topic(name=topic)
        path = subscriptions.subscription_path("hoops", "worker")
        subscriptions.create_subscription(name=path, topic=topic, push_config={"push_endpoint": url})
        sent = publisher.publish(topic, b"a job", kind="live").result(10)
        with pytest.raises(Absent):
            publisher.publish(publisher.topic_path("hoops", "nowhere"), b"x").result(10)
        wait_until(lambda: len(pushed) == 2)
        subscriptions.delete_subscription(subscription=path)
        publisher.stop()
        publisher.transport.close()
    assert [(p["message"]["messageId"], p["message"]["data"]) for p in pushed] == [(sent, "YSBqb2I=")] * 2
    assert pushed[0]["message"]["attributes"] == {"kind": "live"}


def wait_until(done: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not done after {seconds:.0f} s"
        time.sleep(0.02)


def test_a_document_is_created_once_and_changed_as_it_was_read(database: Any) -> None:
    run = database.collection("runs").document("r1")
    run.create({"state": "CREATED"})
    with pytest.raises(AlreadyExists):
        run.create({"state": "CREATED"})
    as_read = database.write_option(last_update_time=run.get().update_time)
    run.update({"state": "PUBLISHED"}, option=as_read)
    for change in (
        lambda: run.update({"state": "FAILED"}, option=as_read),
        lambda: run.delete(option=as_read),
    ):
        with pytest.raises(FailedPrecondition):
            change()
    assert run.get().to_dict() == {"state": "PUBLISHED"}
    with pytest.raises(Absent):
        database.collection("runs").document("nobody").update({"state": "FAILED"})


def test_of_a_batch_all_is_created_or_nothing(database: Any) -> None:
    players = database.collection("outcomes")

    def create(*names: str) -> None:
        batch = database.batch()
        for name in names:
            batch.create(players.document(name), {"outcome": "predicted"})
        batch.commit()

    create("p1", "p2")
    with pytest.raises(AlreadyExists):
        create("p3", "p2")
    predicted = players.where(filter=FieldFilter("outcome", "==", "predicted"))
    assert int(predicted.count().get()[0][0].value) == 2
    assert not players.document("p3").get().exists
