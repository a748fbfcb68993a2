"""A worker in this process, keys and a certificate server for the tests of the services."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.model_registry.loading import LoadedModel
from tests.services.in_memory import Bench
from tests.services.issuer import Key
from tests.services.local_server import LocalServer


@pytest.fixture(scope="session")
def key() -> Key:
    return Key("k1")


@pytest.fixture(scope="session")
def other_key() -> Key:
    """A key that nobody publishes, by the name of the one that is published."""
    return Key("k1")


@pytest.fixture
def certificates(key: Key) -> Iterator[LocalServer]:
    """Publishes the certificate of ``key`` as Google does."""
    with LocalServer(json.dumps({key.kid: key.certificate}).encode()).running() as server:
        server.headers = {"Cache-Control": "public, max-age=600, must-revalidate"}
        yield server


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer().running() as server:
        yield server


@pytest.fixture
def bench(warehouse: DuckDbWarehouse, tmp_path: Path, models: dict[str, LoadedModel]) -> Bench:
    return Bench(warehouse, tmp_path, models)
