"""Predict game dates as serving would, each in one process, and say how each of them ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pyarrow as pa

from shared.application.backfill_models import BackfillModels, Chosen
from shared.application.checkpoints import Checkpoint
from shared.application.in_process import RunInProcess
from shared.application.jobs import PrepareJobs
from shared.application.known import Mode
from shared.application.mlfs import Diagnosis, MlfsDoctor
from shared.application.run_request import RunRequest
from shared.application.slate import DEFAULT_MIN_MINUTES
from shared.domain.mlfs import LEAST_COVERAGE, Verdict
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import AppError, Unavailable
from shared.model_registry.loading import LoadedModel
from shared.ports import Clock, Documents, Locks, Publisher, RunState, RunStore, Warehouse
from shared.schemas.predictions import PREDICTION_REGENERATION_AUDIT
from shared.warehouse.schedule import games_between, has_started
from shared.warehouse.statements import statement

JOB = "player_prop_predictions_backfill"
WAIT_SECONDS = 15 * 60.0


class Status(StrEnum):
    """How a date ended; all but the first and the last two leave something undone."""

    SUCCESS = "SUCCESS"
    PARTIAL = "PARTIAL"
    REFUSED_MLFS = "REFUSED_MLFS"
    STARTED = "STARTED"
    FAILED = "FAILED"
    NO_GAMES = "NO_GAMES"
    NOTHING_TO_DO = "NOTHING_TO_DO"


AS_ASKED = (Status.SUCCESS, Status.NO_GAMES, Status.NOTHING_TO_DO)


@dataclass(frozen=True)
class BackfillOptions:
    """``least``: coverage 0-1 of the feature store below which a date is refused."""

    force: bool = False
    skip_mlfs_check: bool = False
    least: float = LEAST_COVERAGE
    systems: tuple[str, ...] = SYSTEM_IDS
    allow_started: bool = False
    in_sample: bool = False
    dry_run: bool = False
    min_minutes: float = DEFAULT_MIN_MINUTES
    reason: str | None = None

    @property
    def mode(self) -> Mode:
        return Mode.BACKFILL if self.allow_started else Mode.LIVE


@dataclass(frozen=True)
class DateResult:
    """``players``: predicted. ``rows_written`` and ``rows_superseded`` count rows of the predictions table.

    ``minutes_to_first_tipoff``: from the product's now, negative once the first game has begun, None where
    no tip-off is known. ``left_out``: players by reason; ``systems_off``: why by system.
    """

    game_date: date
    status: Status
    players: int = 0
    rows_written: int = 0
    rows_superseded: int = 0
    seconds: float = 0.0
    minutes_to_first_tipoff: int | None = None
    run_id: str | None = None
    note: str | None = None
    left_out: dict[str, list[str]] = field(default_factory=dict)
    systems_off: dict[str, str] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {**asdict(self), "game_date": self.game_date.isoformat(), "status": self.status.value}

    @staticmethod
    def of(plain: dict[str, Any]) -> DateResult:
        day = date.fromisoformat(plain["game_date"])
        return DateResult(**{**plain, "game_date": day, "status": Status(plain["status"])})


@dataclass(frozen=True)
class Ports:
    warehouse: Warehouse
    runs: RunStore
    publisher: Publisher
    documents: Documents
    locks: Locks
    clock: Clock


class BackfillPredictions:
    """Runs dates one after the other; a date that fails does not keep the next from its turn."""

    def __init__(
        self,
        ports: Ports,
        models: BackfillModels,
        build_commit: str,
        shadows: Sequence[LoadedModel] = (),
    ) -> None:
        self._shadows = tuple(shadows)
        self._ports = ports
        self._models = models
        self._build_commit = build_commit
        self._doctor = MlfsDoctor(ports.warehouse, ports.clock, ports.documents)
        self._run = RunInProcess(ports.warehouse, ports.runs, ports.publisher, ports.clock, JOB)

    def __call__(
        self,
        days: Sequence[date],
        options: BackfillOptions,
        *,
        resume: bool = True,
        progress: Callable[[str, int, int], None] = lambda *_: None,
    ) -> list[DateResult]:
        """One result per date, in order. A dry run writes nothing and leaves no checkpoint."""
        ordered = sorted(set(days))
        diagnoses: dict[date, Diagnosis] = {}
        if ordered:
            diagnoses = self._doctor(
                ordered[0],
                ordered[-1],
                mode=options.mode,
                least=options.least,
                min_minutes=options.min_minutes,
            )
        if options.dry_run:
            return [self._timed(day, options, diagnoses[day], None) for day in ordered]
        checkpoint = self._checkpoint(ordered, options, resume)
        results = []
        for day in ordered:
            with self._ports.locks.hold(f"{JOB}-{day}", WAIT_SECONDS):
                done = checkpoint.done(day)
                if done is None:
                    result = self._timed(day, options, diagnoses[day], checkpoint.job_id)
                    checkpoint.write(day, result.plain())
                else:
                    result = DateResult.of(done)
            results.append(result)
            progress("predict dates", len(results), len(ordered))
        checkpoint.end()
        return results

    def _checkpoint(self, days: list[date], options: BackfillOptions, resume: bool) -> Checkpoint:
        arguments = {**asdict(options), "systems": list(options.systems)}
        arguments["dates"] = [d.isoformat() for d in days]
        return Checkpoint(self._ports.documents, JOB, arguments, resume)

    def _timed(
        self, day: date, options: BackfillOptions, diagnosis: Diagnosis, job_id: str | None
    ) -> DateResult:
        begun = time.perf_counter()
        try:
            result = self._date(day, options, diagnosis, job_id)
        except AppError as exc:
            result = DateResult(day, Status.FAILED, note=str(exc))
        seconds = round(time.perf_counter() - begun, 3)
        return replace(result, seconds=seconds, minutes_to_first_tipoff=self._minutes(day))

    def _minutes(self, day: date) -> int | None:
        games = games_between(self._ports.warehouse, day, day)["game_start_utc"].to_pylist()
        tipoffs = [t for t in games if t is not None]
        return int((min(tipoffs) - self._ports.clock.now()).total_seconds() // 60) if tipoffs else None

    def _date(
        self, day: date, options: BackfillOptions, diagnosis: Diagnosis, job_id: str | None
    ) -> DateResult:
        now = self._ports.clock.now()
        games = games_between(self._ports.warehouse, day, day).to_pylist()
        if not games:
            return DateResult(day, Status.NO_GAMES)
        started = [g["game_id"] for g in games if has_started(g, now)] if not options.allow_started else []
        if len(started) == len(games):
            note = f"all {len(games)} games have started; --allow-started predicts them as a backfill"
            return DateResult(day, Status.STARTED, note=note)
        refusal = _refusal(diagnosis, options)
        if refusal:
            status, note = refusal
            return DateResult(day, status, note=note, left_out=_by_reason(diagnosis.missing))
        chosen = self._models(day, options.systems, train=not options.dry_run)
        if chosen.in_sample and not options.in_sample:
            return DateResult(day, Status.FAILED, note=_trained_on(day, chosen))
        alone = f"{len(started)} of {len(games)} games have started and are left alone" if started else None
        request = _request(day, options, job_id)
        lost = {p: diagnosis.games[p] for p in diagnosis.missing}
        if job_id is None:
            return self._plan(request, chosen, lost, now, alone)
        run_id = self._run(
            request,
            {**chosen.models, **chosen.in_sample},
            self._shadows,
            self._build_commit,
            lost,
            WAIT_SECONDS,
        )
        result = self._result(day, run_id, chosen, alone, options)
        if options.force or options.skip_mlfs_check:
            self._audit(result, options, diagnosis)
        return result

    def _plan(
        self, request: RunRequest, chosen: Chosen, lost: dict[str, str], now: datetime, note: str | None
    ) -> DateResult:
        """What a run would do, from the same preparation."""
        prepared = PrepareJobs(self._ports.warehouse)("dry-run", request, now, lost)
        keys = sum(len(set(job.systems) - set(chosen.off)) for job in prepared.jobs)
        said = f"dry run: up to {keys} rows for {len(prepared.jobs)} players"
        return DateResult(
            request.game_date,
            Status.SUCCESS if prepared.jobs else Status.NOTHING_TO_DO,
            players=len(prepared.jobs),
            note=f"{said}; {note}" if note else said,
            left_out=_by_reason(dict.fromkeys(prepared.without_features, "no_features")),
            systems_off=chosen.off,
        )

    def _result(
        self, day: date, run_id: str, chosen: Chosen, note: str | None, options: BackfillOptions
    ) -> DateResult:
        asked = statement("run_result", game_date=day, run_id=run_id)
        rows = self._ports.warehouse.query(asked).to_pylist()
        if not rows:
            raise Unavailable(f"run {run_id}: {self._ports.runs.get(run_id).note or 'has not ended'}")
        outcomes = self._ports.runs.outcomes(run_id)
        said = {p: o.outcome if o else "failed:no_outcome" for p, o in outcomes.items()}
        left_out = {p: why.partition(":")[2] for p, why in said.items() if why != "predicted"}
        off = {s: why for s, why in chosen.off.items() if s in options.systems}
        run = rows[0]
        whole = not off and note is None and "no_features" not in left_out.values()
        if run["state"] == RunState.FAILED:
            status = Status.FAILED
        elif run["rows_activated"] == 0 and options.in_sample is False and not off:
            status = Status.NOTHING_TO_DO
        else:
            status = Status.SUCCESS if run["state"] == RunState.COMPLETE and whole else Status.PARTIAL
        notes = [n for n in (None if status is Status.SUCCESS else run["note"], note) if n]
        return DateResult(
            day,
            status,
            players=run["predicted"],
            rows_written=run["rows_activated"],
            rows_superseded=run["rows_superseded"],
            run_id=run_id,
            note="; ".join(notes) or None,
            left_out=_by_reason(left_out),
            systems_off=off,
        )

    def _audit(self, result: DateResult, options: BackfillOptions, diagnosis: Diagnosis) -> None:
        row = {
            "regeneration_timestamp": datetime.now(UTC),
            "game_date": result.game_date,
            "run_id": result.run_id,
            "reason": options.reason or "not given",
            "triggered_by": JOB,
            "forced": options.force,
            "mlfs_check_skipped": options.skip_mlfs_check,
            "mlfs_verdict": diagnosis.verdict.value,
            "mlfs_coverage": diagnosis.coverage or 0.0,
            "superseded_count": result.rows_superseded,
            "regenerated_count": result.rows_written,
            "without_features": ",".join(diagnosis.missing) or None,
        }
        schema = PREDICTION_REGENERATION_AUDIT.arrow_schema
        self._ports.warehouse.upsert(
            PREDICTION_REGENERATION_AUDIT, pa.Table.from_pylist([row], schema=schema)
        )


def _request(day: date, options: BackfillOptions, job_id: str | None) -> RunRequest:
    return RunRequest(
        game_date=day,
        mode=options.mode,
        force=options.force,
        skip_mlfs_check=True,  # the doctor has judged already
        systems=options.systems,
        min_minutes=options.min_minutes,
        reason=options.reason,
        in_sample=options.in_sample,
        job=job_id,
    )


def _refusal(diagnosis: Diagnosis, options: BackfillOptions) -> tuple[Status, str] | None:
    """Why the feature store does not allow a run; a skipped check still needs somebody's features."""
    state = f"feature store {diagnosis.verdict.value}: {diagnosis.present} of {diagnosis.expected} players"
    advice = f"; run: {diagnosis.remedy}" if diagnosis.remedy else ""
    said = f"{state}; {diagnosis.cause}{advice}" if diagnosis.cause else state
    if options.skip_mlfs_check:
        return None if diagnosis.snapshot_id else (Status.FAILED, said)
    return None if diagnosis.verdict is Verdict.READY else (Status.REFUSED_MLFS, said)


def _by_reason(reasons: dict[str, str]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for player, why in reasons.items():
        grouped.setdefault(why, []).append(player)
    return grouped


def _trained_on(day: date, chosen: Chosen) -> str:
    named = ", ".join(
        f"{m.model_id} (trained to {m.manifest.train_end})" for m in chosen.in_sample.values() if m.manifest
    )
    return (
        f"{day} lies within the training of {named}: name a model that ended before, leave "
        f"{', '.join(chosen.in_sample)} out with --systems, or mark the rows with --in-sample"
    )
