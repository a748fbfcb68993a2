"""Checks of the services themselves, in real time whatever the product's clock says."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.application.doctor import heartbeats
from shared.application.findings import Finding, critical, ok, warning
from shared.application.runs import DEADLINE
from shared.application.validation.day import Day
from shared.errors import Unavailable
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


def unhandled(day: Day) -> list[Finding]:
    """Messages of the date that a service refused or the broker gave up, without those replayed since."""
    found = []
    try:
        day.kept.collect()
    except Unavailable as exc:
        found.append(warning("messages:dead", f"the dead letters cannot be fetched: {exc}"))
    counts = day.kept.counts(day.game_date)
    dead, refused = (
        {topic: n.waiting for (topic, is_dead), n in counts.items() if is_dead is kind and n.waiting}
        for kind in (True, False)
    )
    if dead:
        found.append(
            critical(
                "messages:dead",
                f"given up by the broker: {_by_topic(dead)}",
                "props deadletters replay --all",
            )
        )
    if refused:
        found.append(
            warning(
                "messages:rejected", f"refused by a service: {_by_topic(refused)}", "props deadletters list"
            )
        )
    return found or [ok("messages", "none was refused or given up, or all were replayed")]


def _by_topic(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} of {topic}" for topic, n in sorted(counts.items()))
