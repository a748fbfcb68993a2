"""Runs: started, collected player by player, and always brought to an end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from shared.application.activation import FAILED, PREDICTED, SKIPPED, Activate
from shared.application.jobs import NO_FEATURES, PrepareJobs, RunJobs
from shared.application.run_request import RunRequest
from shared.errors import AppError, NotFound, Rejected, Unavailable
from shared.ports import (
    ACTIVE_STATES,
    Clock,
    Outgoing,
    PlayerOutcome,
    Publisher,
    Run,
    RunState,
    RunStore,
)
from shared.schemas.messages import PredictionReady, encode

REQUEST_TOPIC = "prediction-request"
DEADLINE = timedelta(minutes=15)
NOT_PUBLISHED = "failed:not_published"


@dataclass(frozen=True)
class Started:
    run_id: str
    expected_players: int
    published: int


class StartRun:
    """Opens a run for a game date and publishes one job per expected player."""

    def __init__(
        self, prepare: PrepareJobs, runs: RunStore, publisher: Publisher, finish: FinishRun, clock: Clock
    ) -> None:
        self._prepare = prepare
        self._runs = runs
        self._publisher = publisher
        self._finish = finish
        self._clock = clock

    def __call__(self, request: RunRequest, also_expected: Mapping[str, str] | None = None) -> Started:
        """``Conflict`` while a run of the date is under way; ``NotFound``, ``Unavailable`` as prepared.

        Whatever goes wrong before its jobs are out, the run ends as FAILED and the date is free again.
        ``also_expected``: players by game that have no features and are to be named.
        """
        run_id = f"{request.game_date:%Y%m%d}-{secrets.token_hex(6)}"
        asked = {**asdict(request), "game_date": request.game_date.isoformat()}
        self._runs.open(Run(run_id, request.game_date, RunState.CREATED, datetime.now(UTC), 0, asked))
        return self.carry_on(run_id, request, also_expected)

    def carry_on(
        self, run_id: str, request: RunRequest, also_expected: Mapping[str, str] | None = None
    ) -> Started:
        """Prepare and publish a run that is open; doing it twice changes nothing."""
        try:
            prepared = self._prepare(run_id, request, self._clock.now(), also_expected)
            self._publish(run_id, prepared)
        except AppError as exc:
            self._finish.abandon(run_id, str(exc))
            raise
        lost = [PlayerOutcome(p, f"skipped:{NO_FEATURES}") for p in prepared.without_features]
        if self._runs.record(run_id, lost) == 0:
            self._finish(run_id)
        return Started(run_id, len(prepared.games), len(prepared.jobs))

    def _publish(self, run_id: str, prepared: RunJobs) -> None:
        self._runs.expect(run_id, prepared.games)
        moved = self._runs.advance(run_id, [RunState.CREATED], RunState.PUBLISHED)
        if not moved and self._runs.get(run_id).state is not RunState.PUBLISHED:
            raise Unavailable(f"run {run_id} was ended before its jobs were out")
        if prepared.jobs:
            self._publisher.publish(REQUEST_TOPIC, [Outgoing(encode(job)) for job in prepared.jobs])


class FinishRun:
    """Ends a run whose players all have an outcome; of many callers one does it."""

    def __init__(self, runs: RunStore, activate: Activate) -> None:
        self._runs = runs
        self._activate = activate

    def __call__(self, run_id: str) -> None:
        if not self._runs.advance(run_id, [RunState.PUBLISHED], RunState.ACTIVATING):
            return
        try:
            self.resume(run_id)
        except Unavailable:
            self._runs.advance(run_id, [RunState.ACTIVATING], RunState.PUBLISHED)
            raise

    def resume(self, run_id: str) -> None:
        """Activate a run that stands in ACTIVATING, where whoever moved it there may have died.

        Where the store is away it stays there: only he who moved it takes it back.
        """
        ended = self._activate(self._runs.get(run_id), self._runs.outcomes(run_id), self._runs.games(run_id))
        self._runs.advance(run_id, [RunState.ACTIVATING], ended.state, note=ended.note)

    def abandon(self, run_id: str, why: str) -> None:
        """End a run that nobody carries on: as FAILED, unless its rows may be in use already.

        They may where somebody was predicted or nobody waited any more, as when the broker's answer was
        lost: then it ends like any other. Who is expected is certain only once a run is published.
        """
        state = self._runs.get(run_id).state
        waited = fail_waiting(self._runs, run_id, NOT_PUBLISHED)
        known = self._runs.outcomes(run_id).values()
        predicted = any(o is not None and o.outcome == PREDICTED for o in known)
        if state is RunState.PUBLISHED and (predicted or not waited):
            self(run_id)
        elif state in (RunState.CREATED, RunState.PUBLISHED):
            self._runs.advance(run_id, [state], RunState.FAILED, note=why)
            fail_waiting(self._runs, run_id, NOT_PUBLISHED)


class RecordOutcome:
    """Takes what a worker reports of one player."""

    def __init__(self, runs: RunStore, finish: FinishRun) -> None:
        self._runs = runs
        self._finish = finish

    def __call__(self, ready: PredictionReady) -> None:
        """``NotFound`` for a run that does not exist or does not expect the player, ``Rejected`` for an
        outcome that is none."""
        self.several(ready.run_id, [ready])

    def several(self, run_id: str, reports: Sequence[PredictionReady]) -> None:
        """The same for reports of one run, in one step."""
        expected = self._runs.games(run_id)
        for ready in reports:
            if ready.player_lookup not in expected:
                raise NotFound(f"run {run_id!r} does not expect player {ready.player_lookup!r}")
            if ready.outcome.partition(":")[0] not in (PREDICTED, SKIPPED, FAILED):
                raise Rejected(f"outcome: {ready.outcome!r}, wanted predicted, skipped:<why> or failed:<why>")
        outcomes = [PlayerOutcome(r.player_lookup, r.outcome, r.systems) for r in reports]
        if self._runs.record(run_id, outcomes) == 0:
            self._finish(run_id)


class CheckStalled:
    """Brings runs past their deadline to an end, so that none stays open for ever."""

    def __init__(self, runs: RunStore, finish: FinishRun, deadline: timedelta = DEADLINE) -> None:
        self._runs = runs
        self._finish = finish
        self._deadline = deadline

    def __call__(self, now: datetime) -> list[str]:
        """The runs that were ended; ``now`` is real time, as ``opened_at`` is.

        ``Unavailable`` once all of them were tried, where one could not be ended.
        """
        late = [
            r
            for r in self._runs.runs(limit=1000)
            if r.state in ACTIVE_STATES and now - r.opened_at > self._deadline
        ]
        failure: Unavailable | None = None
        for run in late:
            try:
                self._end(run)
            except Unavailable as exc:
                failure = exc
        if failure:
            raise failure
        return [run.run_id for run in late]

    def _end(self, run: Run) -> None:
        if run.state is RunState.CREATED:
            self._finish.abandon(run.run_id, "stopped before publishing")
        elif run.state is RunState.ACTIVATING:
            self._finish.resume(run.run_id)
        else:
            fail_waiting(self._runs, run.run_id, "failed:deadline")
            self._finish(run.run_id)


def fail_waiting(runs: RunStore, run_id: str, outcome: str) -> int:
    """Give every player who is still without an outcome this one; how many there were."""
    waiting = [p for p, known in runs.outcomes(run_id).items() if known is None]
    runs.record(run_id, [PlayerOutcome(p, outcome) for p in waiting])
    return len(waiting)
