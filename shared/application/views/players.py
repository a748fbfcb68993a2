"""Players to choose from: found by a part of their name, those who score most first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from shared.domain.instants import eastern_date
from shared.domain.players.names import search_key
from shared.errors import Rejected
from shared.ports import Clock, Warehouse
from shared.warehouse.statements import statement

DAYS = 400
"""Who has a box score of the last season, or of this one."""

A_PAGE, MOST_PAGES = 50, 100


@dataclass(frozen=True)
class PlayerRow:
    """``games`` he played of late; ``minutes`` and ``points`` are means of them."""

    player_lookup: str
    player_name: str
    team: str
    last_game: date
    games: int
    minutes: float | None
    points: float | None
    player_id: int | None = None


@dataclass(frozen=True)
class PlayerList:
    search: str
    page: int
    rows: tuple[PlayerRow, ...]
    more: bool
    since: date


class ShowPlayers:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    def __call__(self, search: str = "", page: int = 1) -> PlayerList:
        """One statement. Case, accents, spaces and marks of ``search`` do not count."""
        if not 1 <= page <= MOST_PAGES:
            raise Rejected(f"page {page}, wanted 1 to {MOST_PAGES}")
        last = eastern_date(self._clock.now())
        first = last - timedelta(days=DAYS)
        rows = self._warehouse.query(
            statement(
                "players_by_spelling",
                first=first,
                last=last,
                part=search_key(search),
                most=A_PAGE + 1,
                skipped=A_PAGE * (page - 1),
            )
        ).to_pylist()
        found = tuple(
            PlayerRow(
                player_lookup=r["player_lookup"],
                player_name=r["player_name"],
                team=r["team_abbr"],
                last_game=r["last_game"],
                games=r["games"],
                minutes=r["mean_minutes"],
                points=r["mean_points"],
                player_id=r["player_id"],
            )
            for r in rows[:A_PAGE]
        )
        return PlayerList(search, page, found, len(rows) > A_PAGE, first)
