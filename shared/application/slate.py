"""Everything known about the games of a date before they are played, as of each game's instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.known import Known, Mode
from shared.domain.features.compute import FeatureRows, Targets, compute
from shared.domain.features.context import context
from shared.domain.roster import Candidate
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
    known = Known.read(warehouse, first, last, now, mode)
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


def read_roster(
    warehouse: Warehouse,
    first: date,
    last: date,
    now: datetime,
    mode: Mode,
    min_minutes: float = DEFAULT_MIN_MINUTES,
) -> dict[date, list[ExpectedPlayer]]:
    """The expected players of each game date that has games; no features are computed."""
    known = Known.read(warehouse, first, last, now, mode)
    ids, days = known.past.table["game_id"].to_pylist(), known.past.table["game_date"].to_pylist()
    expected: dict[date, list[ExpectedPlayer]] = {days[r]: [] for r in known.rows.tolist()}
    roster = [c for c in known.roster(min_minutes) if c.expected]
    row = np.array([c.game for c in roster], dtype=np.int64)
    player = np.array([c.player for c in roster], dtype=np.int64)
    for c, lookup in zip(roster, known.spellings(row, player), strict=True):
        expected[days[c.game]].append(ExpectedPlayer(lookup, c.player, ids[c.game]))
    return expected


def modes_by_date(games: pa.Table, moment: datetime) -> dict[date, Mode]:
    """A date is LIVE while one of its games has not started, BACKFILL after."""
    modes: dict[date, Mode] = {}
    for game in games.to_pylist():
        if not has_started(game, moment):
            modes[game["game_date"]] = Mode.LIVE
        else:
            modes.setdefault(game["game_date"], Mode.BACKFILL)
    return modes
