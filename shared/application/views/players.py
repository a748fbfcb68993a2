"""Search players by a part of their name; the top scorers come first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from shared.application.views.rows import from_columns
from shared.domain.instants import eastern_date
from shared.domain.players.names import search_key
from shared.errors import Rejected
from shared.ports import Clock, Warehouse
from shared.warehouse.statements import query_rows

DAYS = 400
"""Only players with a box score in this season or the last one are listed."""

PAGE_SIZE, MAX_PAGES = 50, 100


@dataclass(frozen=True)
class PlayerRow:
    """``games``: number of games played in the searched span; ``minutes`` and ``points`` are means."""

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
        """Runs one statement. ``search`` ignores case, accents, spaces and punctuation."""
        if not 1 <= page <= MAX_PAGES:
            raise Rejected(f"page {page}, expected 1 to {MAX_PAGES}")
        last = eastern_date(self._clock.now())
        first = last - timedelta(days=DAYS)
        rows = query_rows(
            self._warehouse,
            "players_by_spelling",
            first=first,
            last=last,
            part=search_key(search),
            most=PAGE_SIZE + 1,
            skipped=PAGE_SIZE * (page - 1),
        )
        page_rows = tuple(
            from_columns(
                PlayerRow, r, team=r["team_abbr"], minutes=r["mean_minutes"], points=r["mean_points"]
            )
            for r in rows[:PAGE_SIZE]
        )
        return PlayerList(search, page, page_rows, len(rows) > PAGE_SIZE, first)
