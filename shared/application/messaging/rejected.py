"""Messages that can never succeed are stored, never dropped."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from shared.application.messaging.events import MessageRejected, Observer, log
from shared.errors import Rejected
from shared.observability import tracing
from shared.observability.tracing import Trace
from shared.ports import Warehouse
from shared.schemas.messages import Envelope, unwrap
from shared.schemas.predictions import REJECTED_MESSAGES

MAX_BODY_BYTES = 64 * 1024
KINDS = (
    "push envelope", "body of more than", "PredictionRequest", "PredictionReady", "RunRequested",
    "feature_version", "features", "context", "recent", "systems", "game_date", "min_minutes",
    "reason", "line", "prediction failed", "run",
)  # fmt: skip
"""First words of the reasons for a rejection; a metric counts by them."""


class KeepRejected:
    def __init__(self, warehouse: Warehouse, service: str, observe: Observer = log) -> None:
        self._warehouse, self._service, self._observe = warehouse, service, observe

    def __call__(self, body: bytes, reason: str, topic: str) -> None:
        """Store a message with the reason, under its own trace; ``topic``: where it was published and can be
        published again."""
        with tracing.use(read_trace(body)):
            self._store(body, reason, topic)

    def _store(self, body: bytes, reason: str, topic: str) -> None:
        row = rejected_row(self._service, topic, body, reason)
        cut = row | {"body": body[:MAX_BODY_BYTES].decode("utf-8", "replace")}
        self._warehouse.append(REJECTED_MESSAGES, REJECTED_MESSAGES.from_rows([cut]))
        kind = next((k for k in KINDS if reason.startswith(k)), "other")
        identity = read_player(body)
        player = identity[1] if identity else None
        self._observe(MessageRejected(self._service, row["message_id"], kind, reason, row["run_id"], player))


def rejected_row(service: str, topic: str, body: bytes, reason: str) -> dict[str, Any]:
    """Return a row of ``rejected_messages`` with the current time."""
    now, envelope = datetime.now(UTC), _read_envelope(body)
    message_id = envelope.message_id if envelope else None
    content = envelope.payload if envelope else body
    identity = read_player(body)
    return {
        "rejected_date": now.date(),
        "rejected_at": now,
        "service": service,
        "message_id": message_id,
        "reason": reason,
        "body": body.decode("utf-8", "replace"),
        "body_bytes": len(body),
        "rejected_id": _rejected_id(service, message_id, content),
        "topic": topic,
        "run_id": identity[0] if identity else envelope.attributes.get("run_id") if envelope else None,
    }


def read_player(body: bytes) -> tuple[str, str, int | None] | None:
    """Return run, player spelling and player id of a body, None if unreadable; ``json`` also accepts NaN."""
    try:
        fields = json.loads(unwrap(body).payload)
    except (Rejected, ValueError, RecursionError):
        return None
    names = (fields.get("run_id"), fields.get("player_lookup")) if isinstance(fields, dict) else (None, None)
    run_id, player = (n if isinstance(n, str) and n.isprintable() else None for n in names)
    if not (run_id and player):
        return None
    player_id = fields.get("player_id")
    return run_id, player, player_id if type(player_id) is int else None


def read_trace(body: bytes) -> Trace | None:
    """Return the trace of a body, the current trace if it has none."""
    envelope = _read_envelope(body)
    return tracing.from_message(envelope.attributes) if envelope else tracing.current()


def _read_envelope(body: bytes) -> Envelope | None:
    try:
        return unwrap(body)
    except Rejected:
        return None


def _rejected_id(service: str, message_id: str | None, content: bytes) -> str:
    prefix = f"{service}\n{message_id or ''}\n".encode()
    return hashlib.sha256(prefix + content).hexdigest()[:12]
