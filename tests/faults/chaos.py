"""One random run of a game date: a seed decides what happens, in which order, and what breaks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.application.messaging.topics import REQUEST_TOPIC, START_TOPIC
from shared.errors import Rejected
from shared.schemas.messages import PredictionRequest, RunRequested, decode, unwrap
from tests.faults import poison
from tests.faults.processes import SYSTEMS, TinyModel, errors
from tests.faults.stores import DAY, PLAYERS
from tests.faults.threads import How
from tests.faults.world import PROCESSES, READERS, Flight, World

MINUTES = (0, 5, 14, 16, 30)
SOON = 300
FROZEN = 0.03
"""How often work that its machine has nearly stopped gets a turn, others 1."""


@dataclass(frozen=True)
class Report:
    seed: int
    violations: list[str]
    history: list[str]

    def __str__(self) -> str:
        found = "\n  ".join(self.violations)
        happened = "\n  ".join(self.history)
        return f"FAULT_SEED={self.seed} breaks:\n  {found}\nafter:\n  {happened}"


def play(seed: int) -> Report:
    """Chaos, then calm, then a run that fills what is missing, then whoever slept through it."""
    chaos = _Chaos(random.Random(seed))
    world = chaos.world
    try:
        for _ in range(chaos.length):
            chaos.act()
        chaos.calm()
        zombies = chaos.sleepers()
        world.settle(zombies)
        world.heal(force=chaos.rng.random() < 0.5)
        world.look()
        for zombie in zombies:
            world.step(zombie, chaos.rng.choice((How.GO, How.FAIL)))
            world.finish(zombie)
        world.settle()
        return Report(seed, list(dict.fromkeys(world.verdict())), world.history)
    finally:
        world.close()


class _Chaos:
    """How much breaks differs from seed to seed; some are almost calm."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.length = rng.randint(80, 250)
        self._faults = rng.choice((0.005, 0.02, 0.06))
        self._starts, self._jobs = rng.randint(1, 4), rng.randint(0, 2)
        self._deploys = rng.random() < 0.1
        self._pace: dict[Flight, float] = {}
        skews = {p: timedelta(seconds=rng.randint(-300, 300)) for p in PROCESSES}
        models = {}
        if rng.random() < 0.3:
            bad = 10.0 + rng.randrange(len(PLAYERS))
            models = {w: TinyModel({bad: rng.choice(errors())}) for w in rng.choice((("w1",), ("w1", "w2")))}
        self.world = World(skews, models)
        self.world.start("c1", self._asked())
        self._what: list[tuple[float, Callable[[], None]]] = [
            (60, self._go_on),
            (14, self._deliver),
            (2, self._start),
            (1, self._job),
            (2, self._check_stalled),
            (2, self._poison),
            (1, self._disk),
            (1, self._kill),
            (1, self.world.look),
        ]

    def act(self) -> None:
        self.world.broker.now += 1
        (what,) = self.rng.choices([w for _, w in self._what], [n for n, _ in self._what])
        what()

    def calm(self) -> None:
        """Disks are free, every model is sound and the newest."""
        self.world.full.clear()
        self.world.models.clear()
        for worker in ("w1", "w2", "job"):
            self.world.model_name[worker] = "new" if self._deploys else "old"
            self.world.kill(worker)

    def sleepers(self) -> list[Flight]:
        """Work that wakes up only when everything else is over; an activation, if one comes soon."""
        for _ in range(self.rng.choice((0, SOON))):
            if any(f.work.at == "before warehouse.transact" for f in self.world.flights):
                return list(self.world.flights)
            self.rng.choice((self._go_on, self._deliver))()
        return [f for f in self.world.flights if self.rng.random() < 0.5]

    def _go_on(self) -> None:
        if not self.world.flights:
            self._deliver()
            return
        flights = self.world.flights
        for f in flights:
            self._pace.setdefault(f, self.rng.choice((1.0, 1.0, 1.0, FROZEN)))
        (flight,) = self.rng.choices(flights, [self._pace[f] for f in flights])
        faults = self._faults if self._pace[flight] == 1.0 else max(self._faults, 0.2)
        for _ in range(self.rng.randint(1, 12)):
            how = How.GO
            if self.rng.random() < faults:
                how = self.rng.choice((How.FAIL, How.FAIL, How.HALF, How.KILL))
            lost = self.rng.random() < self._faults * 2
            self.world.step(flight, how, answer_lost=lost, wait=self.rng.randint(0, 10))
            if flight not in self.world.flights:
                return

    def _deliver(self) -> None:
        topic = self.rng.choice(list(READERS))
        due = self.world.broker.due(topic, again=self.rng.random() < 0.1)
        if due:
            most = 1 if topic == START_TOPIC else 6
            taken = self.rng.sample(due, min(len(due), self.rng.randint(1, most)))
            self.world.deliver(self.rng.choice(READERS[topic]), taken)

    def _asked(self) -> RunRequested:
        return RunRequested(
            DAY.isoformat(),
            force=self.rng.random() < 0.5,
            skip_mlfs_check=self.rng.random() < 0.9,
            systems=list(self.rng.choice((SYSTEMS, SYSTEMS, SYSTEMS[:1], SYSTEMS[1:]))),
            reason="why not" if self.rng.random() < 0.5 else None,
        )

    def _start(self) -> None:
        if self._starts:
            self._starts -= 1
            if self.rng.random() < 0.3:
                self.world.request_start(self._asked())
            else:
                self.world.start(self.rng.choice(("c1", "c2")), self._asked())

    def _job(self) -> None:
        if self._jobs:
            self._jobs -= 1
            self.world.run_job(self._asked())

    def _check_stalled(self) -> None:
        later = timedelta(minutes=self.rng.choice(MINUTES))
        self.world.check_stalled(self.rng.choice(("c1", "c2")), later)

    def _poison(self) -> None:
        jobs = self.world.broker.due(REQUEST_TOPIC, again=True)
        if jobs and self.rng.random() < 0.4:
            try:
                job = decode(unwrap(self.rng.choice(jobs).body).payload, PredictionRequest)
            except Rejected:
                return
            self.world.publish_poison(REQUEST_TOPIC, poison.spoiled(job, self.rng), raw=False)
        else:
            self.world.publish_poison(*poison.draw(self.rng))

    def _disk(self) -> None:
        if self.world.full:
            self.world.full.clear()
        else:
            self.world.full.add(self.rng.choice(("warehouse", "runs", "broker")))

    def _kill(self) -> None:
        process = self.rng.choice(PROCESSES)
        if process[0] in "wj" and self._deploys:
            self.world.model_name[process] = "new"
        self.world.kill(process)
