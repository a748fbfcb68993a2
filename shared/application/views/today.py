"""One game date: its games, the predictions of one system, and the players without one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from shared.application.grading.signals import displayed_signal
from shared.application.queries.shared_connection import shared_connection
from shared.application.runs.expected_players import identity
from shared.application.views.partial_view import PartialView
from shared.application.views.rows import from_columns
from shared.domain.instants import eastern_date
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.domain.vocabulary import PREDICTED, OutcomeKind
from shared.errors import Rejected
from shared.model_registry.unverified import is_unverified
from shared.ports import Clock, PlayerOutcome, Run, RunStore, Warehouse
from shared.warehouse.schedule import games_between, has_started
from shared.warehouse.statements import query_rows, statement

PREFERRED = "catboost_v9"
NEIGHBOUR_SPAN = timedelta(days=14)
"""Search range for the previous and the next date with games; without one, the adjacent day is used."""

NAME_SPAN = timedelta(days=400)
"""Player names come from the box scores of this span, about one season."""

NEWEST_RUNS = 5


@dataclass(frozen=True)
class GameRow:
    """``starts_in`` is None if the game has started or has no tip-off time."""

    game_id: str
    away_team: str
    home_team: str
    tipoff: datetime | None
    standing: str
    starts_in: timedelta | None
    away_score: int | None
    home_score: int | None


@dataclass(frozen=True)
class PickRow:
    """An active prediction of one system. ``edge`` is predicted - line, points; ``prob_over`` is 0-1."""

    prediction_id: str
    player_lookup: str
    player_name: str
    team: str
    opponent: str
    game_id: str
    line: float | None
    predicted: float
    edge: float | None
    prob_over: float | None
    recommendation: str
    confidence: float
    sportsbook: str | None
    mode: str
    run_id: str
    player_id: int | None = None


@dataclass(frozen=True)
class MissingRow:
    """An expected player without an active row of the system; ``reason`` is None while the job is pending."""

    player_lookup: str
    player_name: str
    game_id: str
    reason: str | None
    player_id: int | None = None


@dataclass(frozen=True)
class SystemRow:
    """A system with active rows, and the model behind them; None for a formula."""

    system_id: str
    rows: int
    model_id: str | None

    @property
    def is_verified(self) -> bool:
        """Whether the model has a manifest and is not a bare file."""
        return not is_unverified(self.model_id)


@dataclass(frozen=True)
class Today:
    """``expected`` is None if no run has listed the players. ``unavailable``: sources that failed; their
    fields are empty. ``warehouse_answered`` and ``run_store_answered`` separate "unknown" from "none"."""

    game_date: date
    today: date
    previous: date
    next: date
    games: tuple[GameRow, ...]
    system: str
    systems: tuple[SystemRow, ...]
    picks: tuple[PickRow, ...]
    missing: tuple[MissingRow, ...]
    expected: int | None
    signal: Mapping[str, Any] | None
    newest_run: Run | None
    warehouse_answered: bool
    run_store_answered: bool
    unavailable: tuple[str, ...]

    @property
    def model_id(self) -> str | None:
        return next((s.model_id for s in self.systems if s.system_id == self.system), None)


class ShowToday:
    def __init__(self, warehouse: Warehouse, runs: RunStore, clock: Clock) -> None:
        self._warehouse, self._runs, self._clock = warehouse, runs, clock

    @shared_connection
    def __call__(self, game_date: date | None = None, system: str | None = None) -> Today:
        """Runs three statements. ``system`` defaults to the preferred one, or the first with rows."""
        if system is not None and system not in SYSTEM_IDS:
            raise Rejected(f"system: {system!r}, expected one of {', '.join(SYSTEM_IDS)}")
        now = self._clock.now()
        day = game_date or eastern_date(now)
        parts = PartialView()
        games = parts.get_or_none("warehouse", lambda: self._games(day)) or []
        rows = parts.get_or_none("warehouse", lambda: self._active(day))
        signals = parts.get_or_none(
            "warehouse", lambda: query_rows(self._warehouse, "signals_of_date", game_date=day)
        )
        runs = parts.get_or_none("run store", lambda: self._runs.runs(game_date=day, limit=NEWEST_RUNS)) or []
        systems = _systems(rows)
        chosen = system or _default_system(systems)
        picks = _of_system(rows, chosen)
        names = _names(rows)
        run = next((r for r in runs if chosen in r.request.get("systems", ())), None)
        present = {identity(p["player_lookup"], p["player_id"]) for p in picks}
        players = parts.get_or_none("run store", lambda: self._missing(run, chosen, present, names))
        expected, missing = players or (None, ())
        return Today(
            game_date=day,
            today=eastern_date(now),
            previous=_nearest_date([g["game_date"] for g in games if g["game_date"] < day], day, -1),
            next=_nearest_date([g["game_date"] for g in games if g["game_date"] > day], day, 1),
            games=tuple(_game(g, now) for g in games if g["game_date"] == day),
            system=chosen,
            systems=systems,
            picks=tuple(map(_pick, picks)),
            missing=missing if parts.answered("warehouse") else (),
            expected=expected,
            signal=next((displayed_signal(s) for s in signals or () if s["system_id"] == chosen), None),
            newest_run=runs[0] if runs else None,
            warehouse_answered=parts.answered("warehouse"),
            run_store_answered=parts.answered("run store"),
            unavailable=parts.unavailable,
        )

    def _games(self, day: date) -> list[dict[str, Any]]:
        return list(games_between(self._warehouse, day - NEIGHBOUR_SPAN, day + NEIGHBOUR_SPAN).to_pylist())

    def _active(self, day: date) -> pa.Table:
        return self._warehouse.query(statement("picks_of_date", game_date=day, names_since=day - NAME_SPAN))

    def _missing(
        self, run: Run | None, system: str, present: set[int | str], names: Mapping[int | str, str | None]
    ) -> tuple[int | None, tuple[MissingRow, ...]]:
        """Return how many players the run expected, and those of them without a row of the system."""
        if run is None:
            return None, ()
        outcomes = {
            identity(p.player_lookup, p.player_id): (p, o) for p, o in self._runs.outcomes(run.run_id).items()
        }
        absent = (
            MissingRow(
                p.player_lookup, names.get(key) or p.player_lookup, p.game_id, _reason(o, system), p.player_id
            )
            for key, (p, o) in outcomes.items()
            if key not in present
        )
        return len(present | outcomes.keys()), tuple(
            sorted(absent, key=lambda m: (m.game_id, m.player_lookup))
        )


def _reason(outcome: PlayerOutcome | None, system: str) -> str | None:
    """Return why a system has no row for a player; the system's own reason comes first."""
    if outcome is None:
        return None
    reason = outcome.systems.get(system)
    if reason is not None and reason != OutcomeKind.PREDICTED:
        return reason
    is_predicted = outcome.outcome == PREDICTED
    return "not active: its run was not activated" if is_predicted else outcome.outcome.text


def _systems(rows: pa.Table | None) -> tuple[SystemRow, ...]:
    if rows is None:
        return ()
    row_systems = rows["system_id"].to_pylist()
    counts, models = Counter(row_systems), dict(zip(row_systems, rows["model_id"].to_pylist(), strict=True))
    return tuple(SystemRow(s, counts[s], models[s]) for s in SYSTEM_IDS if s in counts)


def _of_system(rows: pa.Table | None, system: str) -> list[dict[str, Any]]:
    """Return the rows of one system; the other rows are not converted to Python objects."""
    if rows is None:
        return []
    at = [i for i, row_system in enumerate(rows["system_id"].to_pylist()) if row_system == system]
    return list(rows.take(pa.array(at, pa.int64())).to_pylist())


def _names(rows: pa.Table | None) -> dict[int | str, str | None]:
    if rows is None:
        return {}
    columns = (rows[c].to_pylist() for c in ("player_lookup", "player_id", "player_name"))
    return {identity(lookup, player_id): name for lookup, player_id, name in zip(*columns, strict=True)}


def _default_system(systems: Sequence[SystemRow]) -> str:
    with_rows = [s.system_id for s in systems]
    return with_rows[0] if with_rows and PREFERRED not in with_rows else PREFERRED


def _nearest_date(days: Sequence[date], day: date, step: int) -> date:
    """Return the date in ``days`` nearest to ``day``; without one, the adjacent day in direction ``step``."""
    return min(days, key=lambda d: abs(d - day), default=day + timedelta(days=step))


def _game(row: Mapping[str, Any], now: datetime) -> GameRow:
    tipoff, started = row["game_start_utc"], has_started(dict(row), now)
    standing = "final" if row["home_team_score"] is not None else "in progress" if started else "scheduled"
    return GameRow(
        game_id=row["game_id"],
        away_team=row["away_team_tricode"],
        home_team=row["home_team_tricode"],
        tipoff=tipoff,
        standing=standing,
        starts_in=tipoff - now if tipoff is not None and not started else None,
        away_score=row["away_team_score"],
        home_score=row["home_team_score"],
    )


def _pick(row: Mapping[str, Any]) -> PickRow:
    return from_columns(
        PickRow,
        row,
        player_name=row["player_name"] or row["player_lookup"],
        team=row["team_abbr"],
        opponent=row["opponent_team_abbr"],
        line=row["current_points_line"],
        predicted=row["predicted_points"],
        edge=row["line_margin"],
        confidence=row["confidence_score"],
        mode=row["prediction_run_mode"],
    )
