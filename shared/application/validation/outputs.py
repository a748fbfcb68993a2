"""Checks of what was predicted, graded and served."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.application.grading.signals import shown
from shared.application.models.health import ModelHealth
from shared.application.operations import remedies
from shared.application.prediction.predict import PREDICTED
from shared.application.runs.batch_checks import HELD
from shared.application.validation.day import Day
from shared.domain.coverage import Level
from shared.domain.findings import Finding, critical, info, ok, warning
from shared.domain.model_health import Health
from shared.domain.signals import ALARM, Signal
from shared.domain.systems.catalog import MODEL_SYSTEMS, SYSTEM_IDS
from shared.domain.systems.similarity import TOO_FEW_SIMILAR_GAMES
from shared.model_registry.unverified import is_unverified
from shared.warehouse.statements import statement

LOOK_BACK = timedelta(days=7)
MODEL_OLD = timedelta(days=31)
KEPT_FRESH = ("catboost_v9", "line_anchored_v1")
"""Systems whose model is meant to be trained again every month."""

UNDEPLOYED = timedelta(days=2)
"""How long a champion may wait until it serves."""


def predictions(day: Day) -> list[Finding]:
    """Rows of each system against the expected players, one active row per key."""
    doubled = day.warehouse.query(
        statement("active_duplicates", first=day.game_date, last=day.game_date)
    ).num_rows
    found = [
        critical("predictions:unique", f"{doubled} keys have more than one active row")
        if doubled
        else ok("predictions:unique", "one active row per key")
    ]
    expected = day.diagnosis.expected
    reasons: dict[str, Counter[str]] | None = None
    for system in SYSTEM_IDS:
        rows = day.active.get(system, {}).get("predictions", 0)
        said = f"{rows} rows for {expected} expected players"
        check = f"predictions:{system}"
        if not day.games or (not day.is_due and rows == 0):
            found.append(info(check, "not due"))
        elif rows == 0:
            reasons = _reasons_of_newest_run(day) if reasons is None else reasons
            found.append(_no_rows(day, check, said, reasons.get(system, Counter())))
        elif system != "similarity_balanced_v1" and rows < 0.8 * expected:
            found.append(warning(check, said, day.predict()))
        else:
            found.append(ok(check, said))
    return found


def _reasons_of_newest_run(day: Day) -> dict[str, Counter[str]]:
    """Return by system how many players of the date's newest run have no prediction of it, by reason."""
    run = next(iter(day.runs.runs(game_date=day.game_date, limit=1)), None)
    outcomes = day.runs.outcomes(run.run_id).values() if run else ()
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        for system, reason in (outcome.systems if outcome else {}).items():
            if reason != PREDICTED:
                counts.setdefault(system, Counter())[reason] += 1
    return counts


def _no_rows(day: Day, check: str, evidence: str, reasons: Counter[str]) -> Finding:
    """Judge a system without a row: critical, unless most players have too few games for its method."""
    if not reasons:
        return critical(check, evidence, day.predict())
    evidence += ": " + ", ".join(f"{reason} ({n})" for reason, n in reasons.most_common())
    if 2 * reasons[TOO_FEW_SIMILAR_GAMES] > reasons.total():
        return info(check, evidence)
    return critical(check, evidence, day.predict())


def held(day: Day) -> list[Finding]:
    """Systems whose newest batch of predictions was held by the checks before activation."""
    rows = day.warehouse.query(statement("held_batches", game_date=day.game_date, mark=HELD)).to_pylist()
    found = []
    for r in rows:
        why = r["reason"].removeprefix(HELD).strip()
        said = (
            f"{r['row_count']} players of run {r['run_id']} have no new row: {why}; put the right model or "
            "features in place before the remedy, or accept the batch with --accept-findings"
        )
        command = day.replace() if r["system_id"] in day.active else day.predict()
        remedy = command and f"{command} --systems {r['system_id']}"
        found.append(critical(f"held:{r['system_id']}", said, remedy))
    return found or [ok("held", "no batch of predictions is held")]


def signal(day: Day) -> list[Finding]:
    rows = day.warehouse.query(statement("signals_of_date", game_date=day.game_date)).to_pylist()
    if not rows:
        return [info("signal", "none: no run of the date has completed with lines")]
    found = []
    for row in map(shown, rows):
        said = f"{row['daily_signal']}: {row['signal_explanation']}"
        check = f"signal:{row['system_id']}"
        off = row["avg_pvl"] is not None and abs(row["avg_pvl"]) > ALARM
        if off:
            said += f"; mean(predicted - line) {row['avg_pvl']:+.2f}, beyond {ALARM} points"
        colourless = row["daily_signal"] == Signal.NO_SIGNAL
        bad = off or row["daily_signal"] == Signal.RED
        model = row["system_id"] in MODEL_SYSTEMS
        judge = warning if bad and model else info if bad or colourless else ok
        found.append(judge(check, said))
    return found


def grading(day: Day) -> list[Finding]:
    """Coverage of the week before; games of the last hours are not late yet."""
    first, last = day.game_date - LOOK_BACK, day.game_date - timedelta(days=1)
    found = []
    for system, of in day.coverage(first, last).items():
        said = f"{of.graded} of {of.due} due rows of {first} to {last} graded"
        check = f"grading:{system}"
        if of.level is Level.NOT_DUE:
            found.append(info(check, f"nothing is due from {first} to {last}"))
        elif of.level is Level.OK:
            found.append(ok(check, said))
        else:
            remedy = f"props grade --start-date {first} --end-date {last}"
            judge = warning if of.level is Level.WARNING else critical
            found.append(judge(check, said, remedy))
    return found


def serving(day: Day) -> list[Finding]:
    """The models behind the active rows against the registry's champions."""
    found = []
    for system in MODEL_SYSTEMS:
        rows, champion = day.active.get(system), day.registry.champion(system)
        check = f"model:{system}"
        if rows is None:
            found.append(info(check, "no active rows"))
        elif rows["models"] > 1:
            found.append(_replaceable(day, check, f"{rows['models']} models behind one date's rows"))
        elif is_unverified(rows["model_id"]):
            said = f"{rows['model_id']} is unverified: its file has no manifest that proves what it is"
            found.append(warning(check, said, remedies.train(system, day.game_date)))
        elif champion is None:
            found.append(info(check, f"serves {rows['model_id']}; the registry names no champion"))
        elif champion["sha256"] != rows["model_sha256"]:
            evidence = f"serves {rows['model_id']}, the champion is {champion['model_id']}"
            found.append(_replaceable(day, check, evidence, champion))
        else:
            found.append(ok(check, f"serves the champion {rows['model_id']}"))
    return found


def _replaceable(day: Day, check: str, evidence: str, champion: Mapping[str, Any] | None = None) -> Finding:
    """A fault of the date's rows: critical while they can be replaced, else a warning without a remedy."""
    command = day.replace()
    if command is None:
        kept = f"{day.begun} of {len(day.games)} games have begun: their rows stay as they were made"
        return warning(check, f"{evidence}; {kept}")
    if champion is not None and _is_passed_over(day, champion):
        command = remedies.with_model(champion["system_id"], champion["path"], command)
    return critical(check, evidence, command)


def model_health(day: Day) -> list[Finding]:
    """How the models behind the active rows did in the week before, and how old they are."""
    found = []
    checkups = ModelHealth(day.warehouse)(day.game_date - timedelta(days=1))
    known = {m["sha256"]: m for m in day.registry.models()}
    for system in MODEL_SYSTEMS:
        rows = day.active.get(system)
        if rows is None:
            continue
        told = checkups[system]
        check, said = f"health:{system}", f"{told.health.value}: {told.why}"
        model = known.get(rows["model_sha256"])
        old = model is not None and day.game_date - model["training_end_date"] > MODEL_OLD
        if told.health is Health.RETRAIN:
            found.append(warning(check, said, remedies.train(system, day.game_date)))
        elif old and model is not None and system in KEPT_FRESH:
            trained = f"trained to {model['training_end_date']}, more than {MODEL_OLD.days} days ago"
            found.append(warning(check, f"{said}; {trained}", remedies.train(system, day.game_date)))
        else:
            found.append(ok(check, said) if told.health is Health.HEALTHY else info(check, said))
    return found


def waiting(day: Day) -> list[Finding]:
    """Champions that have been named for more than two days and still do not serve."""
    late = [
        m
        for m in day.registry.models()
        if m["state"] == "champion"
        and m["state_changed_at"] is not None
        and datetime.now(UTC) - m["state_changed_at"] > UNDEPLOYED
        and day.active.get(m["system_id"], {}).get("model_sha256") not in (None, m["sha256"])
    ]
    if late:
        named = ", ".join(m["model_id"] for m in late)
        return [warning("models:waiting", f"champions that do not serve: {named}", remedies.serve(late[0]))]
    return [ok("models:waiting", "no champion waits to serve")]


def _is_passed_over(day: Day, champion: Mapping[str, Any]) -> bool:
    """Whether a job that is not told which model to use would take another than the champion."""
    newest = day.registry.newest_before(day.game_date).get(champion["system_id"])
    return newest is None or newest["sha256"] != champion["sha256"]
