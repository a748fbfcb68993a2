"""Response models of the health routes of both services."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from shared.application.operations.readiness import Check
from shared.web.openapi import ResponseModel


class Health(ResponseModel):
    """Identity of the process that responds."""

    status: Literal["ok"]
    service: str
    revision: str
    commit: str


class Heartbeat(Health):
    """``instance``: unique per process."""

    instance: str
    started_at: datetime
    now: datetime


class Ready(ResponseModel):
    """``checks``: for an authorised caller only."""

    status: Literal["ready"]
    checks: list[Check] | None = None
