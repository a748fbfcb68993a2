"""The doctor of the feature store: expected against present players, and a cause for every gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.features.build import PHASES
from shared.application.features.diagnosis_inputs import INPUT_DAYS, InputRows, Inputs
from shared.application.features.slate import (
    DEFAULT_MIN_MINUTES,
    DayRoster,
    QuotedPlayer,
    modes_by_date,
    read_roster,
)
from shared.application.features.slate_inputs import Mode
from shared.application.ingestion.reconciliation import LINES, LOGS, UnmatchedRows
from shared.application.queries.shared_connection import shared_connection
from shared.domain.features.contract import FEATURES, REQUIRED
from shared.domain.features.lineage import BOX_SCORES, INJURIES, LINEAGE, QUOTES
from shared.domain.features.readiness import DUE_BEFORE, MIN_COVERAGE, Verdict, verdict
from shared.domain.instants import cut_offs, from_micros
from shared.ports import Clock, Documents, ExpectedPlayer, Warehouse
from shared.warehouse.features import latest_features
from shared.warehouse.history import games_of
from shared.warehouse.schedule import games_between, refresh_game_status
from shared.warehouse.statements import statement

NO_GAMES = "no games in the schedule"
RATINGS = ("opponent_def_rating", "opponent_pace", "team_pace", "team_off_rating", "pace_score")
"""Features made of possessions: attempts, free throws, offensive rebounds and turnovers."""


@dataclass(frozen=True)
class FeatureState:
    """Rows of one feature that are missing or approximated, and why some are missing."""

    missing: int
    approximated: int
    cause: str | None


@dataclass(frozen=True)
class Diagnosis:
    """``coverage``: 0-1, None where nobody is expected. ``missing``: expected players without a row, with
    the reason.

    ``remedy`` is the one command that mends it, None where nothing is to be done.
    """

    game_date: date
    mode: Mode
    verdict: Verdict
    expected: int
    present: int
    quality: float | None
    missing: dict[ExpectedPlayer, str]
    features: dict[str, FeatureState]
    cause: str | None
    remedy: str | None
    due_at: datetime | None
    snapshot_id: str | None
    phases: dict[str, Any] | None = None
    """The completion document; None where no step has ended yet."""
    quoted: tuple[QuotedPlayer, ...] = ()
    """Players on whom a usable line stands, and where they belong."""
    unmatched: tuple[UnmatchedRows, ...] = ()
    """Rows of the date, and of box scores before it, that met no game, no player or no price."""

    @property
    def coverage(self) -> float | None:
        return self.present / self.expected if self.expected else None


class MlfsDoctor:
    """Looks at the store as a run of that date would: live features before tip-off, backfill after.

    Without a mode a played date that has live features only is judged by them: a run was served from them,
    and a backfill that nobody has asked for is not missing.
    """

    def __init__(self, warehouse: Warehouse, clock: Clock, documents: Documents) -> None:
        self._warehouse = warehouse
        self._clock = clock
        self._documents = documents

    @shared_connection
    def __call__(
        self,
        first: date,
        last: date,
        *,
        mode: Mode | None = None,
        least: float = MIN_COVERAGE,
        min_minutes: float = DEFAULT_MIN_MINUTES,
    ) -> dict[date, Diagnosis]:
        """Every game date from ``first`` to ``last``; one without games is never due."""
        now = self._clock.now()
        refresh_game_status(self._warehouse, now, first, last)
        schedule = games_between(self._warehouse, first, last)
        modes = modes_by_date(schedule, now)
        modes |= dict.fromkeys(modes, mode) if mode else self._live_only(modes)
        due = _due(schedule)
        inputs = InputRows.read(self._warehouse, first, last)
        phases = self._documents.get_all(PHASES) if len(modes) > 1 else None
        found: dict[date, Diagnosis] = {}
        for wanted in sorted(set(modes.values())):
            days = sorted(d for d, m in modes.items() if m is wanted)
            store = _Store.read(self._warehouse, days[0], days[-1], wanted)
            rosters = read_roster(self._warehouse, days[0], days[-1], now, wanted, min_minutes)
            for day in days:
                seen = self._look(day, wanted, rosters[day], store, inputs)
                found[day] = self._judge(seen, due[day], now, least, phases)
        for at in range((last - first).days + 1):
            day = first + timedelta(days=at)
            found.setdefault(day, _nothing(day))
        return dict(sorted(found.items()))

    def _live_only(self, modes: Mapping[date, Mode]) -> dict[date, Mode]:
        """Played dates with live features and no others."""
        played = [d for d, m in modes.items() if m is Mode.BACKFILL]
        if not played:
            return {}
        live, backfill = (
            {
                s["game_date"]
                for s in self._warehouse.query(
                    statement("snapshots_between", first=min(played), last=max(played), mode=m.value)
                ).to_pylist()
            }
            for m in (Mode.LIVE, Mode.BACKFILL)
        )
        return dict.fromkeys((live - backfill).intersection(played), Mode.LIVE)

    def _look(self, day: date, mode: Mode, roster: DayRoster, store: _Store, inputs: InputRows) -> _Seen:
        snapshot = store.snapshots.get(day)
        rows = store.rows(day)
        there = set(rows["player_id"].to_pylist())
        missing = {p: store.why(day, p) for p in sorted(roster.expected) if p.player_id not in there}
        quoted = tuple(roster.quoted)
        return _Seen(day, mode, snapshot, roster.expected, missing, rows, inputs.of(day), quoted)

    def _judge(
        self,
        seen: _Seen,
        due_at: datetime,
        now: datetime,
        least: float,
        phases: Mapping[str, dict[str, Any]] | None,
    ) -> Diagnosis:
        day, present = seen.day.isoformat(), len(seen.roster) - len(seen.missing)
        features = _features(seen)
        absent = [
            FEATURES[i] for i in REQUIRED if features and features[FEATURES[i]].missing == seen.rows.num_rows
        ]
        said = verdict(
            expected=len(seen.roster),
            present=present,
            built=seen.snapshot is not None,
            absent=len(absent),
            stale=_stale(seen) is not None,
            due_at=due_at,
            now=now,
            least=least,
        )
        cause, remedy = _cause(seen, said, absent)
        quality = pc.mean(seen.rows["feature_quality_score"]).as_py()
        return Diagnosis(
            game_date=seen.day,
            mode=seen.mode,
            verdict=said,
            expected=len(seen.roster),
            present=present,
            quality=None if quality is None else round(quality, 2),
            missing=seen.missing,
            features=features,
            cause=cause,
            remedy=remedy,
            due_at=due_at,
            snapshot_id=seen.snapshot,
            phases=self._documents.get(PHASES, day) if phases is None else phases.get(day),
            quoted=seen.quoted,
            unmatched=seen.inputs.unmatched,
        )


@dataclass(frozen=True)
class _Seen:
    """One game date: its roster, what the store holds of it, and how full the input tables are."""

    day: date
    mode: Mode
    snapshot: str | None
    roster: Sequence[ExpectedPlayer]
    missing: dict[ExpectedPlayer, str]
    rows: pa.Table
    inputs: Inputs
    quoted: tuple[QuotedPlayer, ...]


@dataclass(frozen=True)
class _Store:
    """What the feature store holds of a range in one mode: newest snapshots, their rows, their rosters."""

    snapshots: dict[date, str]
    table: pa.Table
    places: dict[tuple[str, int | None], tuple[bool, str]]

    @staticmethod
    def read(warehouse: Warehouse, first: date, last: date, mode: Mode) -> _Store:
        asked = statement("snapshots_between", first=first, last=last, mode=mode.value)
        players = warehouse.query(statement("snapshot_players", first=first, last=last)).to_pylist()
        return _Store(
            {s["game_date"]: s["snapshot_id"] for s in warehouse.query(asked).to_pylist()},
            latest_features(warehouse, first, last, mode.value),
            {(p["snapshot_id"], p["player_id"]): (p["expected"], p["roster_reason"]) for p in players},
        )

    def rows(self, day: date) -> pa.Table:
        return self.table.filter(pc.equal(self.table["game_date"], pa.scalar(day)))

    def why(self, day: date, player: ExpectedPlayer) -> str:
        """Why an expected player has no row."""
        snapshot = self.snapshots.get(day)
        if snapshot is None:
            return "never_built"
        place = self.places.get((snapshot, player.player_id))
        if place is None:
            return "not_on_the_roster_when_built"
        expected, reason = place
        return "row_lost" if expected else f"not_expected_when_built:{reason}"


def _due(schedule: pa.Table) -> dict[date, datetime]:
    """When each date's features are due."""
    games = games_of(schedule)
    first: dict[date, int] = {}
    for day, cut in zip(schedule["game_date"].to_pylist(), cut_offs(games.day, games.tipoff), strict=True):
        first[day] = min(first.get(day, int(cut)), int(cut))
    return {day: from_micros(cut) - DUE_BEFORE for day, cut in first.items()}


def _features(seen: _Seen) -> dict[str, FeatureState]:
    """Each of the 33 features over the rows that are there; empty where there is none."""
    if not seen.rows.num_rows:
        return {}
    states = {}
    for i, name in enumerate(FEATURES):
        source = seen.rows[f"feature_{i}_source"]
        missing = pc.sum(pc.equal(source, "missing")).as_py()
        approximated = pc.sum(pc.equal(source, "approximated")).as_py()
        states[name] = FeatureState(missing, approximated, _why_missing(name, seen) if missing else None)
    return states


def _why_missing(name: str, seen: _Seen) -> str:
    """What the feature needs, and the input table that does not have it."""
    lineage = LINEAGE[name]
    if name in RATINGS and seen.inputs.latest_box_scores is not None and not seen.inputs.rated:
        counts = "field goal and free throw attempts, offensive rebounds and turnovers"
        return f"no box score of the last {INPUT_DAYS} days has {counts}"
    if INJURIES in lineage.tables and not seen.inputs.injuries:
        return f"{INJURIES} holds nothing for {seen.day}"
    if QUOTES in lineage.tables and not seen.inputs.quotes:
        return f"{QUOTES} holds nothing for {seen.day}"
    if QUOTES in lineage.tables and not seen.quoted:
        why = seen.inputs.without(LINES) or "none was captured before the games' as-of"
        return f"{QUOTES} holds {seen.inputs.quotes} rows for {seen.day} and no usable line: {why}"
    if "shot locations" in lineage.needs and not seen.inputs.located:
        return f"no box score of the last {INPUT_DAYS} days has shot locations"
    return f"needs {lineage.needs}"


def _cause(seen: _Seen, said: Verdict, absent: list[str]) -> tuple[str | None, str | None]:
    """Why the store is as it is, and the one command that mends it."""
    if said is Verdict.READY:
        return None, None
    stale = _stale(seen)
    if said is Verdict.NOT_YET_DUE:
        return stale or "not built yet", None
    if stale:
        return stale, "props load DIR"
    if not seen.roster:
        why = seen.inputs.without(LOGS) or "no earlier games of these teams are known"
        return f"nobody is expected: {why}", "props load DIR"
    build = f"props features build --dates {seen.day}"
    if seen.snapshot is None:
        return f"no {seen.mode.value.lower()} snapshot was ever finished for this date", build
    if absent:
        cause = f"{', '.join(absent)} missing for every player: {_why_missing(absent[0], seen)}"
        return cause, build if _can_be_built(absent, seen) else "props load DIR"
    reasons = sorted({r.split(":")[0] for r in seen.missing.values()})
    return f"{len(seen.missing)} expected players have no row: {', '.join(reasons)}", build


def _can_be_built(absent: list[str], seen: _Seen) -> bool:
    """Whether building again may help: the inputs now hold what these features are made of.

    A box score without the counts that ratings are made of, or without points and minutes, gives the same
    gap however often it is built.
    """
    needs = {name: BOX_SCORES in LINEAGE[name].tables for name in absent}
    rated = not any(name in RATINGS for name in absent) or seen.inputs.rated > 0
    return rated and (seen.inputs.latest_box_scores is not None or not any(needs.values()))


def _stale(seen: _Seen) -> str | None:
    """Whether box scores of games that ended before the date have not been loaded."""
    box, final = seen.inputs.latest_box_scores, seen.inputs.latest_final
    if final is None:
        return None
    if box is None:
        return f"no box scores of the {INPUT_DAYS} days before {seen.day}"
    if box < final:
        return f"box scores end on {box}, games were final until {final}"
    return None


def _nothing(day: date) -> Diagnosis:
    return Diagnosis(day, Mode.LIVE, Verdict.NOT_YET_DUE, 0, 0, None, {}, {}, NO_GAMES, None, None, None)
