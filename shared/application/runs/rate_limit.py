"""A limit on the number of runs opened per hour."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from shared.errors import TooMany
from shared.ports import RunStore

HOUR = timedelta(hours=1)


def check_rate(runs: RunStore, max_runs: int, now: datetime) -> None:
    """Raise ``TooMany`` if ``max_runs`` runs were opened in the hour before ``now`` (real time).

    Runs of jobs do not count. Two simultaneous callers may both pass: the limit is not exact.
    """
    limit, since = max_runs, now - HOUR
    newest = runs.runs(limit=limit)
    while len(newest) == limit and newest[-1].opened_at > since:
        limit *= 2
        newest = runs.runs(limit=limit)
    recent_runs = [r for r in newest if r.opened_at > since and r.request.get("job") is None]
    if len(recent_runs) >= max_runs:
        wait = recent_runs[max_runs - 1].opened_at - since
        raise TooMany(
            f"{len(recent_runs)} runs were opened within an hour, expected at most {max_runs}",
            math.ceil(wait.total_seconds()),
        )
