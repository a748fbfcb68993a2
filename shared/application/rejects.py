"""Messages that can never succeed are kept, never dropped."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa

from shared.application.events import MessageRejected, Observer, log
from shared.errors import Rejected
from shared.ports import Warehouse
from shared.schemas.messages import unwrap
from shared.schemas.predictions import REJECTED_MESSAGES

KEPT_BODY = 64 * 1024
KINDS = (
    "push envelope", "body of more than", "PredictionRequest", "PredictionReady", "RunRequested",
    "feature_version", "features", "context", "recent", "systems", "game_date", "min_minutes",
    "prediction failed", "run",
)  # fmt: skip
"""How the reasons for a refusal begin; a metric counts by them."""


class KeepRejected:
    def __init__(self, warehouse: Warehouse, service: str, observe: Observer = log) -> None:
        self._warehouse = warehouse
        self._service = service
        self._observe = observe

    def __call__(self, body: bytes, reason: str) -> None:
        now, message_id = datetime.now(UTC), _message_id(body)
        row = {
            "rejected_date": now.date(),
            "rejected_at": now,
            "service": self._service,
            "message_id": message_id,
            "reason": reason,
            "body": body[:KEPT_BODY].decode("utf-8", "replace"),
            "body_bytes": len(body),
        }
        schema = REJECTED_MESSAGES.arrow_schema
        self._warehouse.append(REJECTED_MESSAGES, pa.Table.from_pylist([row], schema=schema))
        run_id, player = named(body) or (None, None)
        kind = next((k for k in KINDS if reason.startswith(k)), "other")
        self._observe(MessageRejected(self._service, message_id, kind, reason, run_id, player))


def named(body: bytes) -> tuple[str, str] | None:
    """Run and player of a body, as far as they can be read; the plain decoder reads NaN as well."""
    try:
        plain = json.loads(unwrap(body).payload)
    except (Rejected, ValueError, RecursionError):
        return None
    names = (plain.get("run_id"), plain.get("player_lookup")) if isinstance(plain, dict) else (None, None)
    run_id, player = names
    return (run_id, player) if isinstance(run_id, str) and isinstance(player, str) else None


def _message_id(body: bytes) -> str | None:
    try:
        return unwrap(body).message_id
    except Rejected:
        return None
