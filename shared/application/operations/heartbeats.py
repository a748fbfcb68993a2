"""Heartbeats of services and jobs: one document each, so that a monitor can list them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from shared.errors import Unavailable
from shared.ports import Documents

logger = logging.getLogger("props.heartbeats")
COLLECTION = "processor_heartbeats"
BEAT_SECONDS = 60.0
STALE, DEAD = timedelta(minutes=5), timedelta(minutes=15)
RUNNING, STOPPED = "running", "stopped"


class Heartbeats:
    """Stores heartbeats with real time, independent of the product's clock: they show live processes."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def beat(self, name: str, fields: Mapping[str, Any], status: str = RUNNING) -> None:
        """Record that ``name`` is running, or has stopped on purpose."""
        now = datetime.now(UTC).isoformat()
        self._documents.merge(COLLECTION, name, {**fields, "status": status, "last_heartbeat": now})

    def latest(self) -> dict[str, dict[str, Any]]:
        """Return the fields of every process's last beat, by name."""
        return self._documents.get_all(COLLECTION)

    def ages(self, now: datetime) -> dict[str, tuple[str, timedelta]]:
        """Return status and age of every heartbeat, by name."""
        return {
            name: (str(d["status"]), now - datetime.fromisoformat(d["last_heartbeat"]))
            for name, d in self.latest().items()
        }


class HeartbeatSender:
    """Context manager: a thread sends heartbeats, and a final beat records that the process stopped.

    If the store is unavailable, the beat is skipped; the monitor notices the missing beats.
    """

    def __init__(
        self, heartbeats: Heartbeats, name: str, fields: Mapping[str, Any], seconds: float = BEAT_SECONDS
    ) -> None:
        self._heartbeats, self._name, self._fields, self._seconds = heartbeats, name, fields, seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        self._beat(RUNNING)
        while not self._stopped.wait(self._seconds):
            self._beat(RUNNING)
        self._beat(STOPPED)

    def _beat(self, status: str) -> None:
        try:
            self._heartbeats.beat(self._name, self._fields, status)
        except Unavailable as exc:
            logger.warning("no heartbeat: %s", exc)
        except Exception:
            logger.exception("unexpected error in a heartbeat")
