"""Checks of the services, in real time and not by the product's clock."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.application.operations.doctor import NO_MESSAGES, heartbeat_findings, message_findings
from shared.application.operations.worker_models import WORKER, check_worker_models
from shared.application.runs.lifecycle import DEADLINE
from shared.application.validation.day import Day
from shared.domain.findings import Finding, critical, info, ok, warning
from shared.domain.vocabulary import ACTIVE_STATES, RunState
from shared.errors import Unavailable


def beats(day: Day) -> list[Finding]:
    return heartbeat_findings(day.heartbeats)


def stuck(day: Day) -> list[Finding]:
    now = datetime.now(UTC)
    stuck = [r.run_id for r in day.runs.runs() if r.state in ACTIVE_STATES and now - r.opened_at > DEADLINE]
    if stuck:
        run_ids = ", ".join(stuck)
        return [critical("runs:stuck", f"past their deadline: {run_ids}", "props runs check-stalled")]
    return [ok("runs:stuck", "no run is past its deadline")]


def newest_run(day: Day) -> list[Finding]:
    """Check the state of the last run of the date; a rejected start is not a run."""
    run = next(iter(day.runs.runs(game_date=day.game_date, limit=1)), None)
    if run is None:
        return [_no_run(day)]
    evidence = f"{run.run_id} is {run.state.value}" + (f": {run.note}" if run.note else "")
    if run.state is RunState.FAILED:
        level = warning if day.active else critical
        return [level("run", evidence, day.predict_command())]
    if run.state is RunState.PARTIAL:
        return [warning("run", evidence, day.predict_command())]
    return [info("run", evidence) if run.state in ACTIVE_STATES else ok("run", evidence)]


def _no_run(day: Day) -> Finding:
    if not day.games:
        return info("run", "no games, so there is nothing to predict")
    if day.active:
        return info("run", "rows are active, but the run that made them is no longer stored")
    return info("run", "no run yet", day.predict_command())


def models(day: Day) -> list[Finding]:
    """Compare the models in the worker's memory with the registry."""
    return check_worker_models(day.heartbeats.latest().get(WORKER), day.registry.models(), day.game_date)


def unhandled(day: Day) -> list[Finding]:
    """Report messages of the date that were rejected or dead-lettered and not replayed since."""
    findings = []
    try:
        day.rejected_messages.collect()
    except Unavailable as exc:
        findings.append(warning("messages:dead", f"the dead letters cannot be fetched: {exc}"))
    counts = day.rejected_messages.count_by_topic(day.game_date)
    dead, rejected = (
        {topic: n.waiting for (topic, is_dead), n in counts.items() if is_dead is dead_letters and n.waiting}
        for dead_letters in (True, False)
    )
    findings += message_findings(
        f"dead-lettered by the broker: {_by_topic(dead)}" if dead else None,
        f"rejected by a service: {_by_topic(rejected)}" if rejected else None,
    )
    return findings or [NO_MESSAGES]


def _by_topic(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} of {topic}" for topic, n in sorted(counts.items()))
