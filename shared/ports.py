"""Interfaces that the use cases need from the outside world, each with its guarantees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from shared.domain.vocabulary import Outcome, RunMode, RunState
from shared.schemas.table import Table


class Clock(Protocol):
    """Returns the current time of the product: aware, UTC. It may be fixed; it never goes backwards."""

    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Statement:
    """One SQL statement in BigQuery's dialect with its named parameters."""

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)


class Warehouse(Protocol):
    """Holds the tables of ``shared.schemas``.

    Every method raises ``Unavailable`` when the store cannot be reached; when it returns, the rows are stored
    durably. After a lost response all rows may have been written nevertheless, so a caller that retries must
    tolerate a second copy of appended rows.
    """

    def query(self, statement: Statement) -> pa.Table:
        """Return the rows of one SELECT; ``InvalidStatement`` if the store does not accept it."""

    def append(self, table: Table, rows: pa.Table) -> None:
        """Add rows to a table, all or none; columns absent from ``rows`` become NULL."""

    def upsert(self, table: Table, rows: pa.Table, *, replace: bool = False) -> int:
        """Insert rows whose ``table.key`` is new, update rows that differ; return the number of changed rows.

        A NULL replaces a value only with ``replace``. A row that differs only in ``table.stamps`` stays
        unchanged. ``Rejected`` if two of the rows have the same key; nothing is written then.
        """

    def transact(self, statements: Sequence[Statement]) -> list[int]:
        """Run several statements as one transaction; return the number of rows that each one changed."""

    def shared_connection(self) -> AbstractContextManager[None]:
        """Reuse one connection for this thread's calls in the block.

        Not a transaction. Other processes may block meanwhile: do nothing slow and call no other service
        inside.
        """


class RawEntry(NamedTuple):
    """A stored response: its feed, the game date that it was fetched for, and its name."""

    feed: str
    day: date
    name: str


class RawStore(Protocol):
    """Keeps responses of feeds as they were received; nothing is overwritten and nothing deleted.

    Every method raises ``Unavailable`` when the store cannot be reached.
    """

    def put(self, entry: RawEntry, body: bytes) -> None:
        """Store a response durably. A name that has this body stays; ``Conflict`` if it has another one."""

    def entries(self, first: date, last: date, feed: str | None = None) -> list[RawEntry]:
        """Return what is stored for game dates, of one feed or all, in order of date and name."""

    def read(self, entry: RawEntry) -> bytes:
        """Return a stored response; ``NotFound`` if there is none."""


@dataclass(frozen=True)
class OutgoingMessage:
    """A message to publish: its body, and attributes that are readable without decoding the body."""

    body: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)


class Publisher(Protocol):
    """Publishes messages at least once; when ``publish`` returns, the broker has stored all of them.

    Raises ``Unavailable`` if some messages may not be stored: publish all of them again. ``Rejected`` names
    an attribute that brokers refuse (``schemas.attributes``); nothing is published then.
    """

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None: ...


@dataclass(frozen=True)
class DeadLetter:
    """A message that the broker gave up delivering; ``handle`` acknowledges it.

    ``attempts`` and ``last_answer`` are None if the broker does not report them.
    """

    handle: str
    subscription: str
    topic: str
    message_id: str
    body: bytes
    attributes: Mapping[str, str]
    published_at: datetime
    attempts: int | None = None
    last_answer: str | None = None


class DeadLetters(Protocol):
    """The broker's dead letters; each stays in the broker until it is acknowledged.

    A caller that pulls, stores and then acknowledges loses none; if it dies before the acknowledgement, it
    gets the same letters again. Every method raises ``Unavailable`` when the broker cannot be reached.
    """

    def pull(self, max_messages: int = 100) -> list[DeadLetter]:
        """Return some of the waiting dead letters; an empty list once there are no more."""

    def acknowledge(self, letters: Sequence[DeadLetter]) -> None:
        """Confirm that these are stored elsewhere; they are not delivered again."""

    def republish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        """Publish to a topic at least once, whether the services are running or not."""


@dataclass(frozen=True)
class Run:
    """One prediction run for one game date.

    ``opened_at`` is real time, not the product's clock: it decides when a run has stalled. ``request`` holds
    the requested options, ``note`` a sentence on how the run ended.
    """

    run_id: str
    game_date: date
    state: RunState
    opened_at: datetime
    expected: int = 0
    request: Mapping[str, Any] = field(default_factory=dict)
    closed_at: datetime | None = None
    note: str | None = None

    @property
    def mode(self) -> RunMode:
        return RunMode(self.request.get("mode", RunMode.LIVE))


class ExpectedPlayer(NamedTuple):
    """A player that a run has to predict: name, id and game.

    ``player_id`` is None only in runs that release 0.1.0 opened: it stored only names.
    """

    player_lookup: str
    player_id: int | None
    game_id: str


@dataclass(frozen=True)
class PlayerOutcome:
    """Outcome of one expected player.

    ``player_id`` and ``player_lookup`` are those of the ``ExpectedPlayer``. ``systems`` maps each system id
    to ``predicted`` or to its reason for no prediction.
    """

    player_id: int | None
    player_lookup: str
    outcome: Outcome
    systems: Mapping[str, str] = field(default_factory=dict)


class RunStore(Protocol):
    """Stores runs and their players' outcomes; every method is atomic and durable."""

    def batched_writes(self) -> AbstractContextManager[None]:
        """Store this thread's writes in the block in one step, at its end; the calls return the same results.

        Other processes may block meanwhile: call only this store inside. After an exception in the block,
        all, some or none of the writes are stored.
        """

    def open(self, run: Run) -> None:
        """Store a new run; ``Conflict`` (holder: its run_id) while a run of its game date is active."""

    def expect(self, run_id: str, players: Sequence[ExpectedPlayer]) -> None:
        """Add the expected players of a run, before anything is published.

        Each player id is added once. Changes nothing once the run has ended.
        """

    def advance(
        self, run_id: str, from_states: Sequence[RunState], to: RunState, *, note: str | None = None
    ) -> bool:
        """Change the state of a run if it is in one of ``from_states``; return whether this call did it.

        Of several concurrent callers exactly one gets True. A final state also sets ``closed_at``.
        """

    def record(self, run_id: str, outcomes: Sequence[PlayerOutcome]) -> int:
        """Record the first outcome of each expected player; later ones change nothing.

        Players are matched by id, without an id by name. Returns the number of players of the run that have
        no outcome yet. ``NotFound`` for an unknown run; a player that is not expected is ignored.
        """

    def get(self, run_id: str) -> Run:
        """Return a run; ``NotFound`` for an unknown id."""

    def runs(self, *, game_date: date | None = None, limit: int = 50) -> list[Run]:
        """Return runs, newest first."""

    def active_runs(self) -> list[Run]:
        """Return the runs in one of ``ACTIVE_STATES``, at most one per game date, oldest first."""

    def outcomes(self, run_id: str) -> dict[ExpectedPlayer, PlayerOutcome | None]:
        """Return every expected player in alphabetical order, with None until an outcome is recorded."""

    def players(self, run_id: str) -> list[ExpectedPlayer]:
        """Return every expected player in alphabetical order; an empty list for an unknown run."""


class Documents(Protocol):
    """Small documents by collection and id: phase completion, heartbeats, state of jobs.

    Values are JSON values. Every method raises ``Unavailable`` when the store cannot be reached.
    """

    def get(self, collection: str, document: str) -> dict[str, Any] | None:
        """Return all fields of a document, None if it does not exist."""

    def merge(self, collection: str, document: str, fields: Mapping[str, Any]) -> None:
        """Set some top-level fields, create the document if needed; atomic and durable."""

    def get_all(self, collection: str) -> dict[str, dict[str, Any]]:
        """Return the documents of a collection by id."""


class Locks(Protocol):
    """Locks between jobs; the lock of a holder that dies is released."""

    def hold(self, name: str, wait_seconds: float) -> AbstractContextManager[None]:
        """Hold a lock in the block; ``Unavailable`` if another process holds it for longer than the wait."""


class ModelStore(Protocol):
    """Model files by exact path, never by pattern; the content of a path never changes."""

    def fetch(self, path: str) -> bytes:
        """Return the file; ``NotFound`` if it does not exist, ``Rejected`` for an unsupported kind of
        path."""

    def put(self, path: str, data: bytes) -> None:
        """Write a file atomically. The same bytes again change nothing; ``Conflict`` (holder: the path) if
        the file has other bytes."""


class Alerts(Protocol):
    """Sends messages to people."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message of JSON values; ``Unavailable`` if the receiver did not confirm it in time."""
