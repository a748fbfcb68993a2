"""Checks of what was predicted, graded and served."""

from __future__ import annotations

from datetime import timedelta

from shared.application.findings import Finding, critical, info, ok, warning
from shared.application.validation.day import Day
from shared.domain.coverage import Level
from shared.domain.signals import ALARM
from shared.domain.systems.catalog import MODEL_SYSTEMS, SYSTEM_IDS
from shared.warehouse.statements import statement

LOOK_BACK = timedelta(days=7)


def predictions(day: Day) -> list[Finding]:
    """Rows of each system against the expected players, one active row per key."""
    doubled = day.warehouse.query(statement("active_duplicates", game_date=day.game_date)).num_rows
    found = [
        critical("predictions:unique", f"{doubled} keys have more than one active row")
        if doubled
        else ok("predictions:unique", "one active row per key")
    ]
    expected = day.diagnosis.expected
    for system in SYSTEM_IDS:
        rows = day.active.get(system, {}).get("predictions", 0)
        said = f"{rows} rows for {expected} expected players"
        check = f"predictions:{system}"
        if not day.games or (not day.is_due and rows == 0):
            found.append(info(check, "not due"))
        elif rows == 0:
            found.append(critical(check, said, day.regenerate(force=False)))
        elif system != "similarity_balanced_v1" and rows < 0.8 * expected:
            found.append(warning(check, said, day.regenerate(force=False)))
        else:
            found.append(ok(check, said))
    return found


def signal(day: Day) -> list[Finding]:
    rows = day.warehouse.query(statement("signals_of_date", game_date=day.game_date)).to_pylist()
    if not rows:
        return [info("signal", "none: no run of the date has completed with lines")]
    found = []
    for row in rows:
        said = f"{row['daily_signal']}: {row['signal_explanation']}"
        check = f"signal:{row['system_id']}"
        off = row["avg_pvl"] is not None and abs(row["avg_pvl"]) > ALARM
        if off:
            said += f"; mean(predicted - line) {row['avg_pvl']:+.2f}, beyond {ALARM} points"
        model = row["system_id"] in MODEL_SYSTEMS
        bad = off or row["daily_signal"] == "RED"
        judge = warning if bad and model else info if bad else ok
        found.append(judge(check, said))
    return found


def grading(day: Day) -> list[Finding]:
    """Coverage of the week before; games of the last hours are not late yet."""
    last = day.game_date - timedelta(days=1)
    found = []
    for system, of in day.coverage(day.game_date - LOOK_BACK, last).items():
        said = f"{of.graded} of {of.due} due rows graded"
        check = f"grading:{system}"
        if of.level is Level.NOT_DUE:
            found.append(info(check, "nothing is due"))
        elif of.level is Level.OK:
            found.append(ok(check, said))
        else:
            remedy = f"props grade --start-date {day.game_date - LOOK_BACK} --end-date {last}"
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
            found.append(critical(check, f"{rows['models']} models behind one date's rows", day.regenerate()))
        elif champion is None:
            found.append(info(check, f"serves {rows['model_id']}; the registry names no champion"))
        elif champion["sha256"] != rows["model_sha256"]:
            evidence = f"serves {rows['model_id']}, the champion is {champion['model_id']}"
            found.append(critical(check, evidence, day.regenerate()))
        else:
            found.append(ok(check, f"serves the champion {rows['model_id']}"))
    return found
