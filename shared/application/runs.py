"""Runs: started, collected player by player, and always brought to an end."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from shared.application.activation import Activate
from shared.application.jobs import NO_FEATURES, PrepareJobs, RunJobs
from shared.application.run_request import RunRequest
from shared.errors import AppError, NotFound, TooMany, Unavailable
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
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Started:
    run_id: str
    expected_players: int
    published: int


class StartRun:
    """Opens a run for a game date and publishes one job per expected player.

    ``most_per_hour``: runs that may be opened within an hour; None is any number. Runs of jobs do not count.
    """

    def __init__(
        self,
        prepare: PrepareJobs,
        runs: RunStore,
        publisher: Publisher,
        finish: FinishRun,
        clock: Clock,
        most_per_hour: int | None = None,
    ) -> None:
        self._prepare = prepare
        self._runs = runs
        self._publisher = publisher
        self._finish = finish
        self._clock = clock
        self._most_per_hour = most_per_hour

    def __call__(self, request: RunRequest, also_expected: Mapping[str, str] | None = None) -> Started:
        """``Conflict`` while a run of the date is under way; ``NotFound``, ``Unavailable`` as prepared;
        ``TooMany`` in this hour.

        Whatever goes wrong after the run is open, the run ends as FAILED and the date is free again.
        ``also_expected``: players by game that have no features and are to be named.
        """
        now = datetime.now(UTC)
        if self._most_per_hour is not None:
            check_rate(self._runs, self._most_per_hour, now)
        run_id = f"{request.game_date:%Y%m%d}-{secrets.token_hex(6)}"
        asked = {**asdict(request), "game_date": request.game_date.isoformat()}
        self._runs.open(Run(run_id, request.game_date, RunState.CREATED, now, 0, asked))
        return self.carry_on(run_id, request, also_expected)

    def carry_on(
        self, run_id: str, request: RunRequest, also_expected: Mapping[str, str] | None = None
    ) -> Started:
        """Prepare and publish a run that is open; doing it twice changes nothing."""
        try:
            prepared = self._prepare(run_id, request, self._clock.now(), also_expected)
            published = self._publish(run_id, prepared)
        except AppError as exc:
            self._runs.advance(run_id, ACTIVE_STATES, RunState.FAILED, note=str(exc))
            raise
        return Started(run_id, len(prepared.games), published)

    def _publish(self, run_id: str, prepared: RunJobs) -> int:
        self._runs.expect(run_id, prepared.games)
        self._runs.advance(run_id, [RunState.CREATED], RunState.PUBLISHED)
        if prepared.jobs:
            self._publisher.publish(REQUEST_TOPIC, [Outgoing(encode(job)) for job in prepared.jobs])
        lost = [PlayerOutcome(p, f"skipped:{NO_FEATURES}") for p in prepared.without_features]
        if self._runs.record(run_id, lost) == 0:
            self._finish(run_id)
        return len(prepared.jobs)


def check_rate(runs: RunStore, most: int, now: datetime) -> None:
    """``TooMany`` when ``most`` runs that no job made were opened in the hour before ``now``, real time.

    Two callers at the same instant may both be let in: the limit keeps a flood away, it counts no tickets.
    """
    limit, since = most, now - HOUR
    newest = runs.runs(limit=limit)
    while len(newest) == limit and newest[-1].opened_at > since:
        limit *= 2
        newest = runs.runs(limit=limit)
    counted = [r for r in newest if r.opened_at > since and r.request.get("job") is None]
    if len(counted) >= most:
        wait = counted[most - 1].opened_at - since
        raise TooMany(
            f"{len(counted)} runs were opened within an hour, wanted at most {most}",
            math.ceil(wait.total_seconds()),
        )


class FinishRun:
    """Ends a run whose players all have an outcome; of many callers one does it."""

    def __init__(self, runs: RunStore, activate: Activate) -> None:
        self._runs = runs
        self._activate = activate

    def __call__(self, run_id: str) -> None:
        if self._runs.advance(run_id, [RunState.PUBLISHED], RunState.ACTIVATING):
            self.resume(run_id)

    def resume(self, run_id: str) -> None:
        """Activate a run that stands in ACTIVATING; where the store is away it stays to be tried again."""
        try:
            ended = self._activate(
                self._runs.get(run_id), self._runs.outcomes(run_id), self._runs.games(run_id)
            )
        except Unavailable:
            self._runs.advance(run_id, [RunState.ACTIVATING], RunState.PUBLISHED)
            raise
        self._runs.advance(run_id, [RunState.ACTIVATING], ended.state, note=ended.note)


class RecordOutcome:
    """Takes what a worker reports of one player."""

    def __init__(self, runs: RunStore, finish: FinishRun) -> None:
        self._runs = runs
        self._finish = finish

    def __call__(self, ready: PredictionReady) -> None:
        """``NotFound`` for a run that does not exist or does not expect the player."""
        self.several(ready.run_id, [ready])

    def several(self, run_id: str, reports: Sequence[PredictionReady]) -> None:
        """The same for reports of one run, in one step."""
        expected = self._runs.games(run_id)
        for ready in reports:
            if ready.player_lookup not in expected:
                raise NotFound(f"run {run_id!r} does not expect player {ready.player_lookup!r}")
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
        """The runs that were ended; ``now`` is real time, as ``opened_at`` is."""
        late = [
            r
            for r in self._runs.runs(limit=1000)
            if r.state in ACTIVE_STATES and now - r.opened_at > self._deadline
        ]
        for run in late:
            self._end(run)
        return [run.run_id for run in late]

    def _end(self, run: Run) -> None:
        if run.state is RunState.CREATED:
            self._runs.advance(
                run.run_id, [RunState.CREATED], RunState.FAILED, note="stopped before publishing"
            )
        elif run.state is RunState.ACTIVATING:
            self._finish.resume(run.run_id)
        else:
            waiting = [p for p, outcome in self._runs.outcomes(run.run_id).items() if outcome is None]
            self._runs.record(run.run_id, [PlayerOutcome(p, "failed:deadline") for p in waiting])
            self._finish(run.run_id)
