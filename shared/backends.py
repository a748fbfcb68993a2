"""From settings to one set of adapters."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.embedded.broker.store import MessageStore
from shared.embedded.clock import FixedClock, SystemClock, parse_now
from shared.embedded.dead_letters import BrokerDeadLetters
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.locks import FileLocks
from shared.embedded.model_store import DirectoryModelStore
from shared.embedded.publisher import BrokerPublisher, StorePublisher
from shared.embedded.run_store import SqliteRunStore
from shared.errors import Unavailable
from shared.ports import Clock, DeadLetters, Documents, Locks, ModelStore, Publisher, RunStore, Warehouse


class BackendSettings(BaseSettings):
    """What every program reads of its environment."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    props_backend: Literal["embedded"] = "embedded"
    """Where state lives; ``embedded`` needs nothing but this machine."""

    props_home: Path = Path(".props")
    """Folder of the embedded backend's state."""

    props_now: str | None = None
    """ISO 8601 instant at which the product's clock stands still; unset is the machine's clock."""

    broker_url: str = "http://127.0.0.1:8082"
    """The embedded push broker."""

    gcp_project_id: str | None = None
    """Google Cloud project; log lines name traces under it."""

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

    def model_paths(self) -> dict[str, str]:
        """Path by system, for the systems that are configured."""
        paths = {system: getattr(self, path_variable(system).lower()) for system in MODEL_SYSTEMS}
        return {system: path for system, path in paths.items() if path}

    def shadow_paths(self) -> list[str]:
        return [p.strip() for p in (self.shadow_model_paths or "").split(",") if p.strip()]

    def wanted_sha256(self) -> dict[str, str]:
        """The hash that a system's model must have, where one is set."""
        return {"catboost_v9": self.model_sha256} if self.model_sha256 else {}


@dataclass(frozen=True)
class Backend:
    """``publisher`` is for services; ``job_publisher`` for jobs, which run whether services do or not."""

    warehouse: Warehouse
    runs: RunStore
    publisher: Publisher
    job_publisher: Publisher
    dead_letters: DeadLetters
    documents: Documents
    locks: Locks
    models: ModelStore
    clock: Clock
    home: Path


def connect(settings: BackendSettings) -> Backend:
    """The adapters of a backend; ``Unavailable`` where its state folder cannot be written."""
    home = settings.props_home
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise Unavailable(f"PROPS_HOME {home}: cannot be made ({exc.strerror})") from exc
    if not os.access(home, os.W_OK):
        raise Unavailable(f"PROPS_HOME {home}: cannot be written")
    clock = FixedClock(parse_now(settings.props_now)) if settings.props_now else SystemClock()
    messages = MessageStore(home / "broker.sqlite")
    return Backend(
        warehouse=DuckDbWarehouse(home / "warehouse.duckdb"),
        runs=SqliteRunStore(home / "runs.sqlite"),
        publisher=BrokerPublisher(settings.broker_url),
        job_publisher=StorePublisher(messages),
        dead_letters=BrokerDeadLetters(messages, home, settings.broker_url),
        documents=SqliteDocuments(home / "documents.sqlite"),
        locks=FileLocks(home / "locks"),
        models=DirectoryModelStore(),
        clock=clock,
        home=home,
    )
