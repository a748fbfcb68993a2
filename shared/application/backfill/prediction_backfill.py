"""Predict game dates as the services would, in one process, and return the result of each date."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from msgspec import structs

from shared.application.backfill.checkpoints import Checkpoint
from shared.application.backfill.in_process import RunInProcess, ServedModels
from shared.application.backfill.model_choice import BackfillModels, ChosenModels
from shared.application.backfill.results import DateResult, Status, by_reason, result_of
from shared.application.features.diagnosis import Diagnosis, MlfsDoctor
from shared.application.runs.jobs import NO_FEATURES, PrepareJobs
from shared.application.runs.request import RunRequest
from shared.domain.features.readiness import MIN_COVERAGE, Verdict
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.domain.vocabulary import RunMode
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
from shared.schemas.messages import RunOptions
from shared.schemas.predictions import PREDICTION_REGENERATION_AUDIT
from shared.warehouse.schedule import games_between, has_started
from shared.warehouse.statements import query_rows

JOB = "player_prop_predictions_backfill"
WAIT_SECONDS = 15 * 60.0
DAYS_AT_ONCE = 92
"""Dates that run together: their rows are in memory at once, and lost if the process dies."""


class BackfillOptions(RunOptions, frozen=True, kw_only=True):
    """``least``: minimum feature store coverage, 0-1; a date below it is refused."""

    least: float = MIN_COVERAGE
    systems: tuple[str, ...] = SYSTEM_IDS
    allow_started: bool = False
    in_sample: bool = False
    dry_run: bool = False

    @property
    def mode(self) -> RunMode:
        return RunMode.BACKFILL if self.allow_started else RunMode.LIVE


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
    """A date to run. ``note``: what the run omits."""

    request: RunRequest
    chosen: ChosenModels
    diagnosis: Diagnosis
    note: str | None

    @property
    def day(self) -> date:
        return self.request.game_date

    @property
    def without_features(self) -> list[ExpectedPlayer]:
        """Return the expected players without features."""
        return list(self.diagnosis.missing)

    @property
    def served_by(self) -> tuple[tuple[str, str], ...]:
        """Return the system and file of each model."""
        models = {**self.chosen.models, **self.chosen.in_sample}
        return tuple(sorted((system, model.path) for system, model in models.items()))


class BackfillPredictions:
    """Runs dates in groups of ``DAYS_AT_ONCE``; a failed date does not stop the others."""

    def __init__(
        self, ports: Ports, models: BackfillModels, build_commit: str, shadows: Sequence[LoadedModel] = ()
    ) -> None:
        self._shadows = tuple(shadows)
        self._ports, self._models, self._build_commit = ports, models, build_commit
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
        """Return one result per date, in order. A dry run writes nothing, not even a checkpoint."""
        ordered = sorted(set(days))
        groups = [ordered[at : at + DAYS_AT_ONCE] for at in range(0, len(ordered), DAYS_AT_ONCE)]
        if options.dry_run:
            return [result for days in groups for result in self._run_dates(days, options, None)]
        checkpoint = self._checkpoint(ordered, options, resume)
        results: list[DateResult] = []
        for days in groups:
            with ExitStack() as locks:
                for day in days:
                    locks.enter_context(self._ports.locks.hold(f"{JOB}-{day}", WAIT_SECONDS))
                results += self._run_remaining(days, options, checkpoint)
            progress("predict dates", len(results), len(ordered))
        checkpoint.end()
        return results

    def _run_remaining(
        self, days: list[date], options: BackfillOptions, checkpoint: Checkpoint
    ) -> list[DateResult]:
        """Return the stored results of this execution and run the remaining dates."""
        results = {day: DateResult.of(fields) for day, fields in checkpoint.recorded_results(days).items()}
        remaining = [day for day in days if day not in results]
        if remaining:
            new_results = self._run_dates(remaining, options, checkpoint.job_id)
            checkpoint.write({r.game_date: r.plain() for r in new_results})
            results |= {r.game_date: r for r in new_results}
        return [results[day] for day in days]

    def _checkpoint(self, days: list[date], options: BackfillOptions, resume: bool) -> Checkpoint:
        arguments = {**structs.asdict(options), "systems": list(options.systems)}
        arguments["dates"] = [d.isoformat() for d in days]
        return Checkpoint(self._ports.documents, JOB, arguments, resume)

    def _run_dates(self, days: list[date], options: BackfillOptions, job_id: str | None) -> list[DateResult]:
        """Check each date on its own, then run all dates with the same models together."""
        started_at = time.perf_counter()
        diagnoses = self._doctor(
            days[0], days[-1], mode=options.mode, min_coverage=options.least, min_minutes=options.min_minutes
        )
        now = self._ports.clock.now()
        games: dict[date, list[dict[str, Any]]] = {day: [] for day in days}
        for game in games_between(self._ports.warehouse, days[0], days[-1]).to_pylist():
            games.setdefault(game["game_date"], []).append(game)
        self._models.read()
        results: dict[date, DateResult] = {}
        tasks_by_models: dict[tuple[tuple[str, str], ...], list[_Task]] = {}
        for day in days:
            try:
                task = self._build_task(day, games[day], options, diagnoses[day], job_id)
            except AppError as exc:
                task = DateResult(day, Status.FAILED, note=str(exc))
            if isinstance(task, DateResult):
                results[day] = task
            else:
                tasks_by_models.setdefault(task.served_by, []).append(task)
        for tasks in tasks_by_models.values():
            results |= self._run_tasks(tasks, options)
        seconds = round((time.perf_counter() - started_at) / len(days), 3)
        return [
            replace(results[d], seconds=seconds, minutes_to_first_tipoff=_minutes_to_tipoff(games[d], now))
            for d in days
        ]

    def _build_task(
        self,
        day: date,
        games: list[dict[str, Any]],
        options: BackfillOptions,
        diagnosis: Diagnosis,
        job_id: str | None,
    ) -> _Task | DateResult:
        """Return the task of a date, or its result if it is not run."""
        now = self._ports.clock.now()
        if not games:
            return DateResult(day, Status.NO_GAMES)
        started = [g["game_id"] for g in games if has_started(g, now)] if not options.allow_started else []
        if len(started) == len(games):
            note = f"all {len(games)} games have started; --allow-started predicts them as a backfill"
            return DateResult(day, Status.STARTED, note=note)
        request = _build_request(day, options, job_id)
        PrepareJobs(self._ports.warehouse).check_reason(request, now)
        refusal = _refusal(diagnosis, options)
        if refusal:
            status, note = refusal
            return DateResult(day, status, note=note, left_out=by_reason(diagnosis.missing))
        chosen = self._models(day, options.systems, train=not options.dry_run)
        if chosen.in_sample and not options.in_sample:
            return DateResult(day, Status.FAILED, note=_in_sample_message(day, chosen))
        omission = f"{len(started)} of {len(games)} games have started and are skipped" if started else None
        task = _Task(request, chosen, diagnosis, omission)
        return self._describe_dry_run(task, now) if options.dry_run else task

    def _run_tasks(self, tasks: list[_Task], options: BackfillOptions) -> dict[date, DateResult]:
        """Run the dates with the same models; if a store fails, run them again one by one, so that an error
        of one date does not fail all."""
        chosen = tasks[0].chosen
        serving = ServedModels({**chosen.models, **chosen.in_sample}, self._shadows, self._build_commit)
        without_features = {t.day: t.without_features for t in tasks}
        try:
            run_ids_or_errors = self._run([t.request for t in tasks], serving, without_features, WAIT_SECONDS)
        except AppError as exc:
            if len(tasks) == 1:
                return {tasks[0].day: DateResult(tasks[0].day, Status.FAILED, note=str(exc))}
            return {day: result for t in tasks for day, result in self._run_tasks([t], options).items()}
        run_ids = {day: run_id for day, run_id in run_ids_or_errors.items() if isinstance(run_id, str)}
        rows = self._run_rows(run_ids)
        with self._ports.runs.batched_writes():
            outcomes = {run_id: self._ports.runs.outcomes(run_id) for run_id in run_ids.values()}
        results = {}
        for task in tasks:
            run_id = run_ids_or_errors[task.day]
            try:
                if isinstance(run_id, AppError):
                    raise run_id
                results[task.day] = self._result(task, run_id, rows.get(run_id), outcomes[run_id], options)
            except AppError as exc:
                results[task.day] = DateResult(task.day, Status.FAILED, note=str(exc))
        if options.force or options.skip_mlfs_check:
            self._record_audit([(t, results[t.day]) for t in tasks if results[t.day].run_id], options)
        return results

    def _run_rows(self, run_ids: Mapping[date, str]) -> dict[str, dict[str, Any]]:
        """Return the rows of ``prediction_runs`` by run id."""
        if not run_ids:
            return {}
        span, ids = {"first": min(run_ids), "last": max(run_ids)}, sorted(run_ids.values())
        rows = query_rows(self._ports.warehouse, "run_result", run_ids=ids, **span)
        return {row["run_id"]: row for row in rows}

    def _describe_dry_run(self, task: _Task, now: datetime) -> DateResult:
        """Return what a run would do; it is prepared like a real run."""
        prepared = PrepareJobs(self._ports.warehouse)("dry-run", task.request, now, task.without_features)
        off = set(task.chosen.off)
        keys = sum(len(set(systems) - off) for systems in prepared.systems)
        summary = f"dry run: up to {keys} rows for {len(prepared.systems)} players"
        return DateResult(
            task.day,
            Status.SUCCESS if prepared.systems else Status.NOTHING_TO_DO,
            players=len(prepared.systems),
            note=f"{summary}; {task.note}" if task.note else summary,
            left_out=by_reason(dict.fromkeys(prepared.without_features, NO_FEATURES.reason)),
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
        off = {s: reason for s, reason in task.chosen.off.items() if s in options.systems}
        result = result_of(run, outcomes, off, task.note, options.in_sample)
        accepted = options.accept_findings and result.status is Status.SUCCESS
        return replace(
            result,
            note=run["note"] if accepted else result.note,
            warnings=[warning for model in task.chosen.all_models for warning in model.warnings],
        )

    def _record_audit(self, results: list[tuple[_Task, DateResult]], options: BackfillOptions) -> None:
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
            for task, result in results
        ]
        audit = PREDICTION_REGENERATION_AUDIT
        self._ports.warehouse.upsert(audit, audit.from_rows(rows))


def _minutes_to_tipoff(games: list[dict[str, Any]], now: datetime) -> int | None:
    tipoffs = [g["game_start_utc"] for g in games if g["game_start_utc"] is not None]
    return int((min(tipoffs) - now).total_seconds() // 60) if tipoffs else None


def _build_request(day: date, options: BackfillOptions, job_id: str | None) -> RunRequest:
    checked = {"skip_mlfs_check": True}  # the diagnosis has checked the features already
    of_date = {"game_date": day, "mode": options.mode, "job": job_id}
    return msgspec.convert(structs.asdict(options) | checked | of_date, RunRequest)


def _refusal(diagnosis: Diagnosis, options: BackfillOptions) -> tuple[Status, str] | None:
    """Return why the feature store blocks a run; with the check skipped, a snapshot is still required."""
    state = f"feature store {diagnosis.verdict.value}: {diagnosis.present} of {diagnosis.expected} players"
    advice = f"; run: {diagnosis.remedy}" if diagnosis.remedy else ""
    reason = f"{state}; {diagnosis.cause}{advice}" if diagnosis.cause else state
    if options.skip_mlfs_check:
        return None if diagnosis.snapshot_id else (Status.FAILED, reason)
    return None if diagnosis.verdict is Verdict.READY else (Status.REFUSED_MLFS, reason)


def _in_sample_message(day: date, chosen: ChosenModels) -> str:
    models = ", ".join(
        f"{m.model_id} (trained to {m.manifest.train_end})" for m in chosen.in_sample.values() if m.manifest
    )
    return (
        f"{day} is within the training of {models}: use a model with an earlier training, exclude "
        f"{', '.join(chosen.in_sample)} with --systems, or mark the rows with --in-sample"
    )
