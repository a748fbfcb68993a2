"""Everything known about the games of a date before they are played, as of each game's instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.features.slate_inputs import Mode, SlateInputs
from shared.domain.features.compute import FeatureRows, Targets, compute
from shared.domain.features.context import context
from shared.domain.players.roster import Candidate
from shared.ports import ExpectedPlayer, Warehouse
from shared.warehouse.schedule import has_started

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DEFAULT_MIN_MINUTES = 8.0


@dataclass(frozen=True)
class Slate:
    """The candidates of one or more game dates with features and line, one row each.

    ``row``: position in ``games``. ``quote``: position in ``quotes``, -1 without a usable line.
    ``status``: latest injury status as of the game's instant, "" without a report.
    """

    games: pa.Table
    quotes: pa.Table
    candidates: list[Candidate]
    lookups: list[str]
    """Each player's spelling as of his game's instant, for people: his id is what joins."""
    targets: Targets
    features: FeatureRows
    context: Floats
    row: Ints
    quote: Ints
    status: list[str]
    known_games: list[int]
    """Rows of ``games`` that belong to the dates asked for."""


def read_slate(
    warehouse: Warehouse,
    first: date,
    last: date,
    now: datetime,
    mode: Mode,
    min_minutes: float = DEFAULT_MIN_MINUTES,
) -> Slate:
    """Roster, lines and features of the game dates ``first`` to ``last``."""
    known = SlateInputs.read(warehouse, first, last, now, mode)
    candidates = known.roster(min_minutes)
    row = np.array([c.game for c in candidates], dtype=np.int64)
    player = np.array([c.player for c in candidates], dtype=np.int64)
    home = np.array([c.is_home for c in candidates], dtype=np.bool_)
    targets, quote = known.targets(row, player, home)
    return Slate(
        games=known.past.table,
        quotes=known.quotes.table,
        candidates=candidates,
        lookups=known.spellings(row, player),
        targets=targets,
        features=compute(known.past.history, targets),
        context=context(known.past.history, targets),
        row=row,
        quote=quote,
        status=known.injuries.words(row, player),
        known_games=known.rows.tolist(),
    )


@dataclass(frozen=True)
class QuotedPlayer:
    """A player on whom a usable line stands, and where he belongs.

    ``team`` is "" where his side is unknown, ``last_team`` where he has no box score. ``reason``: that of
    his candidacy, or why he is none. ``other_games``: games of the date that name him too.
    """

    player_lookup: str
    player_id: int
    game_id: str
    team: str
    last_team: str
    expected: bool
    reason: str
    other_games: tuple[str, ...]


@dataclass(frozen=True)
class DayRoster:
    """Who is expected on a game date, and what became of those who are quoted."""

    expected: list[ExpectedPlayer]
    quoted: list[QuotedPlayer]


def read_roster(
    warehouse: Warehouse,
    first: date,
    last: date,
    now: datetime,
    mode: Mode,
    min_minutes: float = DEFAULT_MIN_MINUTES,
) -> dict[date, DayRoster]:
    """The expected and the quoted players of each game date that has games; no features are computed."""
    known = SlateInputs.read(warehouse, first, last, now, mode)
    ids, days = known.past.table["game_id"].to_pylist(), known.past.table["game_date"].to_pylist()
    rosters = {days[r]: DayRoster([], []) for r in known.rows.tolist()}
    candidates = known.roster(min_minutes)
    seats = {(c.game, c.player): c for c in candidates}
    roster = [c for c in candidates if c.expected]
    for c, lookup in zip(roster, _spellings(known, [(c.game, c.player) for c in roster]), strict=True):
        rosters[days[c.game]].expected.append(ExpectedPlayer(lookup, c.player, ids[c.game]))
    quoted = [a for a in known.assignments.values() if a.is_quoted]
    for a, lookup in zip(quoted, _spellings(known, [(a.game, a.player) for a in quoted]), strict=True):
        seat = seats.get((a.game, a.player))
        reason, others = seat.reason if seat else a.reason, tuple(ids[g] for g in a.other_games)
        expected = seat is not None and seat.expected
        rosters[days[a.game]].quoted.append(
            QuotedPlayer(lookup, a.player, ids[a.game], a.team, a.last_team, expected, reason, others)
        )
    return rosters


def _spellings(known: SlateInputs, seats: list[tuple[int, int]]) -> list[str]:
    """Spelling of each (game row, player)."""
    row = np.array([game for game, _ in seats], dtype=np.int64)
    player = np.array([who for _, who in seats], dtype=np.int64)
    return known.spellings(row, player)


def modes_by_date(games: pa.Table, moment: datetime) -> dict[date, Mode]:
    """A date is LIVE while one of its games has not started, BACKFILL after."""
    modes: dict[date, Mode] = {}
    for game in games.to_pylist():
        if not has_started(game, moment):
            modes[game["game_date"]] = Mode.LIVE
        else:
            modes.setdefault(game["game_date"], Mode.BACKFILL)
    return modes
