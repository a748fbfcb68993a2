"""The stand-ins as fixtures: each starts when the first test asks for it and serves the whole session."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.emulators import processes
from tests.emulators.processes import BigQuery, Server


@pytest.fixture(scope="session")
def bigquery_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BigQuery]:
    require("bigquery")
    with processes.bigquery(tmp_path_factory.mktemp("bigquery")) as server:
        yield server


@pytest.fixture(scope="session")
def storage_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    require("storage")
    with processes.cloud_storage(tmp_path_factory.mktemp("storage")) as server:
        yield server


@pytest.fixture(scope="session")
def pubsub_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    require("pubsub")
    with processes.pubsub(tmp_path_factory.mktemp("pubsub")) as server:
        yield server


@pytest.fixture(scope="session")
def firestore_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    require("firestore")
    with processes.firestore(tmp_path_factory.mktemp("firestore")) as server:
        yield server


def require(name: str) -> None:
    """Skip the test where the stand-in is missing; in CI nothing may be skipped unseen, so fail it."""
    why = processes.missing(name)
    if why is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
