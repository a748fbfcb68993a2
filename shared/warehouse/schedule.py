"""Games of the schedule."""

from __future__ import annotations

from datetime import date, datetime

import pyarrow as pa

from shared.ports import Warehouse
from shared.warehouse.statements import statement

FIRST_DATE, LAST_DATE = date(1946, 1, 1), date(2100, 1, 1)


def refresh_game_status(
    warehouse: Warehouse, now: datetime, first: date = FIRST_DATE, last: date = LAST_DATE
) -> int:
    """Set 1 scheduled, 2 in progress, 3 final from clock, tip-off and score; give the games changed."""
    return warehouse.transact([statement("refresh_game_status", now=now, first=first, last=last)])[0]


def games_between(warehouse: Warehouse, first: date, last: date) -> pa.Table:
    return warehouse.query(statement("games_between", first=first, last=last))
