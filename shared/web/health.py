"""Health routes of both services: identity of the process, readiness, and their response models."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from fastapi.responses import JSONResponse

from shared.application.operations.readiness import Check
from shared.errors import Unavailable
from shared.schemas.messages import Instant
from shared.web.openapi import ResponseModel
from shared.web.problems import PROBLEMS, problem_response


@dataclass
class Identity:
    """Service, revision, commit and instance of this process."""

    service: str
    revision: str = field(default_factory=lambda: os.environ.get("K_REVISION", "local"))
    commit: str = "unknown"
    instance: str = field(default_factory=lambda: secrets.token_hex(4))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def health(self) -> dict[str, str]:
        return {"status": "ok", "service": self.service, "revision": self.revision, "commit": self.commit}

    def heartbeat(self) -> dict[str, Any]:
        started_at, now = self.started_at.isoformat(), datetime.now(UTC).isoformat()
        return {**self.health(), "instance": self.instance, "started_at": started_at, "now": now}


def readiness_response(checks: Sequence[Check], is_authorised: bool) -> JSONResponse:
    """Respond 200 if every check passed, else 503; only an authorised caller sees the checks."""
    failed_checks = [c for c in checks if not c.passed]
    status = "not ready" if failed_checks else "ready"
    checks_field: dict[str, Any] = {"checks": [c.plain() for c in checks]} if is_authorised else {}
    if not failed_checks:
        return JSONResponse({"status": status, **checks_field})
    detail = "; ".join(f"{c.name}: {c.detail}" for c in failed_checks) if is_authorised else status
    return problem_response(503, PROBLEMS[Unavailable].title, detail, **checks_field)


class Health(ResponseModel):
    """Identity of the process that responds."""

    status: Literal["ok"]
    service: str
    revision: str
    commit: str


class Heartbeat(Health):
    """``instance``: unique per process."""

    instance: str
    started_at: Instant
    now: Instant


class Ready(ResponseModel):
    """``checks``: for an authorised caller only."""

    status: Literal["ready"]
    checks: list[Check] | None = None
