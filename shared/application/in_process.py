"""A whole run in this process: the coordinator's and the worker's use cases, without a broker between."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from shared.application.activation import Activate
from shared.application.jobs import PrepareJobs
from shared.application.outgoing import READY_TOPIC, REQUEST_TOPIC
from shared.application.predict import Predict
from shared.application.rejects import KeepRejected
from shared.application.run_request import RunRequest, request_of
from shared.application.runs import (
    NOT_PUBLISHED,
    FinishRun,
    RecordOutcome,
    Report,
    StartRun,
    fail_waiting,
)
from shared.application.stage import Job, StageJobs
from shared.errors import Conflict, Unavailable
from shared.model_registry.loading import LoadedModel
from shared.ports import Clock, Outgoing, Publisher, Run, RunState, RunStore, Warehouse
from shared.schemas.messages import PredictionReady, PredictionRequest, decode

POLL_SECONDS = 0.25


class Mailbox:
    """A publisher that keeps the messages of a run for this process and passes the others on."""

    def __init__(self, outside: Publisher) -> None:
        self._outside = outside
        self._kept: dict[str, list[bytes]] = {REQUEST_TOPIC: [], READY_TOPIC: []}

    def publish(self, topic: str, messages: Sequence[Outgoing]) -> None:
        if topic in self._kept:
            self._kept[topic] += [m.body for m in messages]
        else:
            self._outside.publish(topic, messages)

    def take(self, topic: str) -> list[bytes]:
        taken, self._kept[topic] = self._kept[topic], []
        return taken


class RunInProcess:
    """Runs one game date from start to activation.

    The caller holds the job's lock of that date: a run of a job that is still open there belongs to a
    process that has died, and is carried on or ended.
    """

    def __init__(
        self, warehouse: Warehouse, runs: RunStore, publisher: Publisher, clock: Clock, service: str
    ) -> None:
        self._warehouse, self._runs, self._clock = warehouse, runs, clock
        self._mailbox = Mailbox(publisher)
        self._keep = KeepRejected(warehouse, service)
        self._finish = FinishRun(runs, Activate(warehouse, self._mailbox, clock))
        self._start = StartRun(PrepareJobs(warehouse), runs, self._mailbox, self._finish, clock)
        self._record = RecordOutcome(runs, self._finish)

    def __call__(
        self,
        request: RunRequest,
        models: Mapping[str, LoadedModel],
        shadows: Sequence[LoadedModel],
        build_commit: str,
        also_expected: Mapping[str, str],
        wait_seconds: float,
    ) -> str:
        """The id of the run, which has ended. Waits for a served run of the date to end first;
        ``Unavailable`` when it does not in time. A run of the same job that ended well is not repeated."""
        ended = self._ended(request)
        if ended is not None:
            return ended
        run_id = self._open(request, also_expected, time.monotonic() + wait_seconds)
        stage = StageJobs(
            Predict(models, build_commit, shadows), self._warehouse, self._mailbox, self._keep, self._clock
        )
        bodies = self._mailbox.take(REQUEST_TOPIC)
        jobs = [Job(run_id, decode(body, PredictionRequest), body) for body in bodies]
        if jobs:
            stage(jobs)
        reports = [decode(body, PredictionReady) for body in self._mailbox.take(READY_TOPIC)]
        if reports:
            self._record.several([Report(ready) for ready in reports])
        self._end(run_id)
        return run_id

    def _end(self, run_id: str) -> None:
        """Nobody else works on this run: whoever has no outcome now, as where his game has begun since a
        process before this one expected him, gets none."""
        if self._runs.get(run_id).state is RunState.PUBLISHED:
            fail_waiting(self._runs, run_id, NOT_PUBLISHED)
            self._finish(run_id)

    def _ended(self, request: RunRequest) -> str | None:
        """The run of this job that its process had ended when it died before it could say so."""
        well = (RunState.COMPLETE, RunState.PARTIAL)
        runs = self._runs.runs(game_date=request.game_date)
        mine = (r.run_id for r in runs if r.request.get("job") == request.job and r.state in well)
        return next(mine, None)

    def _open(self, request: RunRequest, also_expected: Mapping[str, str], end: float) -> str:
        while True:
            try:
                return self._start(request, also_expected).run_id
            except Conflict as exc:
                run = self._runs.get(exc.holder)
            if run.request.get("job") is not None:
                if self._take_over(run, request, also_expected):
                    return run.run_id
            elif time.monotonic() > end:
                raise Unavailable(f"run {run.run_id} of {request.game_date} has not ended")
            else:
                time.sleep(POLL_SECONDS)

    def _take_over(self, run: Run, request: RunRequest, also_expected: Mapping[str, str]) -> bool:
        """Bring a dead process's run on; say whether it is the run that is wanted now."""
        same = request_of(run.request) == request
        if run.state is RunState.ACTIVATING:
            self._finish.resume(run.run_id)
        elif same:
            self._start.carry_on(run.run_id, request, also_expected)
        else:
            self._finish.abandon(run.run_id, "its process ended before it did")
        return same
