"""Candidates, lines and features of the games of a date, as of each game's instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa

from shared.application.features.slate_inputs import SlateInputs
from shared.domain.arrays import Floats, Ints
from shared.domain.features.compute import FeatureRows, Targets, compute
from shared.domain.features.context import context
from shared.domain.players.roster import DEFAULT_MIN_MINUTES, Candidate
from shared.domain.vocabulary import RunMode
from shared.ports import ExpectedPlayer, Warehouse
from shared.warehouse.schedule import has_started


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
    """Each player's spelling as of the game's instant, for display; joins use the id."""
    targets: Targets
    features: FeatureRows
    context: Floats
    row: Ints
    quote: Ints
    status: list[str]
    game_rows: list[int]
    """Rows of ``games`` on the requested dates."""


def read_slate(
    warehouse: Warehouse,
    first: date,
    last: date,
    now: datetime,
    mode: RunMode,
    min_minutes: float = DEFAULT_MIN_MINUTES,
) -> Slate:
    """Return roster, lines and features of the game dates ``first`` to ``last``."""
    inputs = SlateInputs.read(warehouse, first, last, now, mode)
    candidates = inputs.roster(min_minutes)
    row = np.array([c.game for c in candidates], dtype=np.int64)
    player = np.array([c.player for c in candidates], dtype=np.int64)
    home = np.array([c.is_home for c in candidates], dtype=np.bool_)
    targets, quote = inputs.targets(row, player, home)
    return Slate(
        games=inputs.past.table,
        quotes=inputs.quotes.table,
        candidates=candidates,
        lookups=inputs.spellings(row, player),
        targets=targets,
        features=compute(inputs.past.history, targets),
        context=context(inputs.past.history, targets),
        row=row,
        quote=quote,
        status=inputs.injuries.statuses(row, player),
        game_rows=inputs.rows.tolist(),
    )


@dataclass(frozen=True)
class QuotedPlayer:
    """A player with a usable line, and the game and team that the player is assigned to.

    ``team``: "" if the side is unknown. ``last_team``: "" without a box score. ``reason``: why the player is
    or is not a candidate. ``other_games``: other games of the date that name the player.
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
    """The expected players of a game date, and the assignments of its quoted players."""

    expected: list[ExpectedPlayer]
    quoted: list[QuotedPlayer]


def read_roster(
    warehouse: Warehouse,
    first: date,
    last: date,
    now: datetime,
    mode: RunMode,
    min_minutes: float = DEFAULT_MIN_MINUTES,
) -> dict[date, DayRoster]:
    """Return the expected and the quoted players of each game date that has games, without features."""
    inputs = SlateInputs.read(warehouse, first, last, now, mode)
    ids, days = inputs.past.table["game_id"].to_pylist(), inputs.past.table["game_date"].to_pylist()
    rosters = {days[r]: DayRoster([], []) for r in inputs.rows.tolist()}
    candidates = inputs.roster(min_minutes)
    by_key = {(c.game, c.player): c for c in candidates}
    roster = [c for c in candidates if c.expected]
    for c, lookup in zip(roster, _spellings(inputs, [(c.game, c.player) for c in roster]), strict=True):
        rosters[days[c.game]].expected.append(ExpectedPlayer(lookup, c.player, ids[c.game]))
    quoted = [a for a in inputs.assignments.values() if a.is_quoted]
    for a, lookup in zip(quoted, _spellings(inputs, [(a.game, a.player) for a in quoted]), strict=True):
        match = by_key.get((a.game, a.player))
        reason, other_ids = match.reason if match else a.reason, tuple(ids[g] for g in a.other_games)
        expected = match is not None and match.expected
        rosters[days[a.game]].quoted.append(
            QuotedPlayer(lookup, a.player, ids[a.game], a.team, a.last_team, expected, reason, other_ids)
        )
    return rosters


def _spellings(inputs: SlateInputs, players: list[tuple[int, int]]) -> list[str]:
    """Return the spelling of each (game row, player id)."""
    row = np.array([game for game, _ in players], dtype=np.int64)
    player = np.array([player_id for _, player_id in players], dtype=np.int64)
    return inputs.spellings(row, player)


def modes_by_date(games: pa.Table, moment: datetime) -> dict[date, RunMode]:
    """Return LIVE for a date with a game that has not started, else BACKFILL."""
    modes: dict[date, RunMode] = {}
    for game in games.to_pylist():
        if not has_started(game, moment):
            modes[game["game_date"]] = RunMode.LIVE
        else:
            modes.setdefault(game["game_date"], RunMode.BACKFILL)
    return modes
