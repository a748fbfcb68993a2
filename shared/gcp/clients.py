"""Google's clients: created on first use, reused for the life of the process, closed together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import grpc
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, firestore, storage
from google.cloud.bigquery_storage_v1 import BigQueryReadClient, BigQueryWriteClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

EMULATED_BIGQUERY = "BIGQUERY_EMULATOR_HOST"

_UNBOUNDED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Clients:
    """``storage_grpc_address`` is the BigQuery Storage API of an emulator; unset uses Google's."""

    def __init__(self, project: str, location: str, storage_grpc_address: str | None = None) -> None:
        self.project, self.location = project, location
        self._grpc_address = storage_grpc_address
        self._clients: dict[str, tuple[Any, Callable[[], object]]] = {}
        self._lock = threading.Lock()

    def bigquery(self) -> Any:
        anonymous = AnonymousCredentials() if os.environ.get(EMULATED_BIGQUERY) else None
        return self._client(
            "bigquery",
            lambda: bigquery.Client(self.project, credentials=anonymous, location=self.location),
            lambda client: client.close,
        )

    def reader(self) -> Any:
        """Client of the Storage Read API, for results of more than one page."""
        return self._client(
            "reader",
            lambda: BigQueryReadClient(transport=self._emulated(BigQueryReadGrpcTransport)),
            lambda client: client.transport.close,
        )

    def writer(self) -> Any:
        """Client of the Storage Write API."""
        return self._client(
            "writer",
            lambda: BigQueryWriteClient(transport=self._emulated(BigQueryWriteGrpcTransport)),
            lambda client: client.transport.close,
        )

    def publisher(self) -> Any:
        return self._client("publisher", PublisherClient, lambda client: client.stop)

    def subscriber(self) -> Any:
        return self._client("subscriber", SubscriberClient, lambda client: client.close)

    def storage(self) -> Any:
        return self._client("storage", lambda: storage.Client(self.project), lambda client: client.close)

    def firestore(self) -> Any:
        return self._client("firestore", lambda: firestore.Client(self.project), lambda client: client.close)

    def close(self) -> None:
        """Flush and close all clients, the newest first."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for _, close in reversed(clients.values()):
            close()

    def _client(
        self, name: str, create: Callable[[], Any], get_close: Callable[[Any], Callable[[], object]]
    ) -> Any:
        with self._lock:
            if name not in self._clients:
                client = create()
                self._clients[name] = (client, get_close(client))
            return self._clients[name][0]

    def _emulated(self, transport: Callable[..., Any]) -> Any:
        if self._grpc_address is None:
            return None
        return transport(channel=grpc.insecure_channel(self._grpc_address, options=_UNBOUNDED))
