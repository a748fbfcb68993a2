"""From settings to one set of adapters."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.application.messaging.topics import TOPICS
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.embedded.clock import FixedClock, SystemClock, parse_now
from shared.errors import Rejected, Unavailable
from shared.ports import Clock, DeadLetters, Documents, Locks, ModelStore, Publisher, RunStore, Warehouse


class BackendSettings(BaseSettings):
    """What every program reads of its environment."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    props_backend: Literal["embedded", "gcp"] = "embedded"
    """Where state lives; ``embedded`` needs nothing but this machine, ``gcp`` is Google Cloud."""

    props_home: Path = Path(".props")
    """Folder of the embedded backend's state."""

    props_now: str | None = None
    """ISO 8601 instant at which the product's clock stands still; unset is the machine's clock. Embedded
    backend only."""

    gcp_project_id: str | None = None
    """Google Cloud project that owns tables, topics and documents; needed where the backend is ``gcp``."""

    gcp_location: str = "us-west2"
    """Where the datasets are."""

    warehouse_wait_seconds: float = Field(default=5.0, ge=0.0, le=60.0)
    """How long the embedded warehouse waits for a program that has its file open, a notebook for example."""

    model_folder: str | None = None
    """Where trained bundles go: a folder, or on ``gcp`` a ``gs://bucket/prefix``. Unset: ``models`` below
    PROPS_HOME, or ``gs://PROJECT-models``."""

    model_cache: Path = Path(tempfile.gettempdir()) / "props-model-cache"
    """Folder of model files that were fetched from Cloud Storage, by their content."""

    max_gib_billed: int = 20
    """A BigQuery statement that would scan more is refused before it costs anything."""

    bigquery_storage_grpc_address: str | None = None
    """host:port of an emulator's BigQuery Storage API; unset is Google's."""

    broker_url: str = "http://127.0.0.1:8082"
    """The embedded push broker."""

    build_commit: str = "unknown"
    """Commit of the code that runs, stored with every prediction."""


def path_variable(system_id: str) -> str:
    """The environment variable that names the model of a system."""
    return f"{system_id.upper()}_MODEL_PATH"


class ModelSettings(BackendSettings):
    """Which models a program runs: exactly the files named, never a pattern."""

    catboost_v9_model_path: str | None = None
    """Path of the V9 bundle's ``.cbm``; unset turns the system off."""

    catboost_v9_2026_02_model_path: str | None = None
    """Path of the monthly V9 bundle; unset turns the system off."""

    catboost_v8_model_path: str | None = None
    """Path of the V8 bundle; unset turns the system off."""

    line_anchored_v1_model_path: str | None = None
    """Path of the bundle behind the anchored line; unset turns the system off."""

    shadow_model_paths: str | None = None
    """Comma-separated paths of bundles that run beside the champions; the manifest names their system."""

    model_sha256: str | None = None
    """The hash that the V9 model must have; unset accepts what its manifest says."""

    model_generation: int | None = None
    """The generation of the V9 model's object in Cloud Storage; unset takes the newest."""

    def model_paths(self) -> dict[str, str]:
        """Path by system, for the systems that are configured."""
        paths = {system: getattr(self, path_variable(system).lower()) for system in MODEL_SYSTEMS}
        return {system: path for system, path in paths.items() if path}

    def shadow_paths(self) -> list[str]:
        return [p.strip() for p in (self.shadow_model_paths or "").split(",") if p.strip()]

    def generations(self) -> dict[str, int]:
        """Generation by path, where one is pinned."""
        if self.catboost_v9_model_path is None or self.model_generation is None:
            return {}
        return {self.catboost_v9_model_path: self.model_generation}

    def expected_sha256(self) -> dict[str, str]:
        """The hash that a system's model must have, where one is set."""
        return {"catboost_v9": self.model_sha256} if self.model_sha256 else {}


@dataclass(frozen=True)
class Backend:
    """``publisher`` is for services; ``job_publisher`` for jobs, which run whether services do or not.

    ``model_folder`` is where trained bundles go: a folder, or a ``gs://`` prefix.
    """

    warehouse: Warehouse
    runs: RunStore
    publisher: Publisher
    job_publisher: Publisher
    dead_letters: DeadLetters
    documents: Documents
    locks: Locks
    models: ModelStore
    model_folder: str
    clock: Clock
    home: Path
    closing: tuple[Callable[[], None], ...] = ()

    def close(self) -> None:
        """Flush and close what is open, in the order in which work flows."""
        for close in self.closing:
            close()


def make_clock(settings: BackendSettings) -> Clock:
    """The clock of a backend, which opens nothing else; ``Rejected`` for one that cannot stand still."""
    if not settings.props_now:
        return SystemClock()
    if settings.props_backend == "gcp":
        raise Rejected(f"PROPS_NOW={settings.props_now}: the clock cannot be fixed where PROPS_BACKEND=gcp")
    return FixedClock(parse_now(settings.props_now))


def connect(settings: BackendSettings) -> Backend:
    """The adapters of a backend; ``Unavailable`` where its state folder cannot be written, ``Rejected`` for
    settings that do not go together."""
    return _google(settings) if settings.props_backend == "gcp" else _embedded(settings)


def _embedded(settings: BackendSettings) -> Backend:
    """The embedded adapters are imported here, so that Google Cloud does not pay for them."""
    from shared.embedded.broker.store import MessageStore
    from shared.embedded.dead_letters import BrokerDeadLetters
    from shared.embedded.documents import SqliteDocuments
    from shared.embedded.duckdb_warehouse import DuckDbWarehouse
    from shared.embedded.locks import FileLocks
    from shared.embedded.model_store import DirectoryModelStore
    from shared.embedded.publisher import BrokerPublisher, StorePublisher
    from shared.embedded.run_store import SqliteRunStore

    home = settings.props_home
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise Unavailable(f"PROPS_HOME {home}: cannot be made ({exc.strerror})") from exc
    if not os.access(home, os.W_OK):
        raise Unavailable(f"PROPS_HOME {home}: cannot be written")
    messages = MessageStore(home / "broker.sqlite")
    return Backend(
        warehouse=DuckDbWarehouse(home / "warehouse.duckdb", settings.warehouse_wait_seconds),
        runs=SqliteRunStore(home / "runs.sqlite"),
        publisher=BrokerPublisher(settings.broker_url),
        job_publisher=StorePublisher(messages),
        dead_letters=BrokerDeadLetters(messages, home, settings.broker_url),
        documents=SqliteDocuments(home / "documents.sqlite"),
        locks=FileLocks(home / "locks"),
        models=DirectoryModelStore(),
        model_folder=settings.model_folder or str((home / "models").resolve()),
        clock=make_clock(settings),
        home=home,
    )


def _google(settings: BackendSettings) -> Backend:
    """Google's clients are imported here, so that the embedded backend does not pay for them."""
    from shared.gcp.bigquery_warehouse import BigQueryWarehouse
    from shared.gcp.clients import Clients
    from shared.gcp.cloud_model_store import CloudModelStore
    from shared.gcp.dead_letters import PubSubDeadLetters
    from shared.gcp.firestore_documents import FirestoreDocuments, FirestoreLocks
    from shared.gcp.firestore_runs import FirestoreRunStore
    from shared.gcp.pubsub_publisher import PubSubPublisher

    project = settings.gcp_project_id
    if not project:
        raise Rejected("PROPS_BACKEND=gcp needs GCP_PROJECT_ID")
    clock = make_clock(settings)
    clients = Clients(project, settings.gcp_location, settings.bigquery_storage_grpc_address)
    warehouse = BigQueryWarehouse(clients, settings.max_gib_billed * 2**30)
    publisher = PubSubPublisher(clients)
    generations = settings.generations() if isinstance(settings, ModelSettings) else {}
    return Backend(
        warehouse=warehouse,
        runs=FirestoreRunStore(clients),
        publisher=publisher,
        job_publisher=publisher,
        dead_letters=PubSubDeadLetters(clients, publisher, TOPICS),
        documents=FirestoreDocuments(clients),
        locks=FirestoreLocks(clients),
        models=CloudModelStore(clients, settings.model_cache, generations),
        model_folder=settings.model_folder or f"gs://{project}-models",
        clock=clock,
        home=settings.props_home,
        closing=(warehouse.close, clients.close),
    )
