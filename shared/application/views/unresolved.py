"""Names of stored rows without a player, with the command that settles each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from shared.application.players.unresolved import UnresolvedName, UnresolvedNames
from shared.domain.instants import eastern_date
from shared.ports import Clock, Warehouse

DAYS, DAYS_AHEAD = 400, 14
"""Game dates before and after today whose rows are read: this season and the last one."""

MAX_NAMES = 200


@dataclass(frozen=True)
class UnresolvedRow:
    """One name as a row of CSV. ``candidates``: names and ids; ``commands``: one for each candidate."""

    player_lookup: str
    source: str
    quotes: int
    injury_reports: int
    box_scores: int
    first_game_date: date
    last_game_date: date
    teams: str
    candidates: str
    commands: str


@dataclass(frozen=True)
class UnresolvedView:
    """``left_out``: number of names after the first ``MAX_NAMES``."""

    since: date
    names: tuple[UnresolvedName, ...]
    left_out: int

    @property
    def rows(self) -> list[UnresolvedRow]:
        return [_row(n) for n in self.names]


class ShowUnresolved:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._names, self._clock = UnresolvedNames(warehouse), clock

    def __call__(self) -> UnresolvedView:
        today = eastern_date(self._clock.now())
        since = today - timedelta(days=DAYS)
        names = self._names(since, today + timedelta(days=DAYS_AHEAD))
        return UnresolvedView(since, tuple(names[:MAX_NAMES]), max(0, len(names) - MAX_NAMES))


def _row(n: UnresolvedName) -> UnresolvedRow:
    return UnresolvedRow(
        n.player_lookup, n.source, n.quotes, n.injury_reports, n.box_scores, n.first_game_date,
        n.last_game_date, " ".join(n.teams),
        "; ".join(f"{c.player_name} {c.player_id}" for c in n.candidates), "; ".join(n.commands),
    )  # fmt: skip
