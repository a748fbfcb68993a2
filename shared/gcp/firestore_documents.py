"""Small documents and locks in Firestore."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from google.api_core.exceptions import AlreadyExists, FailedPrecondition
from google.api_core.exceptions import NotFound as Absent

from shared.errors import Unavailable
from shared.gcp.clients import Clients
from shared.gcp.failures import translate_errors

KEEP = timedelta(days=400)
EXPIRE = "expire_at"
"""Field that the TTL policy of Firestore reads."""

LOCKS = "locks"
LEASE = timedelta(seconds=60)
SKEW = timedelta(seconds=10)
"""Largest accepted difference between the clocks of two holders."""

POLL_SECONDS = 0.5


class FirestoreDocuments:
    """Stores each field as JSON text, since Firestore does not accept nested arrays."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def get(self, collection: str, document: str) -> dict[str, Any] | None:
        with translate_errors(f"{collection}/{document}"):
            snapshot = self._clients.firestore().collection(collection).document(document).get()
        return _decode_fields(snapshot.to_dict()) if snapshot.exists else None

    def merge(self, collection: str, document: str, fields: Mapping[str, Any]) -> None:
        texts = {name: json.dumps(value) for name, value in fields.items()}
        with translate_errors(f"{collection}/{document}"):
            self._clients.firestore().collection(collection).document(document).set(
                {**texts, EXPIRE: datetime.now(UTC) + KEEP}, merge=True
            )

    def get_all(self, collection: str) -> dict[str, dict[str, Any]]:
        with translate_errors(collection):
            snapshots = self._clients.firestore().collection(collection).get()
        return {d.id: _decode_fields(d.to_dict()) for d in sorted(snapshots, key=lambda d: d.id)}


def _decode_fields(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in sorted(fields.items()) if name != EXPIRE}


class FirestoreLocks:
    """Leases of one minute that their holder renews; the lease of a dead holder expires.

    A holder that could not renew continues nevertheless: the stores themselves prevent double work.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    @contextmanager
    def hold(self, name: str, wait_seconds: float) -> Iterator[None]:
        holder, end = secrets.token_hex(8), time.monotonic() + wait_seconds
        while not self._take(name, holder):
            if time.monotonic() > end:
                raise Unavailable(f"{name}: another process still holds it after {wait_seconds:.0f} s")
            time.sleep(POLL_SECONDS)
        released = threading.Event()
        renewal = threading.Thread(target=self._renew, args=(name, holder, released), daemon=True)
        renewal.start()
        try:
            yield
        finally:
            released.set()
            renewal.join()
            self._release(name, holder)

    def _lock(self, name: str) -> Any:
        return self._clients.firestore().collection(LOCKS).document(name)

    def _take(self, name: str, holder: str) -> bool:
        """Create the lease, or take over one that has expired or is the holder's own."""
        lock, now = self._lock(name), datetime.now(UTC)
        fields = {"holder": holder, "until": now + LEASE, EXPIRE: now + KEEP}
        with translate_errors(f"lock {name}"):
            try:
                lock.create(fields)
                return True
            except AlreadyExists:
                snapshot = lock.get()
            if not snapshot.exists:
                return False
            current = snapshot.to_dict()
            if current["holder"] != holder and current["until"] + SKEW > now:
                return False
            option = self._clients.firestore().write_option(last_update_time=snapshot.update_time)
            try:
                lock.update(fields, option=option)
            except (FailedPrecondition, Absent):
                return False
            return True

    def _renew(self, name: str, holder: str, released: threading.Event) -> None:
        while not released.wait(LEASE.total_seconds() / 3):
            with suppress(Unavailable):
                self._take(name, holder)

    def _release(self, name: str, holder: str) -> None:
        """Delete the holder's lease; it expires by itself if the store is unavailable."""
        with suppress(Unavailable), translate_errors(f"lock {name}"):
            snapshot = self._lock(name).get()
            if snapshot.exists and snapshot.to_dict()["holder"] == holder:
                option = self._clients.firestore().write_option(last_update_time=snapshot.update_time)
                with suppress(FailedPrecondition, Absent):
                    self._lock(name).delete(option=option)
