"""The lifecycle of runs: start, record each player's outcome, finish, and end stalled runs."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from shared.application.messaging.events import (
    Observer,
    RunEnded,
    RunFailed,
    RunRefused,
    RunsStalled,
    RunStarted,
    log,
)
from shared.application.messaging.topics import REQUEST_TOPIC, to_outgoing
from shared.application.runs.activation import Activate, ActivationResult
from shared.application.runs.expected_players import ExpectedPlayers, outcome_for
from shared.application.runs.jobs import NO_FEATURES, PrepareJobs, RunJobs
from shared.application.runs.rate_limit import check_rate
from shared.application.runs.request import RunRequest
from shared.application.runs.run_to_activate import RunToActivate
from shared.domain.vocabulary import PREDICTED, Outcome, OutcomeKind, RunState
from shared.errors import AppError, Conflict, Rejected, Unavailable
from shared.observability import tracing
from shared.observability.tracing import Trace
from shared.ports import Clock, ExpectedPlayer, Publisher, Run, RunStore
from shared.schemas.messages import PredictionReady

DEADLINE = timedelta(minutes=15)
CACHED_RUNS = 20
"""Number of runs whose expected players are cached in memory."""

NOT_PUBLISHED = Outcome(OutcomeKind.FAILED, "not_published")
DEADLINE_PASSED = Outcome(OutcomeKind.FAILED, "deadline")
"""Outcomes of players without a worker report."""


@dataclass(frozen=True)
class StartedRun:
    run_id: str
    expected_players: int
    published: int


class StartRun:
    """Opens a run for a game date and publishes one job per expected player.

    ``max_per_hour``: runs that may be opened within an hour, None for no limit; runs of jobs do not count.
    """

    def __init__(
        self,
        prepare: PrepareJobs,
        runs: RunStore,
        publisher: Publisher,
        finish: FinishRun,
        clock: Clock,
        observe: Observer = log,
        max_per_hour: int | None = None,
    ) -> None:
        self._prepare, self._runs, self._publisher, self._finish = prepare, runs, publisher, finish
        self._clock, self._observe, self._max_per_hour = clock, observe, max_per_hour

    def __call__(self, request: RunRequest, also_expected: Sequence[ExpectedPlayer] = ()) -> StartedRun:
        """Start a run. ``Conflict`` while a run of the date is active, ``TooMany`` above the hourly limit,
        ``NotFound`` or ``Unavailable`` if the jobs cannot be prepared.

        The run is opened only after its jobs are prepared, so a refused start leaves no run. An error while
        the jobs are published ends the run as FAILED, and the date is free again.
        ``also_expected``: expected players without features, to report as skipped.
        """
        self._check_no_active_run(request)
        self._prepare.check_reason(request, self._clock.now())
        run_id = _new_id(request)
        prepared = self._prepare(run_id, request, self._clock.now(), also_expected)
        self.open(request, run_id)
        try:
            self._publish(prepared)
        except AppError as exc:
            self._finish.abandon(run_id, str(exc))
            raise
        skipped = [outcome_for(p, NO_FEATURES) for p in prepared.without_features]
        if self._runs.record(run_id, skipped) == 0:
            self._finish(run_id)
        return StartedRun(run_id, len(prepared.players), len(prepared.systems))

    def _check_no_active_run(self, request: RunRequest) -> None:
        """Refuse early, before the jobs are prepared, what ``open`` would refuse later."""
        if self._max_per_hour is not None:
            check_rate(self._runs, self._max_per_hour, datetime.now(UTC))
        for run in self._runs.active_runs():
            if run.game_date == request.game_date:
                self._observe(RunRefused(request.game_date, run.run_id))
                raise Conflict(f"a run for {run.game_date} is under way: {run.run_id}", run.run_id)

    def open(self, request: RunRequest, run_id: str | None = None) -> str:
        """Open a run and return its id. ``Conflict`` while another run of the date is active."""
        now = datetime.now(UTC)
        run_id = run_id or _new_id(request)
        run = Run(run_id, request.game_date, RunState.CREATED, now, 0, msgspec.to_builtins(request))
        try:
            self._runs.open(run)
        except Conflict as exc:
            self._observe(RunRefused(request.game_date, exc.holder))
            raise
        return run_id

    def expect(self, prepared: RunJobs) -> None:
        """Store the expected players and mark the run as published."""
        run_id = prepared.run_id
        self._runs.expect(run_id, prepared.players)
        is_published = self._runs.advance(run_id, [RunState.CREATED], RunState.PUBLISHED)
        if not is_published and self._runs.get(run_id).state is not RunState.PUBLISHED:
            raise Unavailable(f"run {run_id} was ended before its jobs were published")

    def _publish(self, prepared: RunJobs) -> None:
        self.expect(prepared)
        started_at = time.perf_counter()
        if prepared.systems:
            self._publisher.publish(REQUEST_TOPIC, [to_outgoing(job) for job in prepared.requests()])
        self.announce_start(prepared, time.perf_counter() - started_at)

    def announce_start(self, prepared: RunJobs, publish_seconds: float = 0.0) -> None:
        """Emit the event that the jobs of a run are published."""
        self._observe(
            RunStarted(
                run_id=prepared.run_id,
                game_date=prepared.request.game_date,
                mode=prepared.request.mode,
                expected_players=len(prepared.players),
                jobs=len(prepared.systems),
                publish_seconds=publish_seconds,
            )
        )


def _new_id(request: RunRequest) -> str:
    return f"{request.game_date:%Y%m%d}-{secrets.token_hex(6)}"


class FinishRun:
    """Finishes a run whose players all have an outcome; of concurrent callers exactly one does it."""

    def __init__(self, runs: RunStore, activate: Activate, observe: Observer = log) -> None:
        self._runs, self._activate, self._observe = runs, activate, observe

    def __call__(self, run_id: str) -> None:
        self.finish_all([run_id])

    def finish_all(self, run_ids: Sequence[str]) -> None:
        """Finish runs of different game dates and activate them together."""
        with self._runs.batched_writes():
            claimed = [r for r in run_ids if self._runs.advance(r, [RunState.PUBLISHED], RunState.ACTIVATING)]
        try:
            self._activate_and_close(claimed)
        except Unavailable:
            for run_id in claimed:
                self._runs.advance(run_id, [RunState.ACTIVATING], RunState.PUBLISHED)
            raise

    def resume(self, run_id: str) -> None:
        """Activate a run in state ACTIVATING whose process may have died.

        If the store is unavailable it stays ACTIVATING: only the process that moved it may move it back.
        """
        self._activate_and_close([run_id])

    def _activate_and_close(self, run_ids: Sequence[str]) -> None:
        if not run_ids:
            return
        started_at = time.perf_counter()
        with self._runs.batched_writes():
            runs = [RunToActivate(self._runs.get(r), self._runs.outcomes(r)) for r in run_ids]
        results = self._activate(runs)
        seconds = time.perf_counter() - started_at
        with self._runs.batched_writes():
            events = [
                _run_ended_event(run, result, seconds)
                for run, result in zip(runs, results, strict=True)
                if self._runs.advance(run.run_id, [RunState.ACTIVATING], result.state, note=result.note)
            ]
        for event in events:
            self._observe(event)

    def abandon(self, run_id: str, reason: str) -> None:
        """Fail an abandoned run, or finish it normally if any player was predicted or none was pending.

        Its jobs may have reached the workers although publishing failed, as when the broker's response was
        lost. The expected players are certain only once a run is published.
        """
        run = self._runs.get(run_id)
        pending_players = fail_pending_players(self._runs, run_id, NOT_PUBLISHED)
        outcomes = self._runs.outcomes(run_id).values()
        predicted = any(o is not None and o.outcome == PREDICTED for o in outcomes)
        if run.state is RunState.PUBLISHED and (predicted or not pending_players):
            self(run_id)
        elif run.state in (RunState.CREATED, RunState.PUBLISHED):
            if self._runs.advance(run_id, [run.state], RunState.FAILED, note=reason):
                self._observe(RunFailed(run_id, run.game_date, run.mode, reason))
            fail_pending_players(self._runs, run_id, NOT_PUBLISHED)


class Report(NamedTuple):
    """A worker's report on one player, and the trace of its message."""

    ready: PredictionReady
    trace: Trace | None = None


class RecordOutcome:
    """Records worker reports, one at a time or in batches."""

    def __init__(self, runs: RunStore, finish: FinishRun) -> None:
        self._runs, self._finish = runs, finish
        self._expected: dict[str, ExpectedPlayers] = {}

    def __call__(self, ready: PredictionReady) -> None:
        """Check and record one report."""
        self.check(ready)
        self.record_all([Report(ready)])

    def check(self, ready: PredictionReady) -> None:
        """Raise ``NotFound`` if the run does not exist or does not expect the player, ``Rejected`` for an
        invalid outcome or an ambiguous spelling without an id."""
        self._players_of(ready.run_id).find(ready)
        try:
            Outcome.parse(ready.outcome)
        except ValueError as exc:
            expected = "expected predicted, skipped:<why> or failed:<why>"
            raise Rejected(f"outcome: {ready.outcome!r}, {expected}") from exc

    def record_all(self, reports: Sequence[Report]) -> None:
        """Record reports that passed ``check``, with one write per run."""
        by_run: dict[str, list[Report]] = {}
        for report in reports:
            by_run.setdefault(report.ready.run_id, []).append(report)
        for run_id, run_reports in by_run.items():
            expected = self._players_of(run_id)
            outcomes = [
                outcome_for(expected.find(r), Outcome.parse(r.outcome), r.systems) for r, _ in run_reports
            ]
            with tracing.use(run_reports[-1].trace or tracing.current()):
                if self._runs.record(run_id, outcomes) == 0:
                    self._finish(run_id)

    def _players_of(self, run_id: str) -> ExpectedPlayers:
        """Return the expected players, read once: they are stored before any job is published."""
        if run_id not in self._expected:
            players = self._runs.players(run_id)
            if not players:
                return ExpectedPlayers(players)
            players_of_run = ExpectedPlayers(players)
            self._expected = {**dict(list(self._expected.items())[-CACHED_RUNS:]), run_id: players_of_run}
        return self._expected[run_id]


class EndStalledRuns:
    """Ends runs past their deadline, so that no run stays open forever."""

    def __init__(
        self, runs: RunStore, finish: FinishRun, deadline: timedelta = DEADLINE, observe: Observer = log
    ) -> None:
        self._runs, self._finish, self._deadline, self._observe = runs, finish, deadline, observe

    def __call__(self, now: datetime) -> list[str]:
        """End the overdue runs and return their ids; ``now`` is real time, as ``opened_at`` is.

        Tries all of them, then raises ``Unavailable`` if one could not be ended.
        """
        overdue_runs = [r for r in self._runs.active_runs() if now - r.opened_at > self._deadline]
        failure: Unavailable | None = None
        for run in overdue_runs:
            try:
                self._end(run)
            except Unavailable as exc:
                failure = exc
        if overdue_runs:
            self._observe(RunsStalled([run.run_id for run in overdue_runs]))
        if failure:
            raise failure
        return [run.run_id for run in overdue_runs]

    def _end(self, run: Run) -> None:
        if run.state is RunState.CREATED:
            self._finish.abandon(run.run_id, "stopped before publishing")
        elif run.state is RunState.ACTIVATING:
            self._finish.resume(run.run_id)
        else:
            fail_pending_players(self._runs, run.run_id, DEADLINE_PASSED)
            self._finish(run.run_id)


def fail_pending_players(runs: RunStore, run_id: str, outcome: Outcome) -> int:
    """Record this outcome for every player without one, and return their number."""
    pending = [p for p, recorded_outcome in runs.outcomes(run_id).items() if recorded_outcome is None]
    runs.record(run_id, [outcome_for(p, outcome) for p in pending])
    return len(pending)


def _run_ended_event(finished: RunToActivate, result: ActivationResult, seconds: float) -> RunEnded:
    run, outcomes = finished.run, finished.outcomes.values()
    return RunEnded(
        run_id=run.run_id,
        game_date=run.game_date,
        mode=run.mode,
        state=result.state,
        note=result.note,
        players=finished.players(),
        missing=sum(o is None or o.outcome in (NOT_PUBLISHED, DEADLINE_PASSED) for o in outcomes),
        games_begun=result.counts.games_begun,
        rows_activated=result.counts.activated,
        rows_superseded=result.counts.superseded,
        seconds=(datetime.now(UTC) - run.opened_at).total_seconds(),
        activation_seconds=seconds,
    )
