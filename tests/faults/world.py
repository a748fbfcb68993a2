"""A game date in memory: processes, stores and a broker, all of which can break at any point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import Any

from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC, START_TOPIC
from shared.errors import AppError
from shared.ports import OutgoingMessage
from shared.schemas.messages import RunRequested, encode
from tests.faults import checker
from tests.faults.broker import Broker, Held
from tests.faults.processes import SYSTEMS, Coordinator, JobProcess, Ports, TinyModel, Worker, loaded
from tests.faults.stores import (
    DAY,
    FEATURELESS,
    GAMES,
    INCOMPLETE,
    PLAYERS,
    MemoryRunStore,
    MemoryWarehouse,
)
from tests.faults.threads import Cut, How, Work

READERS = {REQUEST_TOPIC: ("w1", "w2"), READY_TOPIC: ("c1", "c2"), START_TOPIC: ("c1", "c2")}
PROCESSES = ("c1", "c2", "w1", "w2", "job")
MOST_STEPS = 5000

KEYS = {
    (GAMES[i % len(GAMES)], i + 1, system)
    for i, player in enumerate(PLAYERS)
    if player not in (INCOMPLETE, FEATURELESS)
    for system in SYSTEMS
}
"""What can be predicted of the slate."""


@cache
def warehouse_of_this_process() -> MemoryWarehouse:
    return MemoryWarehouse()


@dataclass(eq=False)
class Flight:
    """Work under way in a process, and the messages that it acknowledges when it ends."""

    what: str
    process: str
    work: Work
    messages: list[Held] = field(default_factory=list)


@dataclass
class World:
    """``skews``: how far each process's clocks are off. Everything that happens is in ``history``."""

    skews: dict[str, timedelta] = field(default_factory=dict)
    models: dict[str, TinyModel] = field(default_factory=dict)
    """Champion by worker; a worker without one here has a sound model."""
    model_name: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.warehouse = warehouse_of_this_process()
        self.warehouse.clear()
        self.runs, self.broker = MemoryRunStore(), Broker()
        self.full: set[str] = set()
        self.flights: list[Flight] = []
        self.history: list[str] = []
        self.broken: list[str] = []
        self.poison: list[bytes] = []
        self.seen: frozenset[str] = frozenset()
        self.up: dict[str, Any] = {name: self._made(name) for name in PROCESSES}

    # what may happen

    def start(self, process: str, asked: RunRequested) -> Flight:
        return self._fly(f"start {'by force' if asked.force else ''}", process, self.up[process].start, asked)

    def request_start(self, asked: RunRequested) -> None:
        self._say("a start is asked for by message")
        self.broker.publish(START_TOPIC, [OutgoingMessage(encode(asked))])

    def run_job(self, asked: RunRequested) -> Flight | None:
        """A backfill of the date, unless one holds its lock."""
        if any(f.process == "job" for f in self.flights):
            return None
        return self._fly("job", "job", self.up["job"].run, asked)

    def deliver(self, process: str, messages: Sequence[Held]) -> Flight:
        """Messages of one topic that a process takes together; starts come alone."""
        for m in messages:
            m.out += 1
        topic, bodies = messages[0].topic, [m.body for m in messages]
        up = self.up[process]
        if topic == REQUEST_TOPIC:
            flight = self._fly(f"{len(bodies)} jobs", process, up.predict, bodies)
        elif topic == READY_TOPIC:
            flight = self._fly(f"{len(bodies)} outcomes", process, up.complete, bodies)
        else:
            flight = self._fly("start message", process, up.pubsub_start, bodies[0])
        flight.messages = list(messages)
        return flight

    def check_stalled(self, process: str, later: timedelta) -> Flight:
        return self._fly(f"check-stalled at +{later}", process, self.up[process].check_stalled, later)

    def publish_poison(self, topic: str, payload: bytes, raw: bool) -> None:
        """A message that can never succeed; ``raw``: not even its envelope is one."""
        self.broker.publish(topic, [OutgoingMessage(payload)])
        message = self.broker.held[-1]
        message.body = payload if raw else message.body
        self.poison.append(message.body)
        self._say(f"poison on {topic}: {message.body[:60]!r}")

    def step(self, flight: Flight, how: How = How.GO, *, answer_lost: bool = False, wait: int = 0) -> None:
        """Let work go on to its next call of a port; ``wait``: steps until a refused message comes again."""
        if how is How.KILL:
            self.kill(flight.process)
            return
        if how is not How.GO:
            self._say(f"{how.name} {flight.process} {flight.what} {flight.work.at}")
        flight.work.step(how)
        if flight.work.at is not None:
            return
        self.flights.remove(flight)
        error = flight.work.error
        if error is not None and not isinstance(error, AppError):
            self.broken.append(f"crashed: {flight.what} of {flight.process}: {error!r}")
        acknowledged = error is None and not (answer_lost and flight.messages)
        if not acknowledged:
            self._say(f"{flight.process} {flight.what} ends: {error or 'answer lost'}")
        for m in flight.messages:
            self.broker.settle(m, acknowledged, wait)

    def finish(self, flight: Flight) -> None:
        for _ in range(MOST_STEPS):
            if flight not in self.flights:
                return
            self.step(flight)
        raise AssertionError(f"{flight.what} does not end")

    def go_to(self, flight: Flight, at: str) -> None:
        """Let work go on until it waits there."""
        for _ in range(MOST_STEPS):
            if flight.work.at == at:
                return
            assert flight in self.flights, f"{flight.what} ends before it comes to {at}"
            self.step(flight)
        raise AssertionError(f"{flight.what} never comes to {at}")

    def kill(self, process: str) -> None:
        """kill -9 and a new start: work under way is gone, its messages come again."""
        mine = [f for f in self.flights if f.process == process]
        self._say(f"KILL {process} at {[f'{f.what} {f.work.at}' for f in mine]}")
        for f in mine:
            f.work.step(How.KILL)
            self.flights.remove(f)
            for m in f.messages:
                self.broker.settle(m, False)
        self.up[process] = self._made(process)

    def look(self) -> None:
        """Check what holds at every moment."""
        state = self._state()
        self.broken += [v for v in checker.violations(state, ended=False) if v not in self.broken]
        self.seen = frozenset(r["prediction_id"] for r in state.predictions)

    # the end

    def settle(self, zombies: Sequence[Flight] = ()) -> None:
        """Nothing breaks any more: deliver, end and check; ``zombies`` sleep through all of it."""
        for f in [f for f in self.flights if f not in zombies]:
            self.finish(f)
        for _ in range(3):
            self._drain()
            self.finish(self.check_stalled("c1", timedelta(hours=1)))
        self._drain()

    def heal(self, force: bool) -> None:
        """A calm run has to fill whatever is missing, or to take the place of everything."""
        asked = RunRequested(DAY.isoformat(), force=force, skip_mlfs_check=True, systems=list(SYSTEMS))
        self.finish(self.start("c1", asked))
        self._drain()
        self.finish(self.check_stalled("c1", timedelta(hours=1)))

    def verdict(self) -> list[str]:
        """Everything that is broken once all has settled."""
        state = self._state()
        active = {checker._key(r) for r in state.predictions if r["is_active"]}
        lost = [f"unfilled: {key}" for key in sorted(KEYS - active)]
        return [*self.broken, *checker.violations(state), *lost]

    def close(self) -> None:
        for process in PROCESSES:
            self.kill(process)
        self.runs.close()

    def _drain(self) -> None:
        for _ in range(MOST_STEPS):
            self.broker.now += 100
            due = {topic: self.broker.due(topic, again=True) for topic in READERS}
            if not any(due.values()):
                return
            for topic, messages in due.items():
                at_once = 1 if topic == START_TOPIC else len(messages)
                for i in range(0, len(messages), at_once or 1):
                    self.finish(self.deliver(READERS[topic][0], messages[i : i + at_once]))
        raise AssertionError("the broker never runs dry")

    def _state(self) -> checker.State:
        dead = {m.body for m in self.broker.dead}
        poison = [b for b in self.poison if b not in dead]
        return checker.read(self.warehouse, self.runs, DAY, self.seen, poison)

    def _made(self, name: str) -> Any:
        skew = self.skews.get(name, timedelta())
        stores = {"warehouse": self.warehouse, "runs": self.runs, "broker": self.broker}
        ports = Ports(*(Cut(inner, port, partial(self._is_full, port)) for port, inner in stores.items()))
        if name.startswith("c"):
            return Coordinator(ports, skew)
        champion = loaded(self.model_name.get(name, "old"), self.models.get(name, TinyModel()))
        kind = JobProcess if name == "job" else Worker
        return kind(ports, skew, champion, loaded("shadow", TinyModel()))

    def _is_full(self, port: str) -> bool:
        return port in self.full

    def _fly(self, what: str, process: str, call: Callable[..., Any], *args: Any) -> Flight:
        flight = Flight(what, process, Work(partial(call, *args)))
        self.flights.append(flight)
        return flight

    def _say(self, what: str) -> None:
        self.history.append(f"{self.broker.now} {what}")
