"""Runs: started, collected player by player, and always brought to an end."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

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
from shared.application.runs.expected_players import PlayersOfRun, outcome_for
from shared.application.runs.jobs import NO_FEATURES, PrepareJobs, RunJobs
from shared.application.runs.rate_limit import check_rate
from shared.application.runs.request import RunRequest
from shared.application.runs.run_to_activate import FAILED, PREDICTED, SKIPPED, RunToActivate
from shared.errors import AppError, Conflict, Rejected, Unavailable
from shared.observability import tracing
from shared.observability.tracing import Trace
from shared.ports import (
    Clock,
    ExpectedPlayer,
    Publisher,
    Run,
    RunState,
    RunStore,
)
from shared.schemas.messages import PredictionReady

DEADLINE = timedelta(minutes=15)
REMEMBERED = 20
"""Runs whose expected players are kept in memory."""

NOT_PUBLISHED, DEADLINE_PASSED = "failed:not_published", "failed:deadline"
"""Outcomes of players whom nobody reported on."""


@dataclass(frozen=True)
class StartedRun:
    run_id: str
    expected_players: int
    published: int


class StartRun:
    """Opens a run for a game date and publishes one job per expected player.

    ``max_per_hour``: runs that may be opened within an hour; None is any number. Runs of jobs do not count.
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
        self._prepare = prepare
        self._runs = runs
        self._publisher = publisher
        self._finish = finish
        self._clock = clock
        self._observe = observe
        self._max_per_hour = max_per_hour

    def __call__(self, request: RunRequest, also_expected: Sequence[ExpectedPlayer] = ()) -> StartedRun:
        """``Conflict`` while a run of the date is under way; ``NotFound``, ``Unavailable`` as prepared;
        ``TooMany`` in this hour. While the warehouse cannot be asked, no run is opened.

        A start that is refused leaves no run: it is opened once it is prepared. What goes wrong between
        then and the last of its jobs ends it as FAILED, and the date is free again.
        ``also_expected``: players who have no features and are to be named.
        """
        self._check_is_free(request)
        self._prepare.check_reason(request, self._clock.now())
        run_id = _new_id(request)
        prepared = self._prepare(run_id, request, self._clock.now(), also_expected)
        self.open(request, run_id)
        try:
            self._publish(prepared)
        except AppError as exc:
            self._finish.abandon(run_id, str(exc))
            raise
        lost = [outcome_for(p, f"skipped:{NO_FEATURES}") for p in prepared.without_features]
        if self._runs.record(run_id, lost) == 0:
            self._finish(run_id)
        return StartedRun(run_id, len(prepared.players), len(prepared.systems))

    def _check_is_free(self, request: RunRequest) -> None:
        """Refuse early what ``open`` would refuse once everything is prepared."""
        if self._max_per_hour is not None:
            check_rate(self._runs, self._max_per_hour, datetime.now(UTC))
        for run in self._runs.active_runs():
            if run.game_date == request.game_date:
                self._observe(RunRefused(request.game_date, run.run_id))
                raise Conflict(f"a run for {run.game_date} is under way: {run.run_id}", run.run_id)

    def open(self, request: RunRequest, run_id: str | None = None) -> str:
        """The id of a new run. ``Conflict`` while another of the date is under way."""
        now = datetime.now(UTC)
        run_id = run_id or _new_id(request)
        asked = {**asdict(request), "game_date": request.game_date.isoformat()}
        run = Run(run_id, request.game_date, RunState.CREATED, now, 0, asked)
        try:
            self._runs.open(run)
        except Conflict as exc:
            self._observe(RunRefused(request.game_date, exc.holder))
            raise
        return run_id

    def expect(self, prepared: RunJobs) -> None:
        """Name who is expected; from here on the run counts as published."""
        run_id = prepared.run_id
        self._runs.expect(run_id, prepared.players)
        moved = self._runs.advance(run_id, [RunState.CREATED], RunState.PUBLISHED)
        if not moved and self._runs.get(run_id).state is not RunState.PUBLISHED:
            raise Unavailable(f"run {run_id} was ended before its jobs were out")

    def _publish(self, prepared: RunJobs) -> None:
        self.expect(prepared)
        begun = time.perf_counter()
        if prepared.systems:
            self._publisher.publish(REQUEST_TOPIC, [to_outgoing(job) for job in prepared.requests()])
        self.announce_start(prepared, time.perf_counter() - begun)

    def announce_start(self, prepared: RunJobs, publish_seconds: float = 0.0) -> None:
        """Say that the jobs of a run are out."""
        self._observe(
            RunStarted(
                run_id=prepared.run_id,
                game_date=prepared.request.game_date,
                mode=prepared.request.mode.value,
                expected_players=len(prepared.players),
                jobs=len(prepared.systems),
                publish_seconds=publish_seconds,
            )
        )


def _new_id(request: RunRequest) -> str:
    return f"{request.game_date:%Y%m%d}-{secrets.token_hex(6)}"


class FinishRun:
    """Ends a run whose players all have an outcome; of many callers one does it."""

    def __init__(self, runs: RunStore, activate: Activate, observe: Observer = log) -> None:
        self._runs = runs
        self._activate = activate
        self._observe = observe

    def __call__(self, run_id: str) -> None:
        self.finish_all([run_id])

    def finish_all(self, run_ids: Sequence[str]) -> None:
        """The same for runs of different game dates, which come into use together."""
        with self._runs.batched_writes():
            mine = [r for r in run_ids if self._runs.advance(r, [RunState.PUBLISHED], RunState.ACTIVATING)]
        try:
            self._end(mine)
        except Unavailable:
            for run_id in mine:
                self._runs.advance(run_id, [RunState.ACTIVATING], RunState.PUBLISHED)
            raise

    def resume(self, run_id: str) -> None:
        """Activate a run that stands in ACTIVATING, where whoever moved it there may have died.

        Where the store is away it stays there: only he who moved it takes it back.
        """
        self._end([run_id])

    def _end(self, run_ids: Sequence[str]) -> None:
        if not run_ids:
            return
        begun = time.perf_counter()
        with self._runs.batched_writes():
            endings = [RunToActivate(self._runs.get(r), self._runs.outcomes(r)) for r in run_ids]
        ended = self._activate(endings)
        took = time.perf_counter() - begun
        with self._runs.batched_writes():
            told = [
                _told(ending, how, took)
                for ending, how in zip(endings, ended, strict=True)
                if self._runs.advance(ending.run_id, [RunState.ACTIVATING], how.state, note=how.note)
            ]
        for event in told:
            self._observe(event)

    def abandon(self, run_id: str, why: str) -> None:
        """End a run that nobody carries on: as FAILED, unless its rows may be in use already.

        They may where somebody was predicted or nobody waited any more, as when the broker's answer was
        lost: then it ends like any other. Who is expected is certain only once a run is published.
        """
        run = self._runs.get(run_id)
        waited = fail_pending_players(self._runs, run_id, NOT_PUBLISHED)
        known = self._runs.outcomes(run_id).values()
        predicted = any(o is not None and o.outcome == PREDICTED for o in known)
        if run.state is RunState.PUBLISHED and (predicted or not waited):
            self(run_id)
        elif run.state in (RunState.CREATED, RunState.PUBLISHED):
            if self._runs.advance(run_id, [run.state], RunState.FAILED, note=why):
                mode = str(run.request.get("mode", "LIVE"))
                self._observe(RunFailed(run_id, run.game_date, mode, why))
            fail_pending_players(self._runs, run_id, NOT_PUBLISHED)


class Report(NamedTuple):
    """What a worker says of one player, and the trace of the message that brought it."""

    ready: PredictionReady
    trace: Trace | None = None


class RecordOutcome:
    """Takes what workers report, each player's or whatever has come together."""

    def __init__(self, runs: RunStore, finish: FinishRun) -> None:
        self._runs = runs
        self._finish = finish
        self._expected: dict[str, PlayersOfRun] = {}

    def __call__(self, ready: PredictionReady) -> None:
        """One report, checked and recorded."""
        self.check(ready)
        self.record_all([Report(ready)])

    def check(self, ready: PredictionReady) -> None:
        """``NotFound`` for a run that does not exist or does not expect the player, ``Rejected`` for an
        outcome that is none and for a spelling of two players without an id."""
        self._expected_of(ready.run_id).find(ready)
        if ready.outcome.partition(":")[0] not in (PREDICTED, SKIPPED, FAILED):
            raise Rejected(f"outcome: {ready.outcome!r}, wanted predicted, skipped:<why> or failed:<why>")

    def record_all(self, reports: Sequence[Report]) -> None:
        """Record reports that passed ``check``: one step for each run among them."""
        by_run: dict[str, list[Report]] = {}
        for report in reports:
            by_run.setdefault(report.ready.run_id, []).append(report)
        for run_id, some in by_run.items():
            expected = self._expected_of(run_id)
            outcomes = [outcome_for(expected.find(r), r.outcome, r.systems) for r, _ in some]
            with tracing.use(some[-1].trace or tracing.current()):
                if self._runs.record(run_id, outcomes) == 0:
                    self._finish(run_id)

    def _expected_of(self, run_id: str) -> PlayersOfRun:
        """Players are named before any of their jobs is out, so that they are read once."""
        if run_id not in self._expected:
            players = self._runs.players(run_id)
            if not players:
                return PlayersOfRun(players)
            found = PlayersOfRun(players)
            self._expected = {**dict(list(self._expected.items())[-REMEMBERED:]), run_id: found}
        return self._expected[run_id]


class CheckStalled:
    """Brings runs past their deadline to an end, so that none stays open for ever."""

    def __init__(
        self, runs: RunStore, finish: FinishRun, deadline: timedelta = DEADLINE, observe: Observer = log
    ) -> None:
        self._runs = runs
        self._finish = finish
        self._deadline = deadline
        self._observe = observe

    def __call__(self, now: datetime) -> list[str]:
        """The runs that were ended; ``now`` is real time, as ``opened_at`` is.

        ``Unavailable`` once all of them were tried, where one could not be ended.
        """
        late = [r for r in self._runs.active_runs() if now - r.opened_at > self._deadline]
        failure: Unavailable | None = None
        for run in late:
            try:
                self._end(run)
            except Unavailable as exc:
                failure = exc
        if late:
            self._observe(RunsStalled([run.run_id for run in late]))
        if failure:
            raise failure
        return [run.run_id for run in late]

    def _end(self, run: Run) -> None:
        if run.state is RunState.CREATED:
            self._finish.abandon(run.run_id, "stopped before publishing")
        elif run.state is RunState.ACTIVATING:
            self._finish.resume(run.run_id)
        else:
            fail_pending_players(self._runs, run.run_id, DEADLINE_PASSED)
            self._finish(run.run_id)


def fail_pending_players(runs: RunStore, run_id: str, outcome: str) -> int:
    """Give every player who is still without an outcome this one; how many there were."""
    waiting = [p for p, known in runs.outcomes(run_id).items() if known is None]
    runs.record(run_id, [outcome_for(p, outcome) for p in waiting])
    return len(waiting)


def _told(ending: RunToActivate, ended: ActivationResult, activation_seconds: float) -> RunEnded:
    run, outcomes = ending.run, ending.outcomes.values()
    return RunEnded(
        run_id=run.run_id,
        game_date=run.game_date,
        mode=str(run.request.get("mode", "LIVE")),
        state=ended.state.value,
        note=ended.note,
        players=ending.players(),
        missing=sum(o is None or o.outcome in (NOT_PUBLISHED, DEADLINE_PASSED) for o in outcomes),
        games_begun=ended.counts.games_begun,
        rows_activated=ended.counts.activated,
        rows_superseded=ended.counts.superseded,
        seconds=(datetime.now(UTC) - run.opened_at).total_seconds(),
        activation_seconds=activation_seconds,
    )
