"""Complete runs in one process: the coordinator's and the worker's use cases without a broker."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import msgspec

from shared.application.messaging.events import log
from shared.application.messaging.rejected import KeepRejected
from shared.application.messaging.topics import REQUEST_TOPIC
from shared.application.prediction.job_batch import columns_from_runs
from shared.application.prediction.predict import Predict
from shared.application.prediction.stage import REFUSED, StageJobs, player_outcome
from shared.application.runs.activation import Activate
from shared.application.runs.expected_players import outcome_for
from shared.application.runs.jobs import NO_FEATURES, PrepareJobs, RunJobs, RunToPrepare
from shared.application.runs.lifecycle import NOT_PUBLISHED, FinishRun, StartRun, fail_pending_players
from shared.application.runs.request import RunRequest
from shared.domain.vocabulary import RunState
from shared.errors import AppError, Conflict, Unavailable
from shared.model_registry.loading import LoadedModel
from shared.ports import Clock, ExpectedPlayer, PlayerOutcome, Publisher, Run, RunStore, Warehouse
from shared.schemas.messages import PredictionRequest, encode

POLL_SECONDS = 0.25


@dataclass(frozen=True)
class ServedModels:
    """The models and shadow models that predict, and the commit of the code."""

    models: Mapping[str, LoadedModel]
    shadows: Sequence[LoadedModel]
    build_commit: str


class RunInProcess:
    """Runs many game dates from start to activation with one prediction, one append and one activation.

    The caller holds the job's lock of each date, so an open run of a job belongs to a process that has
    died: it is continued or ended.
    """

    def __init__(
        self, warehouse: Warehouse, runs: RunStore, publisher: Publisher, clock: Clock, service: str
    ) -> None:
        self._warehouse, self._runs, self._publisher, self._clock = warehouse, runs, publisher, clock
        self._keep_rejected = KeepRejected(warehouse, service)
        self._finish = FinishRun(runs, Activate(warehouse, publisher, clock))
        self._prepare = PrepareJobs(warehouse)
        self._start = StartRun(self._prepare, runs, publisher, self._finish, clock)

    def __call__(
        self,
        requests: Sequence[RunRequest],
        serving: ServedModels,
        also_expected: Mapping[date, Sequence[ExpectedPlayer]],
        wait_seconds: float,
    ) -> dict[date, str | AppError]:
        """Return, by date, the id of its finished run or the error that prevented the run.

        ``requests`` differ only in the date. Waits for an open run of the services on a date; the date's
        error is ``Unavailable`` if it does not end in time. A successful run of the same job is not repeated.
        Raises ``Unavailable`` if a store failed for all dates: the same call continues the runs.
        """
        deadline = time.monotonic() + wait_seconds
        for request in requests[:1]:
            self._prepare.check_warehouse(request.game_date)  # do not open runs that cannot be prepared
        runs_by_date = self._new_or_finished_runs(requests)
        run_ids_or_errors: dict[date, str | AppError] = {}
        runs = []
        for request in requests:
            day = request.game_date
            try:
                run_id, has_ended = runs_by_date.get(day) or self._open(request, deadline)
            except AppError as exc:
                run_ids_or_errors[day] = exc
            else:
                run_ids_or_errors[day] = run_id
                if not has_ended:
                    runs.append(RunToPrepare(run_id, request, also_expected.get(day, ())))
        if runs:
            run_ids_or_errors |= self._run(runs, serving)
        return run_ids_or_errors

    def _new_or_finished_runs(self, requests: Sequence[RunRequest]) -> dict[date, tuple[str, bool]]:
        """Return by date a new run or this job's finished one; dates with another open run are left out."""
        runs: dict[date, tuple[str, bool]] = {}
        with self._runs.batched_writes():
            for request in requests:
                run_id = self._finished_run(request)
                with suppress(Conflict):
                    runs[request.game_date] = (run_id, True) if run_id else (self._start.open(request), False)
        return runs

    def _run(self, runs: Sequence[RunToPrepare], serving: ServedModels) -> dict[date, AppError]:
        """Prepare, predict and finish opened runs; return the errors by date."""
        prepared = dict(zip(runs, self._prepare_runs(runs), strict=True))
        failed = {run: run_jobs for run, run_jobs in prepared.items() if isinstance(run_jobs, AppError)}
        ready: list[RunJobs] = []
        with self._runs.batched_writes():
            for run, run_jobs in prepared.items():
                if not isinstance(run_jobs, AppError):
                    try:
                        self._start.expect(run_jobs)
                        ready.append(run_jobs)
                    except AppError as exc:
                        failed[run] = exc
        for run, error in failed.items():
            self._finish.abandon(run.run_id, str(error))
        for run_jobs in ready:
            self._start.announce_start(run_jobs)
        if ready:
            self._record(ready, self._predict(ready, serving))
            self._finish.finish_all([run_jobs.run_id for run_jobs in ready])
        return {run.request.game_date: error for run, error in failed.items()}

    def _prepare_runs(self, runs: Sequence[RunToPrepare]) -> list[RunJobs | AppError]:
        try:
            return self._prepare.prepare_all(runs, self._clock.now())
        except AppError as exc:
            for run in runs:
                self._finish.abandon(run.run_id, str(exc))
            raise

    def _predict(self, runs: Sequence[RunJobs], serving: ServedModels) -> dict[str, list[PlayerOutcome]]:
        """Predict and write the rows; return, by run, the outcomes of the players with a job."""
        columns = columns_from_runs(runs, self._clock.now())
        lookups = [lookup for r in runs for lookup in r.rows["player_lookup"].to_pylist()]
        outcomes: dict[str, list[PlayerOutcome]] = {r.run_id: [] for r in runs}

        def record_rejected(index: int, reason: str) -> None:
            self._keep_rejected(encode(_request_at(runs, index)), reason, REQUEST_TOPIC)
            run_id, _, player_id = columns.keys[index]
            outcomes[run_id].append(PlayerOutcome(player_id, lookups[index], REFUSED))

        if len(columns):
            predict = Predict(serving.models, serving.build_commit, serving.shadows)
            stage = StageJobs(predict, self._warehouse, self._publisher, self._keep_rejected, self._clock)
            staged = stage.stage_columns(columns, record_rejected)
            for index, systems in zip(staged.completed_jobs, staged.outcomes, strict=True):
                run_id, _, player_id = columns.keys[index]
                outcomes[run_id].append(
                    PlayerOutcome(player_id, lookups[index], player_outcome(systems), systems)
                )
            log(staged.event)
        return outcomes

    def _record(self, runs: Sequence[RunJobs], outcomes: Mapping[str, list[PlayerOutcome]]) -> None:
        """Record the outcomes and fail the players without one: no other process works on these runs.
        Example: an earlier process expected the player, and the game has started since."""
        with self._runs.batched_writes():
            for run_jobs in runs:
                skipped = [outcome_for(p, NO_FEATURES) for p in run_jobs.without_features]
                if self._runs.record(run_jobs.run_id, skipped + outcomes[run_jobs.run_id]):
                    fail_pending_players(self._runs, run_jobs.run_id, NOT_PUBLISHED)

    def _finished_run(self, request: RunRequest) -> str | None:
        """Return this job's successful run, whose process died before it wrote the checkpoint, or None."""
        successful = (RunState.COMPLETE, RunState.PARTIAL)
        runs = self._runs.runs(game_date=request.game_date)
        run_ids = (r.run_id for r in runs if r.request.get("job") == request.job and r.state in successful)
        return next(run_ids, None)

    def _open(self, request: RunRequest, deadline: float) -> tuple[str, bool]:
        """Return the id of a new run, or of a dead process's run, and whether that run has ended."""
        while True:
            try:
                return self._start.open(request), False
            except Conflict as exc:
                run = self._runs.get(exc.holder)
            if run.request.get("job") is not None:
                if self._take_over(run, request):
                    return run.run_id, run.state is RunState.ACTIVATING
            elif time.monotonic() > deadline:
                raise Unavailable(f"run {run.run_id} of {request.game_date} has not ended")
            else:
                time.sleep(POLL_SECONDS)

    def _take_over(self, run: Run, request: RunRequest) -> bool:
        """Resume or abandon the run of a dead process; return whether its request equals this one."""
        is_same_request = msgspec.convert(dict(run.request), RunRequest) == request
        if run.state is RunState.ACTIVATING:
            self._finish.resume(run.run_id)
        elif not is_same_request:
            self._finish.abandon(run.run_id, "its process ended before the run did")
        return is_same_request


def _request_at(runs: Sequence[RunJobs], index: int) -> PredictionRequest:
    """Return the message of the job at an index over all runs."""
    for run_jobs in runs:
        if index < len(run_jobs.systems):
            return run_jobs.requests()[index]
        index -= len(run_jobs.systems)
    raise IndexError(index)
