"""Checks of the services themselves, in real time whatever the product's clock says."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.application.doctor import heartbeats
from shared.application.findings import Finding, critical, ok
from shared.application.runs import DEADLINE
from shared.application.validation.day import Day
from shared.ports import ACTIVE_STATES


def beats(day: Day) -> list[Finding]:
    return heartbeats(day.heartbeats)


def stuck(day: Day) -> list[Finding]:
    now = datetime.now(UTC)
    stuck = [r.run_id for r in day.runs.runs() if r.state in ACTIVE_STATES and now - r.opened_at > DEADLINE]
    if stuck:
        named = ", ".join(stuck)
        return [critical("runs:stuck", f"past their deadline: {named}", "props runs check-stalled")]
    return [ok("runs:stuck", "no run is past its deadline")]
