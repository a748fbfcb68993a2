"""Games of the schedule."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pyarrow as pa

from shared.domain.instants import eastern_date
from shared.ports import Warehouse
from shared.warehouse.box_scores import mark_whole_box_scores
from shared.warehouse.statements import query_rows, statement

FIRST_DATE, LAST_DATE = date(1946, 1, 1), date(2100, 1, 1)


def refresh_game_status(
    warehouse: Warehouse, now: datetime, first: date = FIRST_DATE, last: date = LAST_DATE
) -> int:
    """Set 1 scheduled, 2 in progress, 3 final from clock, tip-off and score; return the games changed.

    A final game with a complete box score is marked as such. A moved game keeps its 4.
    """
    query = statement("refresh_game_status", now=now, today=eastern_date(now), first=first, last=last)
    changed = warehouse.transact([query])[0]
    mark_whole_box_scores(warehouse, now, first, last)
    return changed


def games_between(warehouse: Warehouse, first: date, last: date) -> pa.Table:
    """Return the games that are predicted and that are history.

    Pre-season and All-Star games and the outdated rows of moved games are left out.
    """
    return warehouse.query(statement("games_between", first=first, last=last))


def live_rows_at_tipoff(warehouse: Warehouse, first: date, last: date, now: datetime) -> dict[date, int]:
    """Return how many champion rows of each date were active when their game, played by ``now``, began."""
    rows = query_rows(warehouse, "live_rows_at_tipoff", first=first, last=last, now=now)
    return {r["game_date"]: r["predictions"] for r in rows}


def scheduled_games(warehouse: Warehouse, first: date = FIRST_DATE, last: date = LAST_DATE) -> pa.Table:
    """Return the names, teams and tip-off of every game of any kind."""
    return warehouse.query(statement("scheduled_games", first=first, last=last))


def has_started(game: dict[str, Any], moment: datetime) -> bool:
    """Return whether a game of ``games_between`` had begun: by its score, else its tip-off, else its date."""
    if game["home_team_score"] is not None:
        return True
    tipoff: datetime | None = game["game_start_utc"]
    return tipoff <= moment if tipoff is not None else bool(game["game_date"] < eastern_date(moment))
