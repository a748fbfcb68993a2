"""Builds the adapters of the configured backend from the settings."""

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
from shared.ports import (
    Clock,
    DeadLetters,
    Documents,
    Locks,
    ModelStore,
    Publisher,
    RawStore,
    RunStore,
    Warehouse,
)


class BackendSettings(BaseSettings):
    """Environment settings that every program reads."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    props_backend: Literal["embedded", "gcp"] = "embedded"
    """Backend that stores the state: ``embedded`` on this machine, ``gcp`` in Google Cloud."""

    props_home: Path = Path(".props")
    """Folder of the embedded backend's state."""

    props_now: str | None = None
    """ISO 8601 instant at which the product's clock is fixed; unset is the machine's clock. Embedded backend
    only."""

    gcp_project_id: str | None = None
    """Google Cloud project that owns tables, topics and documents; required for the ``gcp`` backend."""

    gcp_location: str = "us-west2"
    """Location of the BigQuery datasets."""

    warehouse_wait_seconds: float = Field(default=5.0, ge=0.0, le=60.0)
    """Seconds that the embedded warehouse waits for another program that has its file open, such as a
    notebook."""

    model_folder: str | None = None
    """Destination of trained bundles: a folder, or on ``gcp`` a ``gs://bucket/prefix``. Unset: ``models``
    below PROPS_HOME, or ``gs://PROJECT-models``."""

    raw_bucket: str | None = None
    """Bucket of the raw responses of feeds on ``gcp``; unset is PROJECT-props-raw. The embedded backend keeps
    them in ``raw`` below PROPS_HOME."""

    model_cache: Path = Path(tempfile.gettempdir()) / "props-model-cache"
    """Cache folder of model files from Cloud Storage, by content hash."""

    max_gib_billed: int = 20
    """Limit in GiB: a BigQuery statement that would scan more is refused before it costs anything."""

    bigquery_storage_grpc_address: str | None = None
    """host:port of an emulator's BigQuery Storage API; unset is Google's."""

    broker_url: str = "http://127.0.0.1:8082"
    """URL of the embedded push broker."""

    build_commit: str = "unknown"
    """Commit of the running code, stored with every prediction."""


def path_variable(system_id: str) -> str:
    """Return the environment variable for the model path of a system."""
    return f"{system_id.upper()}_MODEL_PATH"


class ModelSettings(BackendSettings):
    """Models that a program runs, each by exact path, never by pattern."""

    catboost_v9_model_path: str | None = None
    """Path of the V9 bundle's ``.cbm``; unset disables the system."""

    catboost_v9_2026_02_model_path: str | None = None
    """Path of the monthly V9 bundle; unset disables the system."""

    catboost_v8_model_path: str | None = None
    """Path of the V8 bundle; unset disables the system."""

    line_anchored_v1_model_path: str | None = None
    """Path of the bundle behind the anchored line; unset disables the system."""

    shadow_model_paths: str | None = None
    """Comma-separated paths of bundles that run in shadow; their manifests name the system."""

    model_sha256: str | None = None
    """Required hash of the V9 model; unset accepts the hash in its manifest."""

    model_generation: int | None = None
    """Generation of the V9 model's object in Cloud Storage; unset uses the newest."""

    def model_paths(self) -> dict[str, str]:
        """Return the model path of each configured system."""
        paths = {system: getattr(self, path_variable(system).lower()) for system in MODEL_SYSTEMS}
        return {system: path for system, path in paths.items() if path}

    def shadow_paths(self) -> list[str]:
        return [p.strip() for p in (self.shadow_model_paths or "").split(",") if p.strip()]

    def generations(self) -> dict[str, int]:
        """Return the pinned generation by path."""
        if self.catboost_v9_model_path is None or self.model_generation is None:
            return {}
        return {self.catboost_v9_model_path: self.model_generation}

    def expected_sha256(self) -> dict[str, str]:
        """Return the required model hash by system, where one is set."""
        return {"catboost_v9": self.model_sha256} if self.model_sha256 else {}


@dataclass(frozen=True)
class Backend:
    """``publisher`` is for services, ``job_publisher`` for jobs, which also run without the services.

    ``model_folder`` is the destination of trained bundles: a folder, or a ``gs://`` prefix.
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
    raw: RawStore
    clock: Clock
    home: Path
    closing: tuple[Callable[[], None], ...] = ()

    def close(self) -> None:
        """Flush and close the open adapters, in the order of the data flow."""
        for close in self.closing:
            close()


def make_clock(settings: BackendSettings) -> Clock:
    """Return the clock of a backend without opening it; ``Rejected`` for a fixed clock on ``gcp``."""
    if not settings.props_now:
        return SystemClock()
    if settings.props_backend == "gcp":
        raise Rejected(f"PROPS_NOW={settings.props_now}: the clock cannot be fixed where PROPS_BACKEND=gcp")
    return FixedClock(parse_now(settings.props_now))


def connect(settings: BackendSettings) -> Backend:
    """Build the adapters of a backend; ``Unavailable`` if its state folder cannot be written, ``Rejected``
    for contradictory settings."""
    return _google(settings) if settings.props_backend == "gcp" else _embedded(settings)


def _embedded(settings: BackendSettings) -> Backend:
    """Build the embedded adapters; imported here, so that ``gcp`` does not load them."""
    from shared.embedded.broker.store import MessageStore
    from shared.embedded.dead_letters import BrokerDeadLetters
    from shared.embedded.documents import SqliteDocuments
    from shared.embedded.duckdb_warehouse import DuckDbWarehouse
    from shared.embedded.locks import FileLocks
    from shared.embedded.model_store import DirectoryModelStore
    from shared.embedded.publisher import BrokerPublisher, StorePublisher
    from shared.embedded.raw_store import DirectoryRawStore
    from shared.embedded.run_store import SqliteRunStore

    home = settings.props_home
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise Unavailable(f"PROPS_HOME {home}: cannot be created ({exc.strerror})") from exc
    if not os.access(home, os.W_OK):
        raise Unavailable(f"PROPS_HOME {home}: is not writable")
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
        raw=DirectoryRawStore(home / "raw"),
        clock=make_clock(settings),
        home=home,
    )


def _google(settings: BackendSettings) -> Backend:
    """Build the Google Cloud adapters; imported here, so that ``embedded`` does not load them."""
    from shared.gcp.bigquery_warehouse import BigQueryWarehouse
    from shared.gcp.clients import Clients
    from shared.gcp.cloud_model_store import CloudModelStore
    from shared.gcp.cloud_raw_store import CloudRawStore
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
        raw=CloudRawStore(clients, settings.raw_bucket or f"{project}-props-raw"),
        clock=clock,
        home=settings.props_home,
        closing=(warehouse.close, clients.close),
    )
