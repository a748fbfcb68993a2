"""Predict game dates as serving would, each in one process, and say how each of them ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from shared.application.backfill.checkpoints import Checkpoint
from shared.application.backfill.in_process import RunInProcess, ServedModels
from shared.application.backfill.model_choice import BackfillModels, ChosenModels
from shared.application.backfill.results import DateResult, Status, by_reason, result_of
from shared.application.features.diagnosis import Diagnosis, MlfsDoctor
from shared.application.features.slate import DEFAULT_MIN_MINUTES
from shared.application.features.slate_inputs import Mode
from shared.application.runs.jobs import PrepareJobs
from shared.application.runs.request import RunRequest
from shared.domain.features.readiness import MIN_COVERAGE, Verdict
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import AppError, Unavailable
from shared.model_registry.loading import LoadedModel
from shared.ports import (
    Clock,
    Documents,
    ExpectedPlayer,
    Locks,
    PlayerOutcome,
    Publisher,
    RunStore,
    Warehouse,
)
from shared.schemas.predictions import PREDICTION_REGENERATION_AUDIT
from shared.warehouse.schedule import games_between, has_started
from shared.warehouse.statements import statement

JOB = "player_prop_predictions_backfill"
WAIT_SECONDS = 15 * 60.0
DAYS_AT_ONCE = 92
"""Dates that are run together: what they hold is in memory at once, and lost where the process dies."""


@dataclass(frozen=True)
class BackfillOptions:
    """``least``: coverage 0-1 of the feature store below which a date is refused."""

    force: bool = False
    skip_mlfs_check: bool = False
    least: float = MIN_COVERAGE
    systems: tuple[str, ...] = SYSTEM_IDS
    allow_started: bool = False
    in_sample: bool = False
    dry_run: bool = False
    min_minutes: float = DEFAULT_MIN_MINUTES
    reason: str | None = None
    accept_findings: bool = False

    @property
    def mode(self) -> Mode:
        return Mode.BACKFILL if self.allow_started else Mode.LIVE


@dataclass(frozen=True)
class Ports:
    warehouse: Warehouse
    runs: RunStore
    publisher: Publisher
    documents: Documents
    locks: Locks
    clock: Clock


@dataclass(frozen=True)
class _Task:
    """A date that is to be run. ``note``: what is left undone all the same."""

    request: RunRequest
    chosen: ChosenModels
    diagnosis: Diagnosis
    note: str | None

    @property
    def day(self) -> date:
        return self.request.game_date

    @property
    def lost(self) -> list[ExpectedPlayer]:
        """Expected players who have no features."""
        return list(self.diagnosis.missing)

    @property
    def served_by(self) -> tuple[tuple[str, str], ...]:
        """System and file of each model."""
        models = {**self.chosen.models, **self.chosen.in_sample}
        return tuple(sorted((system, model.path) for system, model in models.items()))


class BackfillPredictions:
    """Runs dates a quarter at a time; one that fails does not keep the others from their turn."""

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
        together = [ordered[at : at + DAYS_AT_ONCE] for at in range(0, len(ordered), DAYS_AT_ONCE)]
        if options.dry_run:
            return [result for days in together for result in self._dates(days, options, None)]
        checkpoint = self._checkpoint(ordered, options, resume)
        results: list[DateResult] = []
        for days in together:
            with ExitStack() as held:
                for day in days:
                    held.enter_context(self._ports.locks.hold(f"{JOB}-{day}", WAIT_SECONDS))
                results += self._resumed(days, options, checkpoint)
            progress("predict dates", len(results), len(ordered))
        checkpoint.end()
        return results

    def _resumed(
        self,
        days: list[date],
        options: BackfillOptions,
        checkpoint: Checkpoint,
    ) -> list[DateResult]:
        """Those that this round has done already as they ended, the others now."""
        done = {day: DateResult.of(plain) for day, plain in checkpoint.recorded_results(days).items()}
        left = [day for day in days if day not in done]
        if left:
            found = self._dates(left, options, checkpoint.job_id)
            checkpoint.write({r.game_date: r.plain() for r in found})
            done |= {r.game_date: r for r in found}
        return [done[day] for day in days]

    def _checkpoint(self, days: list[date], options: BackfillOptions, resume: bool) -> Checkpoint:
        arguments = {**asdict(options), "systems": list(options.systems)}
        arguments["dates"] = [d.isoformat() for d in days]
        return Checkpoint(self._ports.documents, JOB, arguments, resume)

    def _dates(
        self,
        days: list[date],
        options: BackfillOptions,
        job_id: str | None,
    ) -> list[DateResult]:
        """Each by itself until it is known what is to be run, then all that the same models serve at once."""
        begun = time.perf_counter()
        diagnoses = self._doctor(
            days[0], days[-1], mode=options.mode, least=options.least, min_minutes=options.min_minutes
        )
        now = self._ports.clock.now()
        games: dict[date, list[dict[str, Any]]] = {day: [] for day in days}
        for game in games_between(self._ports.warehouse, days[0], days[-1]).to_pylist():
            games.setdefault(game["game_date"], []).append(game)
        self._models.read()
        results: dict[date, DateResult] = {}
        alike: dict[tuple[tuple[str, str], ...], list[_Task]] = {}
        for day in days:
            try:
                task = self._task(day, games[day], options, diagnoses[day], job_id)
            except AppError as exc:
                task = DateResult(day, Status.FAILED, note=str(exc))
            if isinstance(task, DateResult):
                results[day] = task
            else:
                alike.setdefault(task.served_by, []).append(task)
        for tasks in alike.values():
            results |= self._serve(tasks, options)
        seconds = round((time.perf_counter() - begun) / len(days), 3)
        return [
            replace(results[d], seconds=seconds, minutes_to_first_tipoff=_minutes(games[d], now))
            for d in days
        ]

    def _task(
        self,
        day: date,
        games: list[dict[str, Any]],
        options: BackfillOptions,
        diagnosis: Diagnosis,
        job_id: str | None,
    ) -> _Task | DateResult:
        """What is to be run for a date, or how it ended without a run."""
        now = self._ports.clock.now()
        if not games:
            return DateResult(day, Status.NO_GAMES)
        started = [g["game_id"] for g in games if has_started(g, now)] if not options.allow_started else []
        if len(started) == len(games):
            note = f"all {len(games)} games have started; --allow-started predicts them as a backfill"
            return DateResult(day, Status.STARTED, note=note)
        request = _request(day, options, job_id)
        PrepareJobs(self._ports.warehouse).check_reason(request, now)
        refusal = _refusal(diagnosis, options)
        if refusal:
            status, note = refusal
            return DateResult(day, status, note=note, left_out=by_reason(diagnosis.missing))
        chosen = self._models(day, options.systems, train=not options.dry_run)
        if chosen.in_sample and not options.in_sample:
            return DateResult(day, Status.FAILED, note=_trained_on(day, chosen))
        alone = f"{len(started)} of {len(games)} games have started and are left alone" if started else None
        task = _Task(request, chosen, diagnosis, alone)
        return self._plan(task, now) if options.dry_run else task

    def _serve(self, tasks: list[_Task], options: BackfillOptions) -> dict[date, DateResult]:
        """Run dates that the same models serve; where a store failed, once more one by one, so that what
        fails for one date does not fail for all."""
        chosen = tasks[0].chosen
        serving = ServedModels({**chosen.models, **chosen.in_sample}, self._shadows, self._build_commit)
        lost = {t.day: t.lost for t in tasks}
        try:
            told = self._run([t.request for t in tasks], serving, lost, WAIT_SECONDS)
        except AppError as exc:
            if len(tasks) == 1:
                return {tasks[0].day: DateResult(tasks[0].day, Status.FAILED, note=str(exc))}
            return {day: result for t in tasks for day, result in self._serve([t], options).items()}
        run_ids = {day: said for day, said in told.items() if isinstance(said, str)}
        stored = self._stored(run_ids)
        with self._ports.runs.batched_writes():
            outcomes = {run_id: self._ports.runs.outcomes(run_id) for run_id in run_ids.values()}
        results = {}
        for task in tasks:
            said = told[task.day]
            try:
                if isinstance(said, AppError):
                    raise said
                results[task.day] = self._result(task, said, stored.get(said), outcomes[said], options)
            except AppError as exc:
                results[task.day] = DateResult(task.day, Status.FAILED, note=str(exc))
        if options.force or options.skip_mlfs_check:
            self._audit([(t, results[t.day]) for t in tasks if results[t.day].run_id], options)
        return results

    def _stored(self, run_ids: Mapping[date, str]) -> dict[str, dict[str, Any]]:
        """The rows of ``prediction_runs`` by run."""
        if not run_ids:
            return {}
        asked = statement(
            "run_result", first=min(run_ids), last=max(run_ids), run_ids=sorted(run_ids.values())
        )
        return {row["run_id"]: row for row in self._ports.warehouse.query(asked).to_pylist()}

    def _plan(self, task: _Task, now: datetime) -> DateResult:
        """What a run would do, from the same preparation."""
        prepared = PrepareJobs(self._ports.warehouse)("dry-run", task.request, now, task.lost)
        off = set(task.chosen.off)
        keys = sum(len(set(systems) - off) for systems in prepared.systems)
        said = f"dry run: up to {keys} rows for {len(prepared.systems)} players"
        return DateResult(
            task.day,
            Status.SUCCESS if prepared.systems else Status.NOTHING_TO_DO,
            players=len(prepared.systems),
            note=f"{said}; {task.note}" if task.note else said,
            left_out=by_reason(dict.fromkeys(prepared.without_features, "no_features")),
            systems_off=task.chosen.off,
        )

    def _result(
        self,
        task: _Task,
        run_id: str,
        run: Mapping[str, Any] | None,
        outcomes: Mapping[ExpectedPlayer, PlayerOutcome | None],
        options: BackfillOptions,
    ) -> DateResult:
        if run is None:
            raise Unavailable(f"run {run_id}: {self._ports.runs.get(run_id).note or 'has not ended'}")
        off = {s: why for s, why in task.chosen.off.items() if s in options.systems}
        result = result_of(run, outcomes, off, task.note, options.in_sample)
        accepted = options.accept_findings and result.status is Status.SUCCESS
        return replace(
            result,
            note=run["note"] if accepted else result.note,
            warnings=[said for model in task.chosen.all_models for said in model.warnings],
        )

    def _audit(self, ended: list[tuple[_Task, DateResult]], options: BackfillOptions) -> None:
        now = datetime.now(UTC)
        rows = [
            {
                "regeneration_timestamp": now,
                "game_date": task.day,
                "run_id": result.run_id,
                "reason": options.reason or "not given",
                "triggered_by": JOB,
                "forced": options.force,
                "mlfs_check_skipped": options.skip_mlfs_check,
                "mlfs_verdict": task.diagnosis.verdict.value,
                "mlfs_coverage": task.diagnosis.coverage or 0.0,
                "superseded_count": result.rows_superseded,
                "regenerated_count": result.rows_written,
                "without_features": ",".join(p.player_lookup for p in task.diagnosis.missing) or None,
            }
            for task, result in ended
        ]
        schema = PREDICTION_REGENERATION_AUDIT.arrow_schema
        self._ports.warehouse.upsert(PREDICTION_REGENERATION_AUDIT, pa.Table.from_pylist(rows, schema=schema))


def _minutes(games: list[dict[str, Any]], now: datetime) -> int | None:
    tipoffs = [g["game_start_utc"] for g in games if g["game_start_utc"] is not None]
    return int((min(tipoffs) - now).total_seconds() // 60) if tipoffs else None


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
        accept_findings=options.accept_findings,
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


def _trained_on(day: date, chosen: ChosenModels) -> str:
    named = ", ".join(
        f"{m.model_id} (trained to {m.manifest.train_end})" for m in chosen.in_sample.values() if m.manifest
    )
    return (
        f"{day} lies within the training of {named}: name a model that ended before, leave "
        f"{', '.join(chosen.in_sample)} out with --systems, or mark the rows with --in-sample"
    )
