"""How many runs an hour sees."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from shared.errors import TooMany
from shared.ports import RunStore

HOUR = timedelta(hours=1)


def check_rate(runs: RunStore, most: int, now: datetime) -> None:
    """``TooMany`` when ``most`` runs that no job made were opened in the hour before ``now``, real time.

    Two callers at the same instant may both be let in: the limit keeps a flood away, it counts no tickets.
    """
    limit, since = most, now - HOUR
    newest = runs.runs(limit=limit)
    while len(newest) == limit and newest[-1].opened_at > since:
        limit *= 2
        newest = runs.runs(limit=limit)
    counted = [r for r in newest if r.opened_at > since and r.request.get("job") is None]
    if len(counted) >= most:
        wait = counted[most - 1].opened_at - since
        raise TooMany(
            f"{len(counted)} runs were opened within an hour, wanted at most {most}",
            math.ceil(wait.total_seconds()),
        )
