"""A project of Google Cloud on the stand-ins: tables, bucket, topics, and pushes to the two services."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from google.cloud.pubsub_v1.types import DeadLetterPolicy, PushConfig, RetryPolicy
from google.protobuf.duration_pb2 import Duration

from backfill_jobs.local_processes import Services
from shared.application.messaging.topics import TOPICS
from shared.backends import Backend, BackendSettings, connect, path_variable
from shared.gcp.clients import Clients
from shared.model_registry.bundle import manifest_path
from tests.contracts.fixtures import create

PUSHES = {
    "prediction-request": ("worker", "/predict"),
    "prediction-ready": ("coordinator", "/complete"),
    "prediction-run-requested": ("coordinator", "/pubsub/start"),
}
DEAD_AFTER = 5
"""Attempts before a message is put aside: the fewest that Pub/Sub takes."""


class Project:
    """``environment`` is what services and jobs of the project read."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        stand_in: Any = {
            name: request.getfixturevalue(f"{name}_emulator")
            for name in ("bigquery", "storage", "pubsub", "firestore")
        }
        self.name = f"e2e-{secrets.token_hex(4)}"
        self.bucket = f"models-{self.name}"
        self._folder = folder
        self.environment = {
            "BIGQUERY_EMULATOR_HOST": stand_in["bigquery"].rest_url,
            "BIGQUERY_STORAGE_GRPC_ADDRESS": stand_in["bigquery"].grpc_address,
            "STORAGE_EMULATOR_HOST": stand_in["storage"].url,
            "PUBSUB_EMULATOR_HOST": stand_in["pubsub"].address,
            "FIRESTORE_EMULATOR_HOST": stand_in["firestore"].address,
            "PROPS_BACKEND": "gcp",
            "GCP_PROJECT_ID": self.name,
            "MODEL_FOLDER": f"gs://{self.bucket}/models",
            "MODEL_CACHE": str(folder / "cache"),
            "AUTH": "loopback",
        }

    def backend(self, monkeypatch: pytest.MonkeyPatch) -> Backend:
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        return connect(BackendSettings())

    def make(self) -> None:
        """What Terraform makes: tables, bucket, topics."""
        clients = self.clients()
        create(clients)
        clients.storage().create_bucket(self.bucket)
        for topic in TOPICS:
            clients.publisher().create_topic(name=self._topic(clients, topic))
            clients.publisher().create_topic(name=self._topic(clients, f"{topic}-dead"))
        clients.close()

    def subscribe(self, services: Services) -> None:
        """Push to the services, retried and put aside as Terraform has it."""
        clients = self.clients()
        subscriber = clients.subscriber()
        for topic, (service, path) in PUSHES.items():
            subscriber.create_subscription(
                request={
                    "name": subscriber.subscription_path(self.name, f"{topic}-push"),
                    "topic": self._topic(clients, topic),
                    "push_config": PushConfig(push_endpoint=services.url(service) + path),
                    "ack_deadline_seconds": 60,
                    "retry_policy": RetryPolicy(
                        minimum_backoff=Duration(seconds=1), maximum_backoff=Duration(seconds=5)
                    ),
                    "dead_letter_policy": DeadLetterPolicy(
                        dead_letter_topic=self._topic(clients, f"{topic}-dead"),
                        max_delivery_attempts=DEAD_AFTER,
                    ),
                }
            )
        for topic in TOPICS:
            subscriber.create_subscription(
                name=subscriber.subscription_path(self.name, f"{topic}-dead"),
                topic=self._topic(clients, f"{topic}-dead"),
            )
        clients.close()

    def upload(self, backend: Backend, models: Mapping[str, Path]) -> dict[str, str]:
        """Put bundles into the bucket; the environment that names them."""
        environment = {}
        for system, path in models.items():
            target = f"{backend.model_folder}/{path.name}"
            backend.models.put(manifest_path(target), Path(manifest_path(str(path))).read_bytes())
            backend.models.put(target, path.read_bytes())
            environment[path_variable(system)] = target
        return environment

    def services(self, models: Mapping[str, str]) -> Services:
        return Services(self._folder, {**self.environment, **models}, programs=("worker", "coordinator"))

    def clients(self) -> Clients:
        return Clients(self.name, "us-west2", self.environment["BIGQUERY_STORAGE_GRPC_ADDRESS"])

    def _topic(self, clients: Clients, topic: str) -> str:
        return str(clients.publisher().topic_path(self.name, topic))
