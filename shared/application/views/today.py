"""One game date at a glance: games, what one system predicts of them, who is missing and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from shared.application.grading.signals import shown
from shared.application.queries.shared_connection import shared_connection
from shared.application.runs.expected_players import identity
from shared.application.runs.run_to_activate import PREDICTED
from shared.application.views.partial_view import Parts
from shared.domain.instants import eastern_date
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import Rejected
from shared.model_registry.unverified import is_unverified
from shared.ports import Clock, PlayerOutcome, Run, RunStore, Warehouse
from shared.warehouse.schedule import games_between, has_started
from shared.warehouse.statements import statement

PREFERRED = "catboost_v9"
NEIGHBOURS = timedelta(days=14)
"""How far the previous and the next date with games are looked for; beyond, it is the day before or after."""

NAMES = timedelta(days=400)
"""Names are those of box scores of the last season."""

NEWEST_RUNS = 5


@dataclass(frozen=True)
class GameRow:
    """``starts_in`` is None once the game has begun or where its tip-off is not known."""

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
    """An active row of one system. ``edge`` is predicted - line, ``prob_over`` 0-1."""

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
    """An expected player without an active row of the system; no ``reason`` while his job is under way."""

    player_lookup: str
    player_name: str
    game_id: str
    reason: str | None
    player_id: int | None = None


@dataclass(frozen=True)
class SystemRow:
    """A system that has active rows, and the model behind them; a formula has none."""

    system_id: str
    rows: int
    model_id: str | None

    @property
    def is_verified(self) -> bool:
        """Whether a bundle with a manifest made the rows, not a bare model file."""
        return not is_unverified(self.model_id)


@dataclass(frozen=True)
class Today:
    """``expected`` is None where no run has named the players. ``away``: what did not answer; what it would
    have told is empty, which ``rows_known`` and ``runs_known`` keep apart from nothing."""

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
    rows_known: bool
    runs_known: bool
    away: tuple[str, ...]

    @property
    def model_id(self) -> str | None:
        return next((s.model_id for s in self.systems if s.system_id == self.system), None)


class ShowToday:
    def __init__(self, warehouse: Warehouse, runs: RunStore, clock: Clock) -> None:
        self._warehouse, self._runs, self._clock = warehouse, runs, clock

    @shared_connection
    def __call__(self, game_date: date | None = None, system: str | None = None) -> Today:
        """Three statements. Without a system: the preferred one if it has rows, else the first that has."""
        if system is not None and system not in SYSTEM_IDS:
            raise Rejected(f"system: {system!r}, wanted one of {', '.join(SYSTEM_IDS)}")
        now = self._clock.now()
        day = game_date or eastern_date(now)
        parts = Parts()
        games = parts.ask("warehouse", lambda: self._games(day)) or []
        rows = parts.ask("warehouse", lambda: self._active(day))
        signals = parts.ask("warehouse", lambda: self._signals(day))
        runs = parts.ask("run store", lambda: self._runs.runs(game_date=day, limit=NEWEST_RUNS)) or []
        systems = _systems(rows)
        chosen = system or _serving(systems)
        picks = _of_system(rows, chosen)
        names = _names(rows)
        asked = next((r for r in runs if chosen in r.request.get("systems", ())), None)
        present = {identity(p["player_lookup"], p["player_id"]) for p in picks}
        who = parts.ask("run store", lambda: self._missing(asked, chosen, present, names))
        expected, missing = who or (None, ())
        return Today(
            game_date=day,
            today=eastern_date(now),
            previous=_nearest([g["game_date"] for g in games if g["game_date"] < day], day, -1),
            next=_nearest([g["game_date"] for g in games if g["game_date"] > day], day, 1),
            games=tuple(_game(g, now) for g in games if g["game_date"] == day),
            system=chosen,
            systems=systems,
            picks=tuple(map(_pick, picks)),
            missing=missing if parts.answered("warehouse") else (),
            expected=expected,
            signal=signals.get(chosen) if signals else None,
            newest_run=runs[0] if runs else None,
            rows_known=parts.answered("warehouse"),
            runs_known=parts.answered("run store"),
            away=parts.away,
        )

    def _games(self, day: date) -> list[dict[str, Any]]:
        return list(games_between(self._warehouse, day - NEIGHBOURS, day + NEIGHBOURS).to_pylist())

    def _active(self, day: date) -> pa.Table:
        return self._warehouse.query(statement("picks_of_date", game_date=day, names_since=day - NAMES))

    def _signals(self, day: date) -> dict[str, Mapping[str, Any]]:
        rows = self._warehouse.query(statement("signals_of_date", game_date=day)).to_pylist()
        return {row["system_id"]: shown(row) for row in rows}

    def _missing(
        self, run: Run | None, system: str, present: set[int | str], names: Mapping[int | str, str | None]
    ) -> tuple[int | None, tuple[MissingRow, ...]]:
        """Expected players of the newest run that asked for the system, without those who have a row."""
        if run is None:
            return None, ()
        outcomes = {
            identity(p.player_lookup, p.player_id): (p, o) for p, o in self._runs.outcomes(run.run_id).items()
        }
        absent = (
            MissingRow(
                p.player_lookup, names.get(who) or p.player_lookup, p.game_id, _reason(o, system), p.player_id
            )
            for who, (p, o) in outcomes.items()
            if who not in present
        )
        return len(present | outcomes.keys()), tuple(
            sorted(absent, key=lambda m: (m.game_id, m.player_lookup))
        )


def _reason(outcome: PlayerOutcome | None, system: str) -> str | None:
    """Why a system emitted nothing; of a player who was predicted it is the system that says."""
    if outcome is None:
        return None
    said = outcome.systems.get(system)
    if said is not None and said != PREDICTED:
        return said
    return outcome.outcome if outcome.outcome != PREDICTED else "not active: its run did not come into use"


def _systems(rows: pa.Table | None) -> tuple[SystemRow, ...]:
    if rows is None:
        return ()
    of = rows["system_id"].to_pylist()
    counts, models = Counter(of), dict(zip(of, rows["model_id"].to_pylist(), strict=True))
    return tuple(SystemRow(s, counts[s], models[s]) for s in SYSTEM_IDS if s in counts)


def _of_system(rows: pa.Table | None, system: str) -> list[dict[str, Any]]:
    """The rows that are shown; of all others no more is looked at than a column or two."""
    if rows is None:
        return []
    at = [i for i, of in enumerate(rows["system_id"].to_pylist()) if of == system]
    return list(rows.take(pa.array(at, pa.int64())).to_pylist())


def _names(rows: pa.Table | None) -> dict[int | str, str | None]:
    if rows is None:
        return {}
    columns = (rows[c].to_pylist() for c in ("player_lookup", "player_id", "player_name"))
    return {identity(lookup, player_id): name for lookup, player_id, name in zip(*columns, strict=True)}


def _serving(systems: Sequence[SystemRow]) -> str:
    have = [s.system_id for s in systems]
    return have[0] if have and PREFERRED not in have else PREFERRED


def _nearest(days: Sequence[date], day: date, step: int) -> date:
    """The nearest of some dates, else the day before or after."""
    return min(days, key=lambda d: abs(d - day), default=day + timedelta(days=step))


def _game(row: Mapping[str, Any], now: datetime) -> GameRow:
    tipoff, begun = row["game_start_utc"], has_started(dict(row), now)
    standing = "final" if row["home_team_score"] is not None else "in progress" if begun else "scheduled"
    return GameRow(
        game_id=row["game_id"],
        away_team=row["away_team_tricode"],
        home_team=row["home_team_tricode"],
        tipoff=tipoff,
        standing=standing,
        starts_in=tipoff - now if tipoff is not None and not begun else None,
        away_score=row["away_team_score"],
        home_score=row["home_team_score"],
    )


def _pick(row: Mapping[str, Any]) -> PickRow:
    return PickRow(
        prediction_id=row["prediction_id"],
        player_lookup=row["player_lookup"],
        player_name=row["player_name"] or row["player_lookup"],
        team=row["team_abbr"],
        opponent=row["opponent_team_abbr"],
        game_id=row["game_id"],
        line=row["current_points_line"],
        predicted=row["predicted_points"],
        edge=row["line_margin"],
        prob_over=row["prob_over"],
        recommendation=row["recommendation"],
        confidence=row["confidence_score"],
        sportsbook=row["sportsbook"],
        mode=row["prediction_run_mode"],
        run_id=row["run_id"],
        player_id=row["player_id"],
    )
