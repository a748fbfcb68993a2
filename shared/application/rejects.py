"""Messages that can never succeed are kept, never dropped."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa

from shared.errors import Rejected
from shared.ports import Warehouse
from shared.schemas.messages import unwrap
from shared.schemas.predictions import REJECTED_MESSAGES

KEPT_BODY = 64 * 1024


class KeepRejected:
    def __init__(self, warehouse: Warehouse, service: str) -> None:
        self._warehouse = warehouse
        self._service = service

    def __call__(self, body: bytes, reason: str) -> None:
        now = datetime.now(UTC)
        row = {
            "rejected_date": now.date(),
            "rejected_at": now,
            "service": self._service,
            "message_id": _message_id(body),
            "reason": reason,
            "body": body[:KEPT_BODY].decode("utf-8", "replace"),
            "body_bytes": len(body),
        }
        schema = REJECTED_MESSAGES.arrow_schema
        self._warehouse.append(REJECTED_MESSAGES, pa.Table.from_pylist([row], schema=schema))


def _message_id(body: bytes) -> str | None:
    try:
        return unwrap(body)[0]
    except Rejected:
        return None
