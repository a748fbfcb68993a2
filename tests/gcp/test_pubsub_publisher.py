"""The publisher against a server that keeps what Google's client sends, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.pubsub_v1.types import PublishRequest, PublishResponse

from shared.errors import Rejected, Unavailable
from shared.gcp import pubsub_publisher
from shared.gcp.clients import Clients
from shared.gcp.pubsub_publisher import PubSubPublisher
from shared.ports import OutgoingMessage
from tests.contracts.test_publisher import OPTIONS


class Server(grpc.GenericRpcHandler):
    """Keeps requests; ``failure`` is what it answers instead."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.failure: grpc.StatusCode | None = None

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        assert details.method == "/google.pubsub.v1.Publisher/Publish"
        return grpc.unary_unary_rpc_method_handler(
            self.publish, PublishRequest.deserialize, PublishResponse.serialize
        )

    def publish(self, request: Any, context: grpc.ServicerContext) -> Any:
        if self.failure:
            context.abort(self.failure, "refused")
        self.requests.append(request)
        return PublishResponse(message_ids=[str(n) for n in range(len(request.messages))])

    def messages(self) -> list[tuple[bytes, dict[str, str]]]:
        return [(m.data, dict(m.attributes)) for request in self.requests for m in request.messages]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def publisher(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[PubSubPublisher]:
    running = grpc.server(ThreadPoolExecutor(4), handlers=[server])
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", f"127.0.0.1:{port}")
    clients = Clients("project", "us-west2")
    yield PubSubPublisher(clients)
    clients.close()
    running.stop(None)


def test_attributes_named_like_options_are_attributes(publisher: PubSubPublisher, server: Server) -> None:
    attributes = dict.fromkeys(OPTIONS, "x")
    publisher.publish("jobs", [OutgoingMessage(b"one", attributes), OutgoingMessage(b"\x00\xff")])
    assert server.messages() == [(b"one", attributes), (b"\x00\xff", {})]
    (request,) = server.requests
    assert request.topic == "projects/project/topics/jobs"
    assert {m.ordering_key for m in request.messages} == {""}


def test_a_reserved_attribute_stops_all_of_the_call(publisher: PubSubPublisher, server: Server) -> None:
    with pytest.raises(Rejected, match="'googclient_x'"):
        publisher.publish("jobs", [OutgoingMessage(b"one"), OutgoingMessage(b"two", {"googclient_x": "1"})])
    assert server.requests == []


def test_many_messages_go_in_requests_that_fit(publisher: PubSubPublisher, server: Server) -> None:
    many = [OutgoingMessage(str(n).encode()) for n in range(1201)]
    publisher.publish("jobs", many)
    assert sorted(len(r.messages) for r in server.requests) == [201, 500, 500]
    assert sorted(body for body, _ in server.messages()) == sorted(m.body for m in many)
    server.requests.clear()
    large = [OutgoingMessage(bytes(3_000_000)) for _ in range(3)]
    publisher.publish("jobs", large)
    assert [len(r.messages) for r in server.requests] == [1, 1, 1]


def test_failures_are_told_by_what_to_do(
    publisher: PubSubPublisher, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.failure = grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(Rejected, match="topic jobs"):
        publisher.publish("jobs", [OutgoingMessage(b"")])
    monkeypatch.setattr(pubsub_publisher, "RETRY", pubsub_publisher.RETRY.with_timeout(0.3))
    server.failure = grpc.StatusCode.UNAVAILABLE
    with pytest.raises(Unavailable, match="topic jobs"):
        publisher.publish("jobs", [OutgoingMessage(b"one")])
