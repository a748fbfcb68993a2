"""Build the feature store for game dates: a new snapshot each time, earlier ones stay."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa

from shared.application.features.slate import Slate, modes_by_date, read_slate
from shared.application.features.snapshot_rows import snapshot_rows
from shared.domain.features.checks import check_batch
from shared.domain.instants import from_day
from shared.domain.players.roster import DEFAULT_MIN_MINUTES
from shared.domain.vocabulary import RunMode
from shared.errors import Rejected
from shared.ports import Clock, Documents, Warehouse
from shared.schemas.feature_store import (
    FEATURE_SNAPSHOTS,
    ML_FEATURE_STORE,
    PLAYER_DAILY_CACHE,
    UPCOMING_PLAYER_GAME_CONTEXT,
)
from shared.warehouse.features import latest_features, matrix
from shared.warehouse.history import day_numbers, with_column
from shared.warehouse.schedule import games_between, refresh_game_status
from shared.warehouse.statements import statement

MAX_RANGE_DAYS = 200
REFERENCE_DAYS = 28
PHASES = "phase4_completion"
"""Collection with one document per game date: when each step of its preparation ended, and its row count."""


@dataclass(frozen=True)
class Build:
    """One build of one game date.

    ``snapshot_id`` is None if ``findings`` prevented the write.
    """

    game_date: date
    mode: RunMode
    snapshot_id: str | None
    games: int
    expected: int
    rows: int
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildOptions:
    """``mode`` None chooses by date; ``as_of`` None is now; ``write`` False is a dry run."""

    mode: RunMode | None = None
    as_of: datetime | None = None
    min_minutes: float = DEFAULT_MIN_MINUTES
    accept_findings: bool = False
    write: bool = True


class BuildFeatures:
    """Writes features, daily cache and context of every game date that has games, played or scheduled.

    A batch with findings is not written unless they are accepted: earlier snapshots stay in use.
    """

    def __init__(self, warehouse: Warehouse, clock: Clock, documents: Documents) -> None:
        self._warehouse, self._clock, self._documents = warehouse, clock, documents

    def __call__(
        self,
        first: date,
        last: date,
        options: BuildOptions = BuildOptions(),
        progress: Callable[[str, int, int], None] = lambda *_: None,
    ) -> list[Build]:
        """Build the dates ``first`` to ``last``, each game as of its own cut-off and never later than
        ``options.as_of``; a date without games has no entry. Raise ``Rejected`` for a future as-of.
        """
        now = self._clock.now()
        moment = options.as_of or now
        if moment > now:
            raise Rejected(f"as-of {moment.isoformat()} is after now, {now.isoformat()}")
        refresh_game_status(self._warehouse, now, first, last)
        builds: list[Build] = []
        for begin, end, mode in self._ranges_by_mode(first, last, moment, options):
            slate = read_slate(self._warehouse, begin, end, moment, mode, options.min_minutes)
            builds += self._store(slate, begin, moment, mode, options)
            progress("features", (end - first).days + 1, (last - first).days + 1)
        return builds

    def _ranges_by_mode(
        self, first: date, last: date, moment: datetime, options: BuildOptions
    ) -> list[tuple[date, date, RunMode]]:
        """Return ranges of game dates of one mode, none longer than fits in memory."""
        games = games_between(self._warehouse, first, last)
        if options.as_of is not None:  # a score entered after the as-of must not decide the mode
            games = with_column(games, "home_team_score", pa.nulls(games.num_rows, pa.int64()))
        ranges: list[tuple[date, date, RunMode]] = []
        for day, default_mode in sorted(modes_by_date(games, moment).items()):
            mode = options.mode or default_mode
            if ranges and ranges[-1][2] is mode and (day - ranges[-1][0]).days < MAX_RANGE_DAYS:
                ranges[-1] = (ranges[-1][0], day, mode)
            else:
                ranges.append((day, day, mode))
        return ranges

    def _store(
        self, slate: Slate, first: date, moment: datetime, mode: RunMode, options: BuildOptions
    ) -> list[Build]:
        now = datetime.now(UTC)
        counts = _counts(slate)
        findings = self._check(slate, first)
        rejected = set() if options.accept_findings else {d for d in counts if findings.get(d)}
        snapshots = {d: f"{d:%Y%m%d}-{secrets.token_hex(6)}" for d in sorted(counts) if d not in rejected}
        builds = [
            Build(d, mode, snapshots.get(d), *counts[d], tuple(findings.get(d, ()))) for d in sorted(counts)
        ]
        if options.write and snapshots:
            self._write(slate, [b for b in builds if b.snapshot_id], snapshots, moment, now)
        return builds

    def _write(
        self, slate: Slate, builds: list[Build], snapshots: dict[date, str], moment: datetime, now: datetime
    ) -> None:
        """Write the row in ``feature_snapshots`` last: readers ignore a snapshot without it."""
        rows = snapshot_rows(slate, snapshots, now)
        for table in (ML_FEATURE_STORE, PLAYER_DAILY_CACHE, UPCOMING_PLAYER_GAME_CONTEXT):
            self._warehouse.append(table, rows[table.name])
        micros = pa.timestamp("us", "UTC")
        self._warehouse.append(
            FEATURE_SNAPSHOTS,
            pa.table(
                {
                    "snapshot_id": [b.snapshot_id for b in builds],
                    "game_date": [b.game_date for b in builds],
                    "as_of": pa.array([moment] * len(builds), micros),
                    "mode": [b.mode.value for b in builds],
                    "rows_built": [b.rows for b in builds],
                    "created_at": pa.array([now] * len(builds), micros),
                    "expected_players": [b.expected for b in builds],
                    "findings": pa.array(["; ".join(b.findings) or None for b in builds], pa.string()),
                }
            ),
        )
        for b in builds:
            self._documents.merge(PHASES, b.game_date.isoformat(), _phases(b, now))

    def _check(self, slate: Slate, first: date) -> dict[date, list[str]]:
        """Return the findings of each date's batch, which is compared with the four weeks before it."""
        earlier = latest_features(
            self._warehouse, first - timedelta(days=REFERENCE_DAYS), first - timedelta(days=1)
        )
        earlier_day = day_numbers(earlier["game_date"])
        expected = np.array([c.expected for c in slate.candidates], dtype=np.bool_)
        values, day = slate.features.values[expected], slate.targets.day[expected]
        team = slate.targets.team[expected]
        all_values = np.concatenate([matrix(earlier), values])
        all_days = np.concatenate([earlier_day, day])
        findings = {}
        for d in np.unique(day):
            on_date = day == d
            reference = all_values[(all_days < d) & (all_days >= d - REFERENCE_DAYS)]
            batch_findings = check_batch(values[on_date], len(np.unique(team[on_date])), reference)
            findings[from_day(int(d))] = [str(f) for f in batch_findings]
        return findings


def invalidate(warehouse: Warehouse, now: datetime, first: date, last: date, reason: str) -> int:
    """Invalidate the snapshots of a range without deleting them; return how many."""
    update = statement("invalidate_snapshots", first=first, last=last, now=now, reason=reason)
    return warehouse.transact([update])[0]


def _phases(build: Build, now: datetime) -> dict[str, object]:
    """Return the fields of the completion document: one entry for each table that was written."""
    phase = {
        "completed_at": now.isoformat(),
        "status": "success",
        "record_count": build.rows,
        "execution_id": build.snapshot_id,
    }
    names = ("player_daily_cache", "upcoming_player_game_context", "ml_feature_store")
    return {**dict.fromkeys(names, phase), "_completed_count": len(names)}


def _counts(slate: Slate) -> dict[date, tuple[int, int, int]]:
    """Return games, expected players and rows by game date."""
    counts: dict[date, list[int]] = {}
    for r in slate.game_rows:
        counts.setdefault(slate.games["game_date"][r].as_py(), [0, 0, 0])[0] += 1
    for c, day in zip(slate.candidates, slate.targets.day, strict=True):
        of_date = counts[from_day(int(day))]
        of_date[1] += c.expected
        of_date[2] += c.expected
    return {day: (g, e, n) for day, (g, e, n) in counts.items()}
