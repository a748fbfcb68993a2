"""Diagnose the feature store: expected and present players, and the cause of every gap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.features.build import PHASES
from shared.application.features.diagnosis_inputs import INPUT_DAYS, InputRows, Inputs
from shared.application.features.slate import DayRoster, QuotedPlayer, modes_by_date, read_roster
from shared.application.ingestion.reconciliation import LINES, LOGS, UnmatchedRows
from shared.application.queries.shared_connection import shared_connection
from shared.domain.features.contract import FEATURES, REQUIRED
from shared.domain.features.lineage import BOX_SCORES, INJURIES, LINEAGE, QUOTES
from shared.domain.features.readiness import DUE_BEFORE, MIN_COVERAGE, Verdict, verdict
from shared.domain.instants import cut_offs, from_micros
from shared.domain.players.roster import DEFAULT_MIN_MINUTES
from shared.domain.vocabulary import RunMode
from shared.ports import Clock, Documents, ExpectedPlayer, Warehouse
from shared.warehouse.features import latest_features
from shared.warehouse.history import games_of
from shared.warehouse.schedule import games_between, refresh_game_status
from shared.warehouse.statements import query_rows

NO_GAMES = "no games in the schedule"
RATINGS = ("opponent_def_rating", "opponent_pace", "team_pace", "team_off_rating", "pace_score")
"""Features computed from possessions, which are attempts, free throws, offensive rebounds and turnovers."""


@dataclass(frozen=True)
class FeatureState:
    """Rows of one feature that are missing or approximated, and why some are missing."""

    missing: int
    approximated: int
    cause: str | None


@dataclass(frozen=True)
class Diagnosis:
    """``coverage``: 0-1, None without expected players. ``missing``: expected players without a row, with
    the reason.

    ``remedy``: the one command that fixes it, None if nothing needs to be done.
    """

    game_date: date
    mode: RunMode
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
    """The completion document; None before the first step has ended."""
    quoted: tuple[QuotedPlayer, ...] = ()
    """Players with a usable line, and the team of each."""
    unmatched: tuple[UnmatchedRows, ...] = ()
    """Rows of the date, and of box scores before it, that have no game, no player or no price."""

    @property
    def coverage(self) -> float | None:
        return self.present / self.expected if self.expected else None


class MlfsDoctor:
    """Checks the store as a run of that date would read it: live features before tip-off, backfill after.

    Without a mode, a played date that has live features only is diagnosed by them: a run has used them,
    and a backfill is optional.
    """

    def __init__(self, warehouse: Warehouse, clock: Clock, documents: Documents) -> None:
        self._warehouse, self._clock, self._documents = warehouse, clock, documents

    @shared_connection
    def __call__(
        self,
        first: date,
        last: date,
        *,
        mode: RunMode | None = None,
        min_coverage: float = MIN_COVERAGE,
        min_minutes: float = DEFAULT_MIN_MINUTES,
    ) -> dict[date, Diagnosis]:
        """Return a diagnosis of every date from ``first`` to ``last``; one without games is never due."""
        now = self._clock.now()
        refresh_game_status(self._warehouse, now, first, last)
        schedule = games_between(self._warehouse, first, last)
        modes = modes_by_date(schedule, now)
        modes |= dict.fromkeys(modes, mode) if mode else self._live_only(modes)
        due = _due(schedule)
        inputs = InputRows.read(self._warehouse, first, last)
        phases = self._documents.get_all(PHASES) if len(modes) > 1 else None
        diagnoses: dict[date, Diagnosis] = {}
        for selected_mode in sorted(set(modes.values())):
            days = sorted(d for d, m in modes.items() if m is selected_mode)
            store = _Store.read(self._warehouse, days[0], days[-1], selected_mode)
            rosters = read_roster(self._warehouse, days[0], days[-1], now, selected_mode, min_minutes)
            for day in days:
                state = self._read(day, selected_mode, rosters[day], store, inputs)
                diagnoses[day] = self._diagnose(state, due[day], now, min_coverage, phases)
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            no_games = Diagnosis(
                day, RunMode.LIVE, Verdict.NOT_YET_DUE, 0, 0, None, {}, {}, NO_GAMES, None, None, None
            )
            diagnoses.setdefault(day, no_games)
        return dict(sorted(diagnoses.items()))

    def _live_only(self, modes: Mapping[date, RunMode]) -> dict[date, RunMode]:
        """Return played dates that have live features only."""
        played = [d for d, m in modes.items() if m is RunMode.BACKFILL]
        if not played:
            return {}
        live, backfill = (
            _snapshots(self._warehouse, min(played), max(played), m).keys()
            for m in (RunMode.LIVE, RunMode.BACKFILL)
        )
        return dict.fromkeys((live - backfill).intersection(played), RunMode.LIVE)

    def _read(self, day: date, mode: RunMode, roster: DayRoster, store: _Store, inputs: InputRows) -> _State:
        snapshot = store.snapshots.get(day)
        rows = store.rows(day)
        ids = set(rows["player_id"].to_pylist())
        missing = {p: store.reason(day, p) for p in sorted(roster.expected) if p.player_id not in ids}
        quoted = tuple(roster.quoted)
        return _State(day, mode, snapshot, roster.expected, missing, rows, inputs.of(day), quoted)

    def _diagnose(
        self,
        state: _State,
        due_at: datetime,
        now: datetime,
        min_coverage: float,
        phases: Mapping[str, dict[str, Any]] | None,
    ) -> Diagnosis:
        day, present = state.day.isoformat(), len(state.roster) - len(state.missing)
        features = _features(state)
        absent = [
            FEATURES[i] for i in REQUIRED if features and features[FEATURES[i]].missing == state.rows.num_rows
        ]
        date_verdict = verdict(
            expected=len(state.roster),
            present=present,
            built=state.snapshot is not None,
            absent=len(absent),
            stale=_stale(state) is not None,
            due_at=due_at,
            now=now,
            min_coverage=min_coverage,
        )
        cause, remedy = _cause(state, date_verdict, absent)
        quality = pc.mean(state.rows["feature_quality_score"]).as_py()
        return Diagnosis(
            game_date=state.day,
            mode=state.mode,
            verdict=date_verdict,
            expected=len(state.roster),
            present=present,
            quality=None if quality is None else round(quality, 2),
            missing=state.missing,
            features=features,
            cause=cause,
            remedy=remedy,
            due_at=due_at,
            snapshot_id=state.snapshot,
            phases=self._documents.get(PHASES, day) if phases is None else phases.get(day),
            quoted=state.quoted,
            unmatched=state.inputs.unmatched,
        )


@dataclass(frozen=True)
class _State:
    """One game date: its roster, its stored rows, and the row counts of its input tables."""

    day: date
    mode: RunMode
    snapshot: str | None
    roster: Sequence[ExpectedPlayer]
    missing: dict[ExpectedPlayer, str]
    rows: pa.Table
    inputs: Inputs
    quoted: tuple[QuotedPlayer, ...]


@dataclass(frozen=True)
class _Store:
    """The feature store's content for a range in one mode: newest snapshots, their rows, their rosters."""

    snapshots: dict[date, str]
    table: pa.Table
    roster_entries: dict[tuple[str, int | None], tuple[bool, str]]

    @staticmethod
    def read(warehouse: Warehouse, first: date, last: date, mode: RunMode) -> _Store:
        players = query_rows(warehouse, "snapshot_players", first=first, last=last)
        return _Store(
            _snapshots(warehouse, first, last, mode),
            latest_features(warehouse, first, last, mode.value),
            {(p["snapshot_id"], p["player_id"]): (p["expected"], p["roster_reason"]) for p in players},
        )

    def rows(self, day: date) -> pa.Table:
        return self.table.filter(pc.equal(self.table["game_date"], pa.scalar(day)))

    def reason(self, day: date, player: ExpectedPlayer) -> str:
        """Return why an expected player has no row."""
        snapshot = self.snapshots.get(day)
        if snapshot is None:
            return "never_built"
        roster_entry = self.roster_entries.get((snapshot, player.player_id))
        if roster_entry is None:
            return "not_on_the_roster_when_built"
        expected, reason = roster_entry
        return "row_lost" if expected else f"not_expected_when_built:{reason}"


def _snapshots(warehouse: Warehouse, first: date, last: date, mode: RunMode) -> dict[date, str]:
    """Return the newest finished snapshot of each date in one mode."""
    rows = query_rows(warehouse, "snapshots_between", first=first, last=last, mode=mode.value)
    return {row["game_date"]: row["snapshot_id"] for row in rows}


def _due(schedule: pa.Table) -> dict[date, datetime]:
    """Return the time at which each date's features are due."""
    games = games_of(schedule)
    first_cut_off: dict[date, int] = {}
    for day, cut in zip(schedule["game_date"].to_pylist(), cut_offs(games.day, games.tipoff), strict=True):
        first_cut_off[day] = min(first_cut_off.get(day, int(cut)), int(cut))
    return {day: from_micros(cut) - DUE_BEFORE for day, cut in first_cut_off.items()}


def _features(state: _State) -> dict[str, FeatureState]:
    """Return the state of each of the 33 features over the stored rows; empty without rows."""
    if not state.rows.num_rows:
        return {}
    states = {}
    for i, name in enumerate(FEATURES):
        source = state.rows[f"feature_{i}_source"]
        missing = pc.sum(pc.equal(source, "missing")).as_py()
        approximated = pc.sum(pc.equal(source, "approximated")).as_py()
        states[name] = FeatureState(missing, approximated, _missing_cause(name, state) if missing else None)
    return states


def _missing_cause(name: str, state: _State) -> str:
    """Return what the feature needs, and which input table lacks it."""
    lineage = LINEAGE[name]
    if name in RATINGS and state.inputs.latest_box_scores is not None and not state.inputs.rated:
        counts = "field goal and free throw attempts, offensive rebounds and turnovers"
        return f"no box score of the last {INPUT_DAYS} days has {counts}"
    if INJURIES in lineage.tables and not state.inputs.injuries:
        return f"{INJURIES} has no rows for {state.day}"
    if QUOTES in lineage.tables and not state.inputs.quotes:
        return f"{QUOTES} has no rows for {state.day}"
    if QUOTES in lineage.tables and not state.quoted:
        reason = state.inputs.unmatched_reasons(LINES) or "none was captured before the games' as-of"
        return f"{QUOTES} holds {state.inputs.quotes} rows for {state.day} and no usable line: {reason}"
    if "shot locations" in lineage.needs and not state.inputs.located:
        return f"no box score of the last {INPUT_DAYS} days has shot locations"
    return f"needs {lineage.needs}"


def _cause(state: _State, date_verdict: Verdict, absent: list[str]) -> tuple[str | None, str | None]:
    """Return the cause of a verdict and the one command that fixes it."""
    if date_verdict is Verdict.READY:
        return None, None
    stale = _stale(state)
    if date_verdict is Verdict.NOT_YET_DUE:
        return stale or "not built yet", None
    if stale:
        return stale, "props load DIR"
    if not state.roster:
        reason = state.inputs.unmatched_reasons(LOGS) or "no earlier games of these teams are loaded"
        return f"no player is expected: {reason}", "props load DIR"
    build = f"props features build --dates {state.day}"
    if state.snapshot is None:
        return f"this date has no finished {state.mode.value.lower()} snapshot", build
    if absent:
        cause = f"{', '.join(absent)} missing for every player: {_missing_cause(absent[0], state)}"
        return cause, build if _can_be_built(absent, state) else "props load DIR"
    reasons = sorted({r.split(":")[0] for r in state.missing.values()})
    return f"{len(state.missing)} expected players have no row: {', '.join(reasons)}", build


def _can_be_built(absent: list[str], state: _State) -> bool:
    """Return whether another build may help: the inputs now have what these features need.

    A box score without the counts that ratings need, or without points and minutes, leaves the same gap
    after every build.
    """
    needs_box_scores = {name: BOX_SCORES in LINEAGE[name].tables for name in absent}
    rated = not any(name in RATINGS for name in absent) or state.inputs.rated > 0
    return rated and (state.inputs.latest_box_scores is not None or not any(needs_box_scores.values()))


def _stale(state: _State) -> str | None:
    """Return a message if box scores of games before the date are not loaded, else None."""
    latest_box_scores, latest_final = state.inputs.latest_box_scores, state.inputs.latest_final
    if latest_final is None:
        return None
    if latest_box_scores is None:
        return f"no box scores of the {INPUT_DAYS} days before {state.day}"
    if latest_box_scores < latest_final:
        return f"box scores end on {latest_box_scores}, games were final until {latest_final}"
    return None
