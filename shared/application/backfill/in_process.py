"""Whole runs in this process: the coordinator's and the worker's use cases, without a broker between."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from shared.application.messaging.events import log
from shared.application.messaging.rejected import KeepRejected
from shared.application.messaging.topics import REQUEST_TOPIC
from shared.application.prediction.job_batch import columns_from_runs
from shared.application.prediction.predict import Predict
from shared.application.prediction.stage import REFUSED, StageJobs, player_outcome
from shared.application.runs.activation import Activate
from shared.application.runs.expected_players import outcome_for
from shared.application.runs.jobs import NO_FEATURES, PrepareJobs, RunJobs, RunToPrepare
from shared.application.runs.lifecycle import (
    NOT_PUBLISHED,
    FinishRun,
    StartRun,
    fail_pending_players,
)
from shared.application.runs.request import RunRequest, request_from_stored
from shared.errors import AppError, Conflict, Unavailable
from shared.model_registry.loading import LoadedModel
from shared.ports import Clock, ExpectedPlayer, PlayerOutcome, Publisher, Run, RunState, RunStore, Warehouse
from shared.schemas.messages import PredictionRequest, encode

POLL_SECONDS = 0.25


@dataclass(frozen=True)
class ServedModels:
    """What predicts: models and shadows, and the commit of the code."""

    models: Mapping[str, LoadedModel]
    shadows: Sequence[LoadedModel]
    build_commit: str


class RunInProcess:
    """Runs game dates from start to activation, many at once: one forecast, one append, one activation.

    The caller holds the job's lock of each date: a run of a job that is still open there belongs to a
    process that has died, and is carried on or ended.
    """

    def __init__(
        self, warehouse: Warehouse, runs: RunStore, publisher: Publisher, clock: Clock, service: str
    ) -> None:
        self._warehouse, self._runs, self._publisher, self._clock = warehouse, runs, publisher, clock
        self._keep = KeepRejected(warehouse, service)
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
        """By date the id of its run, which has ended, or what kept it from running.

        ``requests`` ask for the same, each for another date. Waits for a served run of a date to end first;
        ``Unavailable`` when it does not in time. A run of the same job that ended well is not repeated.
        Raises ``Unavailable`` where a store failed for all of them: the same call again carries them on.
        """
        end = time.monotonic() + wait_seconds
        for request in requests[:1]:
            self._prepare.check_warehouse(request.game_date)  # no run is opened that could not be tried
        fresh = self._fresh(requests)
        told: dict[date, str | AppError] = {}
        wanted = []
        for request in requests:
            day = request.game_date
            try:
                run_id, ended = fresh.get(day) or self._open(request, end)
            except AppError as exc:
                told[day] = exc
            else:
                told[day] = run_id
                if not ended:
                    wanted.append(RunToPrepare(run_id, request, also_expected.get(day, ())))
        if wanted:
            told |= self._run(wanted, serving)
        return told

    def _fresh(self, requests: Sequence[RunRequest]) -> dict[date, tuple[str, bool]]:
        """New runs, and those of this job that have ended; without the dates on which another is open."""
        found: dict[date, tuple[str, bool]] = {}
        with self._runs.batched_writes():
            for request in requests:
                ended = self._ended(request)
                with suppress(Conflict):
                    found[request.game_date] = (ended, True) if ended else (self._start.open(request), False)
        return found

    def _run(self, wanted: Sequence[RunToPrepare], serving: ServedModels) -> dict[date, AppError]:
        """Everything between the opening of runs and their end; gives what kept some of them from it."""
        prepared = dict(zip(wanted, self._prepared(wanted), strict=True))
        failed = {one: jobs for one, jobs in prepared.items() if isinstance(jobs, AppError)}
        ready: list[RunJobs] = []
        with self._runs.batched_writes():
            for one, jobs in prepared.items():
                if not isinstance(jobs, AppError):
                    try:
                        self._start.expect(jobs)
                        ready.append(jobs)
                    except AppError as exc:
                        failed[one] = exc
        for one, why in failed.items():
            self._finish.abandon(one.run_id, str(why))
        for jobs in ready:
            self._start.announce_start(jobs)
        if ready:
            self._record(ready, self._staged(ready, serving))
            self._finish.finish_all([jobs.run_id for jobs in ready])
        return {one.request.game_date: why for one, why in failed.items()}

    def _prepared(self, wanted: Sequence[RunToPrepare]) -> list[RunJobs | AppError]:
        try:
            return self._prepare.prepare_all(wanted, self._clock.now())
        except AppError as exc:
            for one in wanted:
                self._finish.abandon(one.run_id, str(exc))
            raise

    def _staged(self, runs: Sequence[RunJobs], serving: ServedModels) -> dict[str, list[PlayerOutcome]]:
        """Outcomes by run of the players who have a job, once the rows are written."""
        columns = columns_from_runs(runs, self._clock.now())
        lookups = [lookup for r in runs for lookup in r.rows["player_lookup"].to_pylist()]
        outcomes: dict[str, list[PlayerOutcome]] = {r.run_id: [] for r in runs}

        def refuse(at: int, reason: str) -> None:
            self._keep(encode(_request_at(runs, at)), reason, REQUEST_TOPIC)
            run_id, _, player_id = columns.keys[at]
            outcomes[run_id].append(PlayerOutcome(player_id, lookups[at], REFUSED))

        if len(columns):
            predict = Predict(serving.models, serving.build_commit, serving.shadows)
            stage = StageJobs(predict, self._warehouse, self._publisher, self._keep, self._clock)
            staged = stage.stage_columns(columns, refuse)
            for at, said in zip(staged.completed_jobs, staged.outcomes, strict=True):
                run_id, _, player_id = columns.keys[at]
                outcomes[run_id].append(PlayerOutcome(player_id, lookups[at], player_outcome(said), said))
            log(staged.event)
        return outcomes

    def _record(self, runs: Sequence[RunJobs], outcomes: Mapping[str, list[PlayerOutcome]]) -> None:
        """Nobody else works on these runs: whoever has no outcome now, as where his game has begun since a
        process before this one expected him, gets none."""
        with self._runs.batched_writes():
            for jobs in runs:
                lost = [outcome_for(p, f"skipped:{NO_FEATURES}") for p in jobs.without_features]
                if self._runs.record(jobs.run_id, lost + outcomes[jobs.run_id]):
                    fail_pending_players(self._runs, jobs.run_id, NOT_PUBLISHED)

    def _ended(self, request: RunRequest) -> str | None:
        """The run of this job that its process had ended when it died before it could say so."""
        well = (RunState.COMPLETE, RunState.PARTIAL)
        runs = self._runs.runs(game_date=request.game_date)
        mine = (r.run_id for r in runs if r.request.get("job") == request.job and r.state in well)
        return next(mine, None)

    def _open(self, request: RunRequest, end: float) -> tuple[str, bool]:
        """The run of a request on whose date another is open, and whether it has ended already."""
        while True:
            try:
                return self._start.open(request), False
            except Conflict as exc:
                run = self._runs.get(exc.holder)
            if run.request.get("job") is not None:
                if self._take_over(run, request):
                    return run.run_id, run.state is RunState.ACTIVATING
            elif time.monotonic() > end:
                raise Unavailable(f"run {run.run_id} of {request.game_date} has not ended")
            else:
                time.sleep(POLL_SECONDS)

    def _take_over(self, run: Run, request: RunRequest) -> bool:
        """Bring a dead process's run to where it can be carried on; say whether it is what is wanted now."""
        same = request_from_stored(run.request) == request
        if run.state is RunState.ACTIVATING:
            self._finish.resume(run.run_id)
        elif not same:
            self._finish.abandon(run.run_id, "its process ended before it did")
        return same


def _request_at(runs: Sequence[RunJobs], at: int) -> PredictionRequest:
    """The message of the job at a position among those of all the runs."""
    for jobs in runs:
        if at < len(jobs.systems):
            return jobs.requests()[at]
        at -= len(jobs.systems)
    raise IndexError(at)
