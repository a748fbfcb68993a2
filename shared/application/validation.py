"""The daily validation: is this game date, and the one before, as it should be by now?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.application.coverage import GradingCoverage
from shared.application.drift import feature_drift
from shared.application.findings import Finding, critical, info, ok, warning
from shared.application.heartbeats import DEAD, STALE, STOPPED, Heartbeats
from shared.application.mlfs import Diagnosis, MlfsDoctor
from shared.application.registry import Registry
from shared.application.runs import DEADLINE
from shared.domain.coverage import Level
from shared.domain.mlfs import Verdict
from shared.domain.signals import ALARM
from shared.domain.systems.catalog import MODEL_SYSTEMS, SYSTEM_IDS
from shared.ports import ACTIVE_STATES, Clock, Documents, ModelStore, RunStore, Warehouse
from shared.warehouse.schedule import games_between, refresh_game_status
from shared.warehouse.statements import statement

FINAL = 3
GAME_LATE = timedelta(hours=6)
"""After its tip-off a game that is not final is late."""

PREDICTIONS_DUE = timedelta(hours=2)
"""Predictions are due this long before the first tip-off; quotes and injury reports likewise."""

QUOTE_LIMIT, REPORT_LIMIT = timedelta(hours=24), timedelta(hours=24)
BOX_SCORE_LAG = timedelta(hours=12)
"""Box scores are due this long after a game's tip-off."""

LOOK_BACK = timedelta(days=7)
MINUTES_OK, MINUTES_CRITICAL = 0.90, 0.80
MOST_HEARTBEATS = 100


@dataclass(frozen=True)
class Day:
    """What every check reads: the date, the product's now, its games and those of the day before."""

    game_date: date
    now: datetime
    games: list[dict[str, Any]]
    before: list[dict[str, Any]]
    diagnosis: Diagnosis
    active: dict[str, dict[str, Any]]

    @property
    def first_tipoff(self) -> datetime | None:
        return min((g["game_start_utc"] for g in self.games if g["game_start_utc"]), default=None)

    @property
    def is_due(self) -> bool:
        """Whether inputs and predictions of the date should be there by now."""
        if not self.games:
            return False
        if self.first_tipoff is None:
            return self.now.date() > self.game_date
        return self.now >= self.first_tipoff - PREDICTIONS_DUE


class ValidateDaily:
    """Every check says something, also that all is well; each finding names the command that mends it."""

    def __init__(
        self,
        warehouse: Warehouse,
        runs: RunStore,
        documents: Documents,
        models: ModelStore,
        clock: Clock,
    ) -> None:
        self._warehouse, self._runs, self._models, self._clock = warehouse, runs, models, clock
        self._doctor = MlfsDoctor(warehouse, clock, documents)
        self._coverage = GradingCoverage(warehouse, clock)
        self._heartbeats = Heartbeats(documents)
        self._registry = Registry(warehouse)

    def __call__(
        self, game_date: date, progress: Callable[[str, int, int], None] = lambda *_: None
    ) -> list[Finding]:
        day = self._read(game_date)
        checks: tuple[Callable[[Day], list[Finding]], ...] = (
            _schedule,
            self._freshness,
            self._box_scores,
            _features,
            self._served,
            self._drift,
            self._predictions,
            self._signal,
            self._grading,
            self._beats,
            self._stuck,
            self._serving,
        )
        findings: list[Finding] = []
        for i, check in enumerate(checks, 1):
            findings += check(day)
            progress("checks", i, len(checks))
        return findings

    def _read(self, game_date: date) -> Day:
        now, before = self._clock.now(), game_date - timedelta(days=1)
        refresh_game_status(self._warehouse, now, before, game_date)
        active = self._warehouse.query(statement("active_by_system", game_date=game_date)).to_pylist()
        return Day(
            game_date,
            now,
            games_between(self._warehouse, game_date, game_date).to_pylist(),
            games_between(self._warehouse, before, before).to_pylist(),
            self._doctor(game_date, game_date)[game_date],
            {row["system_id"]: row for row in active},
        )

    def _freshness(self, day: Day) -> list[Finding]:
        """Every input table against its limit."""
        since = day.game_date - timedelta(days=30)
        asked = statement("freshness", game_date=day.game_date, since=since, now=day.now)
        (row,) = self._warehouse.query(asked).to_pylist()
        load = "props load DIR"
        found = [
            _age("freshness:quotes", day, row["latest_quote"], QUOTE_LIMIT, row["quotes"], load),
            _age("freshness:injury_report", day, row["latest_report"], REPORT_LIMIT, row["reports"], load)
            if row["reports"]
            else info("freshness:injury_report", "no injury reports are loaded at all"),
        ]
        box, final = row["latest_box_scores"], row["latest_final"]
        if final is not None and (box is None or box < final):
            found.append(
                critical("freshness:box_scores", f"they end on {box}, games were final until {final}", load)
            )
        else:
            found.append(ok("freshness:box_scores", f"they reach {box}"))
        return found

    def _box_scores(self, day: Day) -> list[Finding]:
        """Box scores and minutes of the players who played, for final games of both dates."""
        asked = statement(
            "validation_box_scores", first=day.game_date - timedelta(days=1), last=day.game_date
        )
        final = [r for r in self._warehouse.query(asked).to_pylist() if r["game_status"] == FINAL]
        if not final:
            return [
                info("box_scores", "no game of the two dates is final"),
                info("minutes", "nothing to judge"),
            ]
        bad = [r["game_id"] for r in final if r["teams"] < 2]
        played, timed = sum(r["played"] for r in final), sum(r["with_minutes"] for r in final)
        found = [
            critical(
                "box_scores", f"final without both teams' box scores: {', '.join(bad)}", "props load DIR"
            )
            if bad
            else ok("box_scores", f"{len(final)} final games have both teams'")
        ]
        share = timed / played if played else 0.0
        said = f"{timed} of {played} players who played have minutes"
        if share >= MINUTES_OK:
            return [*found, ok("minutes", said)]
        judge = critical if share < MINUTES_CRITICAL else warning
        return [*found, judge("minutes", said, "props load DIR")]

    def _served(self, day: Day) -> list[Finding]:
        """Every active row was served the vector that is stored."""
        asked = statement("served_against_stored", game_date=day.game_date)
        (row,) = self._warehouse.query(asked).to_pylist()
        if not row["served"]:
            return [info("features:served", "no active rows")]
        if row["different"]:
            evidence = f"{row['different']} of {row['served']} active rows differ from the stored vector"
            return [critical("features:served", evidence, _regenerate(day))]
        return [ok("features:served", f"{row['served']} active rows equal the stored vectors")]

    def _drift(self, day: Day) -> list[Finding]:
        return feature_drift(self._warehouse, self._models, self._registry, day.active, day.game_date)

    def _predictions(self, day: Day) -> list[Finding]:
        """Rows of each system against the expected players, one active row per key."""
        doubled = self._warehouse.query(statement("active_duplicates", game_date=day.game_date)).num_rows
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
                found.append(critical(check, said, _regenerate(day, force=False)))
            elif system != "similarity_balanced_v1" and rows < 0.8 * expected:
                found.append(warning(check, said, _regenerate(day, force=False)))
            else:
                found.append(ok(check, said))
        return found

    def _signal(self, day: Day) -> list[Finding]:
        rows = self._warehouse.query(statement("signals_of_date", game_date=day.game_date)).to_pylist()
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

    def _grading(self, day: Day) -> list[Finding]:
        """Coverage of the week before; games of the last hours are not late yet."""
        last = day.game_date - timedelta(days=1)
        found = []
        for system, of in self._coverage(day.game_date - LOOK_BACK, last).items():
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

    def _beats(self, _day: Day) -> list[Finding]:
        """Services beat every minute in real time; one that stopped on purpose said so."""
        ages = self._heartbeats.ages(datetime.now(UTC))
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

    def _stuck(self, _day: Day) -> list[Finding]:
        now = datetime.now(UTC)
        stuck = [
            r.run_id for r in self._runs.runs() if r.state in ACTIVE_STATES and now - r.opened_at > DEADLINE
        ]
        if stuck:
            named = ", ".join(stuck)
            return [critical("runs:stuck", f"past their deadline: {named}", "props runs check-stalled")]
        return [ok("runs:stuck", "no run is past its deadline")]

    def _serving(self, day: Day) -> list[Finding]:
        """The models behind the active rows against the registry's champions."""
        found = []
        for system in MODEL_SYSTEMS:
            rows, champion = day.active.get(system), self._registry.champion(system)
            check = f"model:{system}"
            if rows is None:
                found.append(info(check, "no active rows"))
            elif rows["models"] > 1:
                found.append(
                    critical(check, f"{rows['models']} models behind one date's rows", _regenerate(day))
                )
            elif champion is None:
                found.append(info(check, f"serves {rows['model_id']}; the registry names no champion"))
            elif champion["sha256"] != rows["model_sha256"]:
                evidence = f"serves {rows['model_id']}, the champion is {champion['model_id']}"
                found.append(critical(check, evidence, _regenerate(day)))
            else:
                found.append(ok(check, f"serves the champion {rows['model_id']}"))
        return found


def _schedule(day: Day) -> list[Finding]:
    """Games of the date, and whether those of both dates ended in time."""
    if not day.games:
        found = [info("schedule", f"no games on {day.game_date}")]
    else:
        counts = dict.fromkeys(("scheduled", "in progress", "final"), 0)
        for g in day.games:
            counts[("scheduled", "in progress", "final")[(g["game_status"] or 1) - 1]] += 1
        found = [ok("schedule", ", ".join(f"{n} {name}" for name, n in counts.items()))]
        unknown = [g["game_id"] for g in day.games if g["game_start_utc"] is None]
        if unknown:
            found.append(
                warning("schedule:tipoff", f"no tip-off known for {', '.join(unknown)}", "props load DIR")
            )
    late = [
        g["game_id"]
        for g in (*day.before, *day.games)
        if g["game_status"] != FINAL and g["game_start_utc"] and day.now - g["game_start_utc"] > GAME_LATE
    ]
    if late:
        found.append(
            critical(
                "schedule:late", f"not final six hours after tip-off: {', '.join(late)}", "props load DIR"
            )
        )
    return found


def _features(day: Day) -> list[Finding]:
    d = day.diagnosis
    if not day.games:
        return [info("features", "no games")]
    said = f"{d.verdict.value}: {d.present} of {d.expected} expected players"
    if d.verdict is Verdict.READY:
        return [ok("features", f"{said}, quality {d.quality}")]
    if d.verdict is Verdict.NOT_YET_DUE:
        return [info("features", f"{said}; due at {d.due_at:%Y-%m-%d %H:%M} UTC" if d.due_at else said)]
    return [critical("features", f"{said}; {d.cause}", d.remedy)]


def _age(check: str, day: Day, latest: datetime | None, limit: timedelta, rows: int, remedy: str) -> Finding:
    """How old an input was when the date's first game began, or is now."""
    if not day.games:
        return info(check, "no games")
    if latest is None:
        if rows and check == "freshness:quotes":
            return info(check, f"{rows} rows, known by day only: for backfill and evaluation, never live")
        return (
            warning(check, f"nothing for {day.game_date}", remedy) if day.is_due else info(check, "not due")
        )
    moment = min(day.now, day.first_tipoff or day.now)
    if moment - latest > limit:
        return warning(check, f"latest is {latest:%Y-%m-%d %H:%M} UTC, older than {limit}", remedy)
    return ok(check, f"latest is {latest:%Y-%m-%d %H:%M} UTC")


def _regenerate(day: Day, force: bool = True) -> str:
    return f"props predict --dates {day.game_date}" + (" --force" if force else "")
