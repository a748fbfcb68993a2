"""Hypothesis decides what happens next to the runs of a date, step by step, and shrinks what breaks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC
from shared.schemas.messages import RunRequested
from tests.faults import checker
from tests.faults.processes import SYSTEMS
from tests.faults.stores import DAY
from tests.faults.threads import How
from tests.faults.world import PROCESSES, Flight, World

HOW = st.sampled_from([How.GO] * 5 + [How.FAIL, How.HALF, How.KILL])
PICK = st.integers(0, 99)
CUT = st.integers(1, 40)
MOST_RUNS = 4


class GameDate(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.asked = 0
        self.changed = False

    @initialize(force=st.booleans())
    def first(self, force: bool) -> None:
        self.start(force, "c1", published=True)

    @precondition(lambda self: self.asked < MOST_RUNS)
    @rule(force=st.booleans(), process=st.sampled_from(("c1", "c2")), published=st.booleans())
    def start(self, force: bool, process: str, published: bool) -> None:
        """A start; ``published``: it gets all its jobs out in this step."""
        self.asked += 1
        asked = RunRequested(DAY.isoformat(), force=force, skip_mlfs_check=True, systems=list(SYSTEMS))
        flight = self.world.start(process, asked)
        if published:
            self.world.finish(flight)
        self.changed = True

    @precondition(lambda self: self.world.broker.due(REQUEST_TOPIC, again=True))
    @rule(worker=st.sampled_from(("w1", "w2")), which=PICK, n=st.integers(1, 8), cut=CUT, how=HOW)
    def work(self, worker: str, which: int, n: int, cut: int, how: How) -> None:
        """Some jobs reach a worker together, also such as are in work already."""
        due = self.world.broker.due(REQUEST_TOPIC, again=True)
        at = which % len(due)
        self.go_on(self.world.deliver(worker, due[at : at + n]), cut, how)

    @precondition(lambda self: self.world.broker.due(READY_TOPIC, again=True))
    @rule(coordinator=st.sampled_from(("c1", "c2")), n=st.integers(1, 8), cut=CUT, how=HOW)
    def tell(self, coordinator: str, n: int, cut: int, how: How) -> None:
        """Some outcomes reach a coordinator; the last of them may be cut short."""
        *calm, last = self.world.broker.due(READY_TOPIC, again=True)[:n]
        for message in calm:
            self.world.finish(self.world.deliver(coordinator, [message]))
        self.go_on(self.world.deliver(coordinator, [last]), cut, how)

    @precondition(lambda self: self.world.flights)
    @rule(which=PICK, cut=CUT, how=HOW)
    def wake(self, which: int, cut: int, how: How) -> None:
        """Work that waits somewhere goes on."""
        self.go_on(self.world.flights[which % len(self.world.flights)], cut, how)

    def go_on(self, flight: Flight, cut: int, how: How) -> None:
        """Calm steps, then one that goes as ``how`` says; an end that fails says that its answer is lost."""
        self.changed = True
        for n in range(cut):
            if flight not in self.world.flights:
                return
            last = n == cut - 1
            self.world.step(flight, how if last else How.GO, answer_lost=how is How.FAIL)

    @precondition(lambda self: self.world.flights)
    @rule(process=st.sampled_from(PROCESSES))
    def kill(self, process: str) -> None:
        self.world.kill(process)

    @rule(minutes=st.sampled_from((5, 16, 60)), process=st.sampled_from(("c1", "c2")))
    def check_stalled(self, minutes: int, process: str) -> None:
        self.world.check_stalled(process, timedelta(minutes=minutes))

    @precondition(lambda self: self.changed)
    @invariant()
    def nothing_is_doubled_or_gone(self) -> None:
        self.changed = False
        self.world.look()
        assert not self.world.broken, self.world.history

    def teardown(self) -> None:
        try:
            self.world.settle()
            assert not checker.violations(self.world._state()), self.world.history
            self.world.heal(force=False)
            assert not self.world.verdict(), self.world.history
        finally:
            self.world.close()


TestGameDate = pytest.mark.slow(GameDate.TestCase)
TestGameDate.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
