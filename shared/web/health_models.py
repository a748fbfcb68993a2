"""What both services answer of themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.application.operations.readiness import Check
from shared.web.openapi import ResponseModel


class Health(ResponseModel):
    """Which process answers."""

    status: Literal["ok"]
    service: str
    revision: str
    commit: str


class Heartbeat(Health):
    """``instance``: differs from process to process."""

    instance: str
    started_at: datetime
    now: datetime


class Ready(ResponseModel):
    """``checks``: only for a caller who may come in."""

    status: Literal["ready"]
    checks: list[Check] | None = None
