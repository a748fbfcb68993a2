"""Checks of the services themselves, in real time whatever the product's clock says."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.application.operations.doctor import heartbeat_findings
from shared.application.operations.worker_models import WORKER, check_worker_models
from shared.application.runs.lifecycle import DEADLINE
from shared.application.validation.day import Day
from shared.domain.findings import Finding, critical, info, ok, warning
from shared.errors import Unavailable
from shared.ports import ACTIVE_STATES, RunState


def beats(day: Day) -> list[Finding]:
    return heartbeat_findings(day.heartbeats)


def stuck(day: Day) -> list[Finding]:
    now = datetime.now(UTC)
    stuck = [r.run_id for r in day.runs.runs() if r.state in ACTIVE_STATES and now - r.opened_at > DEADLINE]
    if stuck:
        named = ", ".join(stuck)
        return [critical("runs:stuck", f"past their deadline: {named}", "props runs check-stalled")]
    return [ok("runs:stuck", "no run is past its deadline")]


def newest_run(day: Day) -> list[Finding]:
    """How the last run of the date ended; a start that was refused is no run."""
    run = next(iter(day.runs.runs(game_date=day.game_date, limit=1)), None)
    if run is None:
        return [_no_run(day)]
    said = f"{run.run_id} is {run.state.value}" + (f": {run.note}" if run.note else "")
    if run.state is RunState.FAILED:
        judge = warning if day.active else critical
        return [judge("run", said, day.predict())]
    if run.state is RunState.PARTIAL:
        return [warning("run", said, day.predict())]
    return [info("run", said) if run.state in ACTIVE_STATES else ok("run", said)]


def _no_run(day: Day) -> Finding:
    if not day.games:
        return info("run", "no games, so there is nothing to predict")
    if day.active:
        return info("run", "rows are active, and the run that made them is no longer kept")
    return info("run", "no run yet", day.predict())


def models(day: Day) -> list[Finding]:
    """What the worker has in memory against what should be there."""
    return check_worker_models(day.heartbeats.latest().get(WORKER), day.registry.models(), day.game_date)


def unhandled(day: Day) -> list[Finding]:
    """Messages of the date that a service refused or the broker gave up, without those replayed since."""
    found = []
    try:
        day.kept.collect()
    except Unavailable as exc:
        found.append(warning("messages:dead", f"the dead letters cannot be fetched: {exc}"))
    counts = day.kept.count_by_topic(day.game_date)
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
