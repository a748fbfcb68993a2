"""League means as of an instant, over the last 365 days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Floats, Ints
from shared.domain.features.history import History

YEAR = 365


@dataclass(frozen=True)
class LeagueMeans:
    """(n,) arrays: points per 100 possessions allowed, and field-goal shares 0-1 by zone."""

    def_rating: Floats
    paint: Floats
    mid_range: Floats
    three: Floats


def league_means(history: History, day: Ints, as_of: Ints) -> LeagueMeans:
    """Return means of the last year's team-games with a result before each instant; NaN without any."""
    timeline, values = history.teams.timeline, history.teams.values
    order = np.lexsort((timeline.entity, timeline.available_at, timeline.day))
    days, available_at = timeline.day[order], timeline.available_at[order]
    columns = {name: values[name][order] for name in values}
    instants, inverse = np.unique(np.stack([day, as_of], axis=-1), axis=0, return_inverse=True)
    table = np.full((len(instants), 4), np.nan)
    for row, (d, moment) in enumerate(instants):
        span = slice(np.searchsorted(days, d - YEAR), np.searchsorted(days, d))
        usable = available_at[span] < moment
        if usable.any():
            table[row] = _means({name: column[span][usable] for name, column in columns.items()})
    return LeagueMeans(*table[inverse.reshape(-1)].T)


def _means(columns: dict[str, Floats]) -> tuple[float, float, float, float]:
    def share(zone: str) -> float:
        attempts = columns[f"allowed_{zone}a"].sum()
        return float(columns[f"allowed_{zone}m"].sum() / attempts) if attempts > 0 else float("nan")

    return float(columns["def_rating"].mean()), share("paint_fg"), share("mid_fg"), share("fg3")
