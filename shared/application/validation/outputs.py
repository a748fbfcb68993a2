"""Checks of predictions, grades and live models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.application.grading.signals import displayed_signal
from shared.application.models.health import ModelHealth
from shared.application.models.registry import State
from shared.application.operations import remedies
from shared.application.runs.batch_checks import HELD
from shared.application.runs.expected_players import count_by_system
from shared.application.validation.day import Day
from shared.domain.coverage import Level
from shared.domain.findings import Finding, critical, info, ok, warning
from shared.domain.model_health import Health
from shared.domain.signals import ALARM, Signal
from shared.domain.systems.catalog import MODEL_SYSTEMS, SYSTEM_IDS
from shared.domain.systems.similarity import TOO_FEW_SIMILAR_GAMES
from shared.domain.vocabulary import OutcomeKind
from shared.model_registry.unverified import is_unverified
from shared.warehouse.statements import query_rows, statement

GRADING_SPAN = timedelta(days=7)
MAX_MODEL_AGE = timedelta(days=31)
RETRAINED_MONTHLY = ("catboost_v9", "line_anchored_v1")
"""Systems whose model should be retrained every month."""

MAX_WAIT = timedelta(days=2)
"""How long a champion may wait until the worker serves it."""


def predictions(day: Day) -> list[Finding]:
    """Compare the rows of each system with the expected players; check for one active row per key."""
    duplicates = day.warehouse.query(
        statement("active_duplicates", first=day.game_date, last=day.game_date)
    ).num_rows
    findings = [
        critical("predictions:unique", f"{duplicates} keys have more than one active row")
        if duplicates
        else ok("predictions:unique", "one active row per key")
    ]
    expected = day.diagnosis.expected
    reasons: dict[str, Counter[str]] | None = None
    for system in SYSTEM_IDS:
        rows = day.active.get(system, {}).get("predictions", 0)
        evidence = f"{rows} rows for {expected} expected players"
        check = f"predictions:{system}"
        if not day.games or (not day.is_due and rows == 0):
            findings.append(info(check, "not due"))
        elif rows == 0:
            reasons = _reasons_of_newest_run(day) if reasons is None else reasons
            findings.append(_no_rows(day, check, evidence, reasons.get(system, Counter())))
        elif system != "similarity_balanced_v1" and rows < 0.8 * expected:
            findings.append(warning(check, evidence, day.predict_command()))
        else:
            findings.append(ok(check, evidence))
    return findings


def _reasons_of_newest_run(day: Day) -> dict[str, Counter[str]]:
    """Count, by system and reason, the players of the date's newest run without a prediction."""
    run = next(iter(day.runs.runs(game_date=day.game_date, limit=1)), None)
    counts = count_by_system(day.runs.outcomes(run.run_id).values() if run else ())
    for reasons in counts.values():
        del reasons[OutcomeKind.PREDICTED]
    return counts


def _no_rows(day: Day, check: str, evidence: str, reasons: Counter[str]) -> Finding:
    """Report a system without a row: critical, unless most players have too few games for its method."""
    if not reasons:
        return critical(check, evidence, day.predict_command())
    evidence += ": " + ", ".join(f"{reason} ({n})" for reason, n in reasons.most_common())
    if 2 * reasons[TOO_FEW_SIMILAR_GAMES] > reasons.total():
        return info(check, evidence)
    return critical(check, evidence, day.predict_command())


def held(day: Day) -> list[Finding]:
    """Report systems whose newest batch was held by the checks before activation."""
    rows = query_rows(day.warehouse, "held_batches", game_date=day.game_date, mark=HELD)
    findings = []
    for r in rows:
        why = r["reason"].removeprefix(HELD).strip()
        evidence = (
            f"{r['row_count']} players of run {r['run_id']} have no new row: {why}; fix the model or "
            "the features before the remedy, or accept the batch with --accept-findings"
        )
        command = day.replace_command() if r["system_id"] in day.active else day.predict_command()
        remedy = command and f"{command} --systems {r['system_id']}"
        findings.append(critical(f"held:{r['system_id']}", evidence, remedy))
    return findings or [ok("held", "no batch of predictions is held")]


def signal(day: Day) -> list[Finding]:
    rows = query_rows(day.warehouse, "signals_of_date", game_date=day.game_date)
    if not rows:
        return [info("signal", "none: no run of the date has completed with lines")]
    findings = []
    for row in map(displayed_signal, rows):
        evidence = f"{row['daily_signal']}: {row['signal_explanation']}"
        check = f"signal:{row['system_id']}"
        biased = row["avg_pvl"] is not None and abs(row["avg_pvl"]) > ALARM
        if biased:
            evidence += f"; mean(predicted - line) {row['avg_pvl']:+.2f}, beyond {ALARM} points"
        without_colour = row["daily_signal"] == Signal.NO_SIGNAL
        alarming = biased or row["daily_signal"] == Signal.RED
        model = row["system_id"] in MODEL_SYSTEMS
        level = warning if alarming and model else info if alarming or without_colour else ok
        findings.append(level(check, evidence))
    return findings


def grading(day: Day) -> list[Finding]:
    """Check the grading coverage of the previous week; the game date itself is not due yet."""
    first, last = day.game_date - GRADING_SPAN, day.game_date - timedelta(days=1)
    findings = []
    for system, coverage in day.coverage(first, last).items():
        evidence = f"{coverage.graded} of {coverage.due} due rows of {first} to {last} graded"
        check = f"grading:{system}"
        if coverage.level is Level.NOT_DUE:
            findings.append(info(check, f"nothing is due from {first} to {last}"))
        elif coverage.level is Level.OK:
            findings.append(ok(check, evidence))
        else:
            remedy = f"props grade --start-date {first} --end-date {last}"
            level = warning if coverage.level is Level.WARNING else critical
            findings.append(level(check, evidence, remedy))
    return findings


def serving(day: Day) -> list[Finding]:
    """Compare the models behind the active rows with the registry's champions."""
    findings = []
    for system in MODEL_SYSTEMS:
        rows, champion = day.active.get(system), day.registry.champion(system)
        check = f"model:{system}"
        if rows is None:
            findings.append(info(check, "no active rows"))
        elif rows["models"] > 1:
            findings.append(_replaceable(day, check, f"{rows['models']} models behind one date's rows"))
        elif is_unverified(rows["model_id"]):
            evidence = f"{rows['model_id']} is unverified: its file has no manifest"
            findings.append(warning(check, evidence, remedies.train(system, day.game_date)))
        elif champion is None:
            findings.append(info(check, f"serves {rows['model_id']}; the registry names no champion"))
        elif champion["sha256"] != rows["model_sha256"]:
            evidence = f"serves {rows['model_id']}, the champion is {champion['model_id']}"
            findings.append(_replaceable(day, check, evidence, champion))
        else:
            findings.append(ok(check, f"serves the champion {rows['model_id']}"))
    return findings


def _replaceable(day: Day, check: str, evidence: str, champion: Mapping[str, Any] | None = None) -> Finding:
    """Report wrong rows of the date: critical while they can be replaced, else a warning without a remedy."""
    command = day.replace_command()
    if command is None:
        reason = f"{day.started_games} of {len(day.games)} games have started: their rows cannot be replaced"
        return warning(check, f"{evidence}; {reason}")
    if champion is not None and _default_is_other_model(day, champion):
        command = remedies.with_model(champion["system_id"], champion["path"], command)
    return critical(check, evidence, command)


def model_health(day: Day) -> list[Finding]:
    """Check the last week's health of the models behind the active rows, and their age."""
    findings = []
    checkups = ModelHealth(day.warehouse)(day.game_date - timedelta(days=1))
    models = {m["sha256"]: m for m in day.registry.models()}
    for system in MODEL_SYSTEMS:
        rows = day.active.get(system)
        if rows is None:
            continue
        checkup = checkups[system]
        check, evidence = f"health:{system}", f"{checkup.health.value}: {checkup.why}"
        model = models.get(rows["model_sha256"])
        is_old = model is not None and day.game_date - model["training_end_date"] > MAX_MODEL_AGE
        if checkup.health is Health.RETRAIN:
            findings.append(warning(check, evidence, remedies.train(system, day.game_date)))
        elif is_old and model is not None and system in RETRAINED_MONTHLY:
            trained = f"trained to {model['training_end_date']}, more than {MAX_MODEL_AGE.days} days ago"
            findings.append(warning(check, f"{evidence}; {trained}", remedies.train(system, day.game_date)))
        else:
            level = ok if checkup.health is Health.HEALTHY else info
            findings.append(level(check, evidence))
    return findings


def waiting(day: Day) -> list[Finding]:
    """Report champions that the worker does not serve more than two days after their promotion."""
    late = [
        m
        for m in day.registry.models()
        if m["state"] == State.CHAMPION
        and m["state_changed_at"] is not None
        and datetime.now(UTC) - m["state_changed_at"] > MAX_WAIT
        and day.active.get(m["system_id"], {}).get("model_sha256") not in (None, m["sha256"])
    ]
    if late:
        named = ", ".join(m["model_id"] for m in late)
        return [warning("models:waiting", f"champions that are not served: {named}", remedies.serve(late[0]))]
    return [ok("models:waiting", "no champion has waited longer than two days to be served")]


def _default_is_other_model(day: Day, champion: Mapping[str, Any]) -> bool:
    """Whether a job without an explicit model would use a model other than the champion."""
    newest = day.registry.newest_before(day.game_date).get(champion["system_id"])
    return newest is None or newest["sha256"] != champion["sha256"]
