"""Build the feature store for game dates: a new snapshot each time, earlier ones stay."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa

from shared.application.features.slate import DEFAULT_MIN_MINUTES, Slate, modes_by_date, read_slate
from shared.application.features.slate_inputs import Mode
from shared.application.features.snapshot_rows import snapshot_rows
from shared.domain.features.checks import check_batch
from shared.domain.instants import from_day, to_day
from shared.errors import Rejected
from shared.ports import Clock, Documents, Warehouse
from shared.schemas.feature_store import (
    FEATURE_SNAPSHOTS,
    ML_FEATURE_STORE,
    PLAYER_DAILY_CACHE,
    UPCOMING_PLAYER_GAME_CONTEXT,
)
from shared.warehouse.features import latest_features, matrix
from shared.warehouse.schedule import games_between, refresh_game_status
from shared.warehouse.statements import statement

DAYS_AT_ONCE = 200
REFERENCE_DAYS = 28
PHASES = "phase4_completion"
"""Collection with one document per game date: which step of its preparation ended when, with how much."""


@dataclass(frozen=True)
class Build:
    """One build of one game date.

    ``snapshot_id`` is None where ``findings`` kept the rows from being written.
    """

    game_date: date
    mode: Mode
    snapshot_id: str | None
    games: int
    expected: int
    rows: int
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class BuildOptions:
    """``mode`` None chooses by date; ``as_of`` None is now; ``write`` False only says what would be done."""

    mode: Mode | None = None
    as_of: datetime | None = None
    min_minutes: float = DEFAULT_MIN_MINUTES
    accept_findings: bool = False
    write: bool = True


class BuildFeatures:
    """Writes features, daily cache and context of every game date that has games, played or scheduled.

    A batch whose checks find something is not written unless that is accepted: earlier snapshots stay in
    use.
    """

    def __init__(self, warehouse: Warehouse, clock: Clock, documents: Documents) -> None:
        self._warehouse = warehouse
        self._clock = clock
        self._documents = documents

    def __call__(
        self,
        first: date,
        last: date,
        options: BuildOptions = BuildOptions(),
        progress: Callable[[str, int, int], None] = lambda *_: None,
    ) -> list[Build]:
        """Build the dates ``first`` to ``last``, each game as of its own cut-off and never later than
        ``options.as_of``; a date without games gives no entry. ``Rejected`` for an as-of to come.
        """
        now = self._clock.now()
        moment = options.as_of or now
        if moment > now:
            raise Rejected(f"as-of {moment.isoformat()} is after now, {now.isoformat()}")
        refresh_game_status(self._warehouse, now, first, last)
        built: list[Build] = []
        for begin, end, mode in self._stretches(first, last, moment, options):
            slate = read_slate(self._warehouse, begin, end, moment, mode, options.min_minutes)
            built += self._store(slate, begin, moment, mode, options)
            progress("features", (end - first).days + 1, (last - first).days + 1)
        return built

    def _stretches(
        self, first: date, last: date, moment: datetime, options: BuildOptions
    ) -> list[tuple[date, date, Mode]]:
        """Ranges of game dates of one mode, none longer than what fits in memory."""
        games = games_between(self._warehouse, first, last)
        if options.as_of is not None:  # what was scored after the as-of was not known then
            blank = pa.nulls(games.num_rows, pa.int64())
            at = games.column_names.index("home_team_score")
            games = games.set_column(at, "home_team_score", blank)
        stretches: list[tuple[date, date, Mode]] = []
        for day, by_itself in sorted(modes_by_date(games, moment).items()):
            mode = options.mode or by_itself
            if stretches and stretches[-1][2] is mode and (day - stretches[-1][0]).days < DAYS_AT_ONCE:
                stretches[-1] = (stretches[-1][0], day, mode)
            else:
                stretches.append((day, day, mode))
        return stretches

    def _store(
        self, slate: Slate, first: date, moment: datetime, mode: Mode, options: BuildOptions
    ) -> list[Build]:
        made = datetime.now(UTC)
        counts = _counts(slate)
        findings = self._check(slate, first)
        refused = set() if options.accept_findings else {d for d in counts if findings.get(d)}
        snapshots = {d: f"{d:%Y%m%d}-{secrets.token_hex(6)}" for d in sorted(counts) if d not in refused}
        built = [
            Build(d, mode, snapshots.get(d), *counts[d], tuple(findings.get(d, ()))) for d in sorted(counts)
        ]
        if options.write and snapshots:
            self._write(slate, [b for b in built if b.snapshot_id], snapshots, moment, made)
        return built

    def _write(
        self, slate: Slate, built: list[Build], snapshots: dict[date, str], moment: datetime, made: datetime
    ) -> None:
        """The row in ``feature_snapshots`` comes last: without it a snapshot is not there."""
        rows = snapshot_rows(slate, snapshots, made)
        for table in (ML_FEATURE_STORE, PLAYER_DAILY_CACHE, UPCOMING_PLAYER_GAME_CONTEXT):
            self._warehouse.append(table, rows[table.name])
        micros = pa.timestamp("us", "UTC")
        self._warehouse.append(
            FEATURE_SNAPSHOTS,
            pa.table(
                {
                    "snapshot_id": [b.snapshot_id for b in built],
                    "game_date": [b.game_date for b in built],
                    "as_of": pa.array([moment] * len(built), micros),
                    "mode": [b.mode.value for b in built],
                    "rows_built": [b.rows for b in built],
                    "created_at": pa.array([made] * len(built), micros),
                    "expected_players": [b.expected for b in built],
                    "findings": pa.array(["; ".join(b.findings) or None for b in built], pa.string()),
                }
            ),
        )
        for b in built:
            self._documents.merge(PHASES, b.game_date.isoformat(), _phases(b, made))

    def _check(self, slate: Slate, first: date) -> dict[date, list[str]]:
        """What the checks of each date's batch find, judged against the four weeks before it."""
        before = latest_features(
            self._warehouse, first - timedelta(days=REFERENCE_DAYS), first - timedelta(days=1)
        )
        stored = np.array([to_day(d) for d in before["game_date"].to_pylist()], dtype=np.int64)
        expected = np.array([c.expected for c in slate.candidates], dtype=np.bool_)
        values, day = slate.features.values[expected], slate.targets.day[expected]
        team = slate.targets.team[expected]
        known = np.concatenate([matrix(before), values])
        known_day = np.concatenate([stored, day])
        findings = {}
        for d in np.unique(day):
            mine = day == d
            recent = known[(known_day < d) & (known_day >= d - REFERENCE_DAYS)]
            found = check_batch(values[mine], len(np.unique(team[mine])), recent)
            findings[from_day(int(d))] = [str(f) for f in found]
        return findings


def invalidate(warehouse: Warehouse, now: datetime, first: date, last: date, reason: str) -> int:
    """Take the snapshots of a range out of use; nothing is deleted. Gives how many."""
    asked = statement("invalidate_snapshots", first=first, last=last, now=now, reason=reason)
    return warehouse.transact([asked])[0]


def _phases(built: Build, made: datetime) -> dict[str, object]:
    """A processor of each table that was written, as the completion document has them."""
    ended = {
        "completed_at": made.isoformat(),
        "status": "success",
        "record_count": built.rows,
        "execution_id": built.snapshot_id,
    }
    names = ("player_daily_cache", "upcoming_player_game_context", "ml_feature_store")
    return {**dict.fromkeys(names, ended), "_completed_count": len(names)}


def _counts(slate: Slate) -> dict[date, tuple[int, int, int]]:
    """Games, expected players and rows by game date."""
    counts: dict[date, list[int]] = {}
    for r in slate.known_games:
        counts.setdefault(slate.games["game_date"][r].as_py(), [0, 0, 0])[0] += 1
    for c, day in zip(slate.candidates, slate.targets.day, strict=True):
        of = counts[from_day(int(day))]
        of[1] += c.expected
        of[2] += c.expected
    return {day: (g, e, n) for day, (g, e, n) in counts.items()}
