"""What the use cases need from the outside world, each with the promise it makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import pyarrow as pa

from shared.schemas.table import Table


class Clock(Protocol):
    """Tells the product's now: aware, UTC. It may be fixed; it never goes backwards."""

    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Statement:
    """One SQL statement in BigQuery's dialect with its named parameters."""

    sql: str
    params: Mapping[str, Any] = field(default_factory=dict)


class Warehouse(Protocol):
    """Holds the tables of ``shared.schemas``.

    Every method raises ``Unavailable`` when the store cannot be reached, and one that returns has
    written durably. Where the answer was lost, what was asked for may have been written all the same,
    wholly: whoever tries again must be able to bear a second copy of appended rows.
    """

    def query(self, statement: Statement) -> pa.Table:
        """Rows of one SELECT; ``InvalidStatement`` for one that the store does not understand."""

    def append(self, table: Table, rows: pa.Table) -> None:
        """Add rows to a table, all or none; columns absent from ``rows`` become NULL."""

    def upsert(self, table: Table, rows: pa.Table, *, replace: bool = False) -> int:
        """Insert rows whose ``table.key`` is new, update those that differ; give the number changed.

        A NULL never replaces a known value unless ``replace``. A row that differs in ``table.stamps``
        only is left as it is. ``Rejected`` where two of the rows have the same key; nothing is written then.
        """

    def transact(self, statements: Sequence[Statement]) -> list[int]:
        """Run several statements as one transaction; give the rows each one changed."""

    def shared_connection(self) -> AbstractContextManager[None]:
        """What this thread asks inside may share one opening of the store, and is no transaction: each call
        promises what it promises by itself. Others may wait meanwhile, so nothing that takes long and no
        other service is asked inside.
        """


@dataclass(frozen=True)
class OutgoingMessage:
    """A message to publish: its body, and attributes that a reader sees without opening it."""

    body: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)


class Publisher(Protocol):
    """Publishes messages at least once; a return means that the broker has stored all of them.

    Raises ``Unavailable`` where some may not have been stored: publish all of them again. ``Rejected`` names
    an attribute that no broker takes (``schemas.attributes``); nothing is published then.
    """

    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None: ...


@dataclass(frozen=True)
class DeadLetter:
    """A message that the broker gave up delivering; ``handle`` is what acknowledges it.

    ``attempts`` and ``last_answer`` are None where the broker does not tell.
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
    """The broker's dead letters, each of which stays there until it is acknowledged.

    Whoever pulls, keeps and then acknowledges loses none; if he dies before the last step, the same come
    again. Every method raises ``Unavailable`` when the broker cannot be reached.
    """

    def pull(self, max_messages: int = 100) -> list[DeadLetter]:
        """Some of those that wait, none once there are no more."""

    def acknowledge(self, letters: Sequence[DeadLetter]) -> None:
        """Say that these are kept elsewhere; they do not come again."""

    def republish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        """Publish to a topic, at least once, whether the services run or not."""


class RunState(StrEnum):
    """Where a run stands; ``ACTIVE_STATES`` keep another run of the same game date away."""

    CREATED = "CREATED"
    PUBLISHED = "PUBLISHED"
    ACTIVATING = "ACTIVATING"
    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"


ACTIVE_STATES = (RunState.CREATED, RunState.PUBLISHED, RunState.ACTIVATING)


@dataclass(frozen=True)
class Run:
    """One prediction run for one game date.

    ``opened_at`` is real time, whatever the product's clock says: it decides when a run has stalled.
    ``request`` is what was asked for, ``note`` a sentence on how it ended.
    """

    run_id: str
    game_date: date
    state: RunState
    opened_at: datetime
    expected: int = 0
    request: Mapping[str, Any] = field(default_factory=dict)
    closed_at: datetime | None = None
    note: str | None = None


class ExpectedPlayer(NamedTuple):
    """A player whom a run is to predict: his spelling for people, his identity, and his game.

    ``player_id`` is None only in runs that release 0.1.0 opened: it kept spellings alone.
    """

    player_lookup: str
    player_id: int | None
    game_id: str


@dataclass(frozen=True)
class PlayerOutcome:
    """How one expected player ended: ``predicted``, ``skipped:<reason>`` or ``failed:<reason>``.

    ``player_id`` and ``player_lookup`` are those of the ``ExpectedPlayer``. ``systems`` maps each system id
    to ``predicted`` or to its reason for emitting nothing.
    """

    player_id: int | None
    player_lookup: str
    outcome: str
    systems: Mapping[str, str] = field(default_factory=dict)


class RunStore(Protocol):
    """Remembers runs and their players' outcomes; every method is atomic and durable."""

    def batched_writes(self) -> AbstractContextManager[None]:
        """What this thread asks inside may be stored in one step, when the context ends; it answers as it
        would by itself. Others may wait meanwhile, so nothing but this store is called inside.

        Where an exception leaves the context, some, all or nothing of it has been stored.
        """

    def open(self, run: Run) -> None:
        """Store a new run; ``Conflict`` (holder: its run_id) while a run of its game date is active."""

    def expect(self, run_id: str, players: Sequence[ExpectedPlayer]) -> None:
        """Name the expected players of a run, before anything is published.

        A player is named once, by his id. Changes nothing once the run has ended.
        """

    def advance(
        self, run_id: str, from_states: Sequence[RunState], to: RunState, *, note: str | None = None
    ) -> bool:
        """Move a run on if it stands in one of ``from_states``; say whether this call did it.

        Of several callers at once exactly one is told True. A final state also sets ``closed_at``.
        """

    def record(self, run_id: str, outcomes: Sequence[PlayerOutcome]) -> int:
        """Record the first outcome of each expected player; later ones change nothing.

        A player is found by his id, one without an id by his spelling. Gives how many players of the run are
        still without an outcome. ``NotFound`` for an unknown run; a player who was not expected is ignored.
        """

    def get(self, run_id: str) -> Run:
        """One run; ``NotFound`` if there is none of that id."""

    def runs(self, *, game_date: date | None = None, limit: int = 50) -> list[Run]:
        """The newest runs first."""

    def active_runs(self) -> list[Run]:
        """The runs that stand in one of ``ACTIVE_STATES``, at most one a game date, the oldest first."""

    def outcomes(self, run_id: str) -> dict[ExpectedPlayer, PlayerOutcome | None]:
        """Every expected player in alphabetical order, with None where no outcome is known yet."""

    def players(self, run_id: str) -> list[ExpectedPlayer]:
        """Every expected player in alphabetical order; none for an unknown run."""


class Documents(Protocol):
    """Small documents by collection and id: phase completion, heartbeats, state of jobs.

    Values are what JSON can hold. Every method raises ``Unavailable`` when the store is away.
    """

    def get(self, collection: str, document: str) -> dict[str, Any] | None:
        """All fields of a document, None where there is none."""

    def merge(self, collection: str, document: str, fields: Mapping[str, Any]) -> None:
        """Set some top-level fields and leave the others; atomic, durable, creates the document."""

    def get_all(self, collection: str) -> dict[str, dict[str, Any]]:
        """The documents of a collection by id."""


class Locks(Protocol):
    """Keeps jobs out of each other's way; a holder that dies gives its lock up."""

    def hold(self, name: str, wait_seconds: float) -> AbstractContextManager[None]:
        """Hold a lock while the context lasts; ``Unavailable`` when it is not had in time."""


class ModelStore(Protocol):
    """Model files by exact path; never a pattern, and never two contents of one name."""

    def fetch(self, path: str) -> bytes:
        """The whole file; ``NotFound`` when it does not exist, ``Rejected`` for a path of another kind."""

    def put(self, path: str, data: bytes) -> None:
        """Write a file whole or not at all. The same bytes again change nothing; ``Conflict`` (holder:
        the path) where other bytes stand there."""


class Alerts(Protocol):
    """Brings a message to people."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Returns once the receiver has taken the message, which is what JSON can hold; ``Unavailable``
        where it has not, or did not say so in time."""
