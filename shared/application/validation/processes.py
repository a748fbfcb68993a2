"""Checks of the services themselves, in real time whatever the product's clock says."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.application.findings import Finding, critical, info, ok, warning
from shared.application.heartbeats import DEAD, STALE, STOPPED
from shared.application.runs import DEADLINE
from shared.application.validation.day import Day
from shared.ports import ACTIVE_STATES

MOST_HEARTBEATS = 100


def beats(day: Day) -> list[Finding]:
    """Services beat every minute in real time; one that stopped on purpose said so."""
    ages = day.heartbeats.ages(datetime.now(UTC))
    if not ages:
        return [info("heartbeats", "no service has ever run here", "props serve")]
    found = []
    for name, (status, age) in ages.items():
        said = f"{status}, last beat {int(age.total_seconds())} s ago"
        if status == STOPPED:
            found.append(info(f"heartbeat:{name}", said, "props serve"))
        elif age > DEAD:
            found.append(critical(f"heartbeat:{name}", said, "props serve"))
        elif age > STALE:
            found.append(warning(f"heartbeat:{name}", said))
        else:
            found.append(ok(f"heartbeat:{name}", said))
    if len(ages) > MOST_HEARTBEATS:
        found.append(warning("heartbeats", f"{len(ages)} documents, one per service is meant"))
    return found


def stuck(day: Day) -> list[Finding]:
    now = datetime.now(UTC)
    stuck = [r.run_id for r in day.runs.runs() if r.state in ACTIVE_STATES and now - r.opened_at > DEADLINE]
    if stuck:
        named = ", ".join(stuck)
        return [critical("runs:stuck", f"past their deadline: {named}", "props runs check-stalled")]
    return [ok("runs:stuck", "no run is past its deadline")]
