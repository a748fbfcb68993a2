"""Hypothesis decides what happens next to the runs of a date, step by step, and shrinks what breaks."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.schemas.messages import RunRequested
from tests.faults import checker
from tests.faults.processes import SYSTEMS
from tests.faults.stores import DAY
from tests.faults.threads import How
from tests.faults.world import PROCESSES, READERS, World

HOW = st.sampled_from([How.GO] * 5 + [How.FAIL, How.HALF, How.KILL])
PICK = st.integers(0, 99)
MOST_RUNS = 4


class GameDate(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.asked = 0
        self.changed = False

    @precondition(lambda self: self.asked < MOST_RUNS)
    @rule(force=st.booleans(), process=st.sampled_from(("c1", "c2")), published=st.booleans())
    def start(self, force: bool, process: str, published: bool) -> None:
        """A start; ``published``: it gets all its jobs out in this step."""
        self.asked += 1
        asked = RunRequested(DAY.isoformat(), force=force, skip_mlfs_check=True, systems=list(SYSTEMS))
        flight = self.world.start(process, asked)
        if published:
            self.world.finish(flight)

    @precondition(lambda self: self.world.broker.held)
    @rule(topic=st.sampled_from(list(READERS)), which=PICK, n=st.integers(1, 8), again=st.booleans())
    def deliver(self, topic: str, which: int, n: int, again: bool) -> None:
        due = self.world.broker.due(topic, again=again)
        if due:
            readers = READERS[topic]
            one = topic != "prediction-request"
            at = which % len(due)
            self.world.deliver(readers[which % len(readers)], due[at : at + (1 if one else n)])

    @precondition(lambda self: self.world.flights)
    @rule(which=PICK, how=HOW, steps=st.integers(1, 30), lost=st.booleans())
    def go_on(self, which: int, how: How, steps: int, lost: bool) -> None:
        """Some calm steps of one piece of work, then one that goes as ``how`` says."""
        flight = self.world.flights[which % len(self.world.flights)]
        for n in range(steps):
            if flight not in self.world.flights:
                break
            self.world.step(flight, how if n == steps - 1 else How.GO, answer_lost=lost)
        self.changed = True

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


TestGameDate = GameDate.TestCase
TestGameDate.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
