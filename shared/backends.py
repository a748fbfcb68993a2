"""From settings to one set of adapters."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.embedded.clock import FixedClock, SystemClock, parse_now
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.embedded.publisher import BrokerPublisher
from shared.embedded.run_store import SqliteRunStore
from shared.errors import Unavailable
from shared.ports import Clock, ModelStore, Publisher, RunStore, Warehouse


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

    build_commit: str = "unknown"
    """Commit of the code that runs, stored with every prediction."""


@dataclass(frozen=True)
class Backend:
    warehouse: Warehouse
    runs: RunStore
    publisher: Publisher
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
    return Backend(
        warehouse=DuckDbWarehouse(home / "warehouse.duckdb"),
        runs=SqliteRunStore(home / "runs.sqlite"),
        publisher=BrokerPublisher(settings.broker_url),
        models=DirectoryModelStore(),
        clock=clock,
        home=home,
    )
