"""Each port twice: the embedded adapter, and Google's client against a server that this project did not
write. With ``PROPS_TEST_PROJECT`` and credentials a third time, on that project."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.locks import FileLocks
from shared.embedded.model_store import DirectoryModelStore
from shared.embedded.run_store import SqliteRunStore
from shared.gcp.bigquery_warehouse import SCRATCH, BigQueryWarehouse
from shared.gcp.clients import Clients
from shared.gcp.cloud_model_store import CloudModelStore
from shared.gcp.firestore_documents import FirestoreDocuments, FirestoreLocks
from shared.gcp.firestore_runs import FirestoreRunStore
from shared.ports import Documents, Locks, ModelStore, RunStore, Warehouse
from shared.schemas.catalog import TABLES
from shared.schemas.table import Table, ddl

EMBEDDED, EMULATOR, PROJECT = "embedded", "emulator", "project"
KINDS = [EMBEDDED, pytest.param(EMULATOR, marks=pytest.mark.emulators)]
if os.environ.get("PROPS_TEST_PROJECT"):
    KINDS.append(PROJECT)

CAP = 2**30


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Clients]]:
    """Google's clients with the environment of the stand-ins that a test names; a project for each test."""
    made: list[Clients] = []

    def make(**environment: str) -> Clients:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        project = f"t{secrets.token_hex(4)}" if environment else os.environ["PROPS_TEST_PROJECT"]
        made.append(Clients(project, "us-west2", environment.get("BIGQUERY_STORAGE_GRPC_ADDRESS")))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def in_firestore(request: pytest.FixtureRequest, clients: Callable[..., Clients]) -> Callable[[], Clients]:
    def connected() -> Clients:
        if request.node.callspec.params.get("kind") == PROJECT:
            return clients()
        return clients(FIRESTORE_EMULATOR_HOST=request.getfixturevalue("firestore_emulator").address)

    return connected


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run_stores(kind: str, tmp_path: Path, in_firestore: Callable[[], Clients]) -> Callable[[], RunStore]:
    """Stores of separate processes on the same state."""
    if kind == EMBEDDED:
        return lambda: SqliteRunStore(tmp_path / "runs.sqlite")
    found = in_firestore()
    return lambda: FirestoreRunStore(found)


@pytest.fixture
def document_store(kind: str, tmp_path: Path, in_firestore: Callable[[], Clients]) -> Documents:
    if kind == EMBEDDED:
        return SqliteDocuments(tmp_path / "documents.sqlite")
    return FirestoreDocuments(in_firestore())


@pytest.fixture
def lock_stores(kind: str, tmp_path: Path, in_firestore: Callable[[], Clients]) -> Callable[[], Locks]:
    if kind == EMBEDDED:
        return lambda: FileLocks(tmp_path / "locks")
    found = in_firestore()
    return lambda: FirestoreLocks(found)


@dataclass
class Models:
    store: ModelStore
    base: str


@pytest.fixture
def models_at(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, clients: Callable[..., Clients]
) -> Models:
    if kind == EMBEDDED:
        return Models(DirectoryModelStore(), str(tmp_path / "models"))
    if kind == PROJECT:
        found = clients()
        return Models(
            CloudModelStore(found, tmp_path / "cache"),
            f"gs://{os.environ['PROPS_TEST_BUCKET']}/{secrets.token_hex(4)}",
        )
    found = clients(STORAGE_EMULATOR_HOST=request.getfixturevalue("storage_emulator").url)
    bucket = f"models-{secrets.token_hex(4)}"
    found.storage().create_bucket(bucket)
    return Models(CloudModelStore(found, tmp_path / "cache"), f"gs://{bucket}/models")


@pytest.fixture
def warehouse_of(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, clients: Callable[..., Clients]
) -> Iterator[Callable[[Sequence[Table]], Warehouse]]:
    """A warehouse that has some tables, empty."""
    made: list[BigQueryWarehouse] = []

    def make(tables: Sequence[Table]) -> Warehouse:
        if kind == EMBEDDED:
            return DuckDbWarehouse(tmp_path / "warehouse.duckdb")
        found = clients() if kind == PROJECT else clients(**bigquery_environment(request))
        create(found, tables)
        made.append(BigQueryWarehouse(found, CAP))
        return made[-1]

    yield make
    for one in made:
        one.close()


def bigquery_environment(request: pytest.FixtureRequest) -> dict[str, str]:
    server: Any = request.getfixturevalue("bigquery_emulator")
    return {
        "BIGQUERY_EMULATOR_HOST": server.rest_url,
        "BIGQUERY_STORAGE_GRPC_ADDRESS": server.grpc_address,
    }


def create(clients: Clients, tables: Sequence[Table] = TABLES) -> None:
    """Make datasets and tables."""
    client = clients.bigquery()
    for dataset in sorted({SCRATCH, *(t.dataset for t in tables)}):
        client.create_dataset(dataset, exists_ok=True)
    for table in tables:
        client.query(ddl(table)).result()
