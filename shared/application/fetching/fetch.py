"""Fetch a feed for a game date: store each response, then import what was stored."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.application.feeds.raw_file import RawFile
from shared.application.fetching.http_client import FeedClient, FetchFailed
from shared.application.fetching.settings import FetchSettings
from shared.application.fetching.sources import SOURCES, Asked, Fetched, Quota, Source
from shared.application.importing.import_files import ImportFiles, ImportResult
from shared.application.importing.sources import date_of_name, uncompressed
from shared.application.messaging.events import Event, Observer, Progress
from shared.application.messaging.events import log as log_event
from shared.domain.vocabulary import FeedKind
from shared.errors import Rejected
from shared.ports import Clock, RawEntry, RawStore, Warehouse
from shared.warehouse.statements import query_rows

FRESH_FOR = timedelta(minutes=10)
"""A fetch that is repeated within this time continues the earlier one."""

HASH = 12
"""Hexadecimal digits of the body's sha256 in a name."""


@dataclass(frozen=True)
class FeedStored(Event):
    """A response is in the raw store."""

    feed: str
    game_date: date
    response: str
    bytes: int

    def __str__(self) -> str:
        return f"{self.feed} {self.game_date}: stored {self.response}, {self.bytes:,} bytes"


@dataclass(frozen=True)
class FeedEmpty(Event):
    """A fetch ran and its source had nothing new for the date."""

    feed: str
    game_date: date

    def __str__(self) -> str:
        return f"{self.feed} {self.game_date}: nothing new"


@dataclass(frozen=True)
class FeedRefused(Event):
    """A response is stored and cannot be imported, or was not to be had."""

    feed: str
    game_date: date
    reason: str

    @property
    def level(self) -> int:
        return logging.ERROR

    def __str__(self) -> str:
        return f"{self.feed} {self.game_date}: {self.reason}"


@dataclass(frozen=True)
class FetchResult:
    """``stored``: names of new responses; ``unchanged``: responses that were stored before.

    ``refused``: responses that cannot be imported, and requests that failed, with reasons. ``stopped``: what
    was left out to stay within the budget. ``spent``, ``remaining``: credits; None if unknown.
    """

    kind: str
    game_date: date
    stored: tuple[str, ...]
    unchanged: int
    refused: tuple[str, ...]
    stopped: tuple[str, ...]
    imported: tuple[ImportResult, ...]
    spent: int
    remaining: int | None

    @property
    def is_complete(self) -> bool:
        return not self.refused and not self.stopped


@dataclass(frozen=True)
class StoredFile:
    """A stored response to import."""

    store: RawStore
    entry: RawEntry

    @property
    def name(self) -> str:
        return f"{self.entry.feed}/{self.entry.day}/{self.entry.name}"

    def read(self) -> RawFile:
        body = uncompressed(self.name, self.store.read(self.entry))
        return RawFile(self.name, body, date_of_name(self.entry.name))


WITHOUT_ROWS = ("odds-api-events",)
"""Feeds of the raw store whose responses only say what to fetch next."""


def stored_files(store: RawStore, first: date, last: date, feed: str | None = None) -> list[StoredFile]:
    """Return stored responses with rows, of one feed or all, in order of date and time."""
    return [StoredFile(store, e) for e in store.entries(first, last, feed) if e.feed not in WITHOUT_ROWS]


class FetchFeed:
    def __init__(
        self,
        warehouse: Warehouse,
        clock: Clock,
        raw: RawStore,
        settings: FetchSettings,
        client: FeedClient | None = None,
        observe: Observer = log_event,
    ) -> None:
        self._warehouse, self._clock, self._raw = warehouse, clock, raw
        self._settings, self._observe = settings, observe
        self._client = client or FeedClient(settings.fetch_seconds_between)

    def __call__(
        self, kind: FeedKind, day: date, budget: int | None = None, progress: Progress = lambda *_: None
    ) -> FetchResult:
        """Fetch a kind of ``SOURCES`` for a game date. A response that cannot be read stays stored.

        Raises ``Rejected`` for a missing key or package; every other failure is in the result.
        """
        quota = Quota(self._settings.odds_api_budget if budget is None else budget)
        source = Source(self._client, self._settings, quota)
        games = self._finished_games(day) if kind is FeedKind.BOX_SCORES else ()
        asked = Asked(day, self._clock.now(), games, frozenset(self._fresh(day)))
        new: list[str] = []
        unchanged = 0
        files: list[StoredFile] = []
        refused: list[str] = []
        try:
            for count, fetched in enumerate(SOURCES[kind](source, asked), 1):
                entry, is_new = self._store(fetched, day)
                new += [entry.name] if is_new else []
                unchanged += not is_new
                files += [StoredFile(self._raw, entry)] if fetched.has_rows else []
                progress(f"fetch {kind.value}", count, count)
        except FetchFailed as exc:
            refused.append(str(exc))
        if not new and not refused:
            self._observe(FeedEmpty(kind.value, day))
        imported, errors = import_each(ImportFiles(self._warehouse, self._clock), files, progress)
        refused += errors
        for reason in refused:
            self._observe(FeedRefused(kind.value, day, reason))
        return FetchResult(
            kind.value, day, tuple(new), unchanged, tuple(refused), tuple(source.stopped), tuple(imported),
            quota.spent, quota.remaining,
        )  # fmt: skip

    def _finished_games(self, day: date) -> Sequence[str]:
        rows = query_rows(self._warehouse, "finished_games", first=day, last=day)
        return [row["nba_game_id"] for row in rows]

    def _fresh(self, day: date) -> dict[tuple[str, str], RawEntry]:
        """Return the responses of the last ``FRESH_FOR``, by feed and slug: these are not asked for again."""
        since = f"{self._clock.now() - FRESH_FOR:%Y%m%dT%H%M%SZ}"
        fresh = {}
        for entry in self._raw.entries(day, day):
            taken, slug = entry.name.split("-", 1)
            if taken >= since:
                fresh[entry.feed, slug.rpartition("-")[0]] = entry
        return fresh

    def _store(self, fetched: Fetched, day: date) -> tuple[RawEntry, bool]:
        """Store a response unless its source and body are stored for this date; return whether it is new."""
        if fetched.body is None:
            return self._fresh(day)[fetched.feed, fetched.slug], False
        digest = hashlib.sha256(fetched.body).hexdigest()[:HASH]
        ending = f"-{fetched.slug}-{digest}.{fetched.suffix}"
        for entry in self._raw.entries(day, day, fetched.feed):
            if entry.name.endswith(ending):
                return entry, False
        entry = RawEntry(fetched.feed, day, f"{self._clock.now():%Y%m%dT%H%M%SZ}{ending}")
        self._raw.put(entry, fetched.body)
        self._observe(FeedStored(fetched.feed, day, entry.name, len(fetched.body)))
        return entry, True


def import_each(
    importer: ImportFiles, files: Sequence[StoredFile], progress: Progress
) -> tuple[list[ImportResult], list[str]]:
    """Import files together; if one cannot be imported, each alone, and return the errors of those."""
    if not files:
        return [], []
    try:
        return [importer(files, progress=progress)], []
    except Rejected as exc:
        if len(files) == 1:
            return [], [_one_line(exc)]
    results: list[ImportResult] = []
    errors: list[str] = []
    for file in files:
        found, error = import_each(importer, [file], progress)
        results += found
        errors += error
    return results, errors


def _one_line(exc: Rejected) -> str:
    lines = [line.strip() for line in str(exc).splitlines()]
    return "; ".join(lines[1:]) or lines[0]
