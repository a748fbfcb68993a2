"""Performance of a system over recent days, compared with the line and with always taking the under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from shared.domain.arrays import Floats, Strings
from shared.domain.instants import eastern_date
from shared.domain.statistics import Rate, wilson
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import Rejected
from shared.ports import Clock, Warehouse
from shared.warehouse.history import floats, strings
from shared.warehouse.statements import statement

EDGE_GROUPS = ((0.0, "below 1"), (1.0, "1 to 2"), (2.0, "2 to 3"), (3.0, "3 to 5"), (5.0, "5 and more"))


@dataclass(frozen=True)
class Figures:
    """Figures of rows whose player played. Errors in points; those of the line cover rows with a line.

    ``hit`` and ``always_under`` cover the same rows: those where the system picked a side and the points
    did not equal the line. ``always_under`` is the hit rate of taking the under on each of them.
    """

    n: int
    mae: float | None
    bias: float | None
    lined_n: int
    lined_mae: float | None
    line_mae: float | None
    hit: Rate
    always_under: Rate


class Performance:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    def __call__(self, system: str, days: int, by: str | None = None) -> dict[str, Any]:
        """Return figures of the last ``days`` dates to today, separately for live, backfill and shadow rows.

        ``by`` groups by ``signal``, ``model_sha256`` or ``edge``; raises ``Rejected`` for any other value.
        """
        check_system_and_group(system, by)
        first, last = window(self._clock, days)
        rows = rows_of_system(self._warehouse, system, first, last)
        groups = [
            {"counted_as": kind, "group": group, **asdict(compute_figures(part))}
            for kind, kind_rows in split_by_kind(rows).items()
            for group, part in split_by_group(kind_rows, by).items()
        ]
        return {
            "system": system,
            "first": first.isoformat(),
            "last": last.isoformat(),
            "by": by,
            "groups": groups,
            "dates": _by_date(rows),
        }


def check_system_and_group(system: str, by: str | None) -> None:
    """Raise ``Rejected`` for an unknown system or grouping."""
    if system not in SYSTEM_IDS:
        raise Rejected(f"system {system!r}, expected one of {', '.join(SYSTEM_IDS)}")
    if by is not None and by not in GROUPS:
        raise Rejected(f"by {by!r}, expected one of {', '.join(GROUPS)}")


def window(clock: Clock, days: int) -> tuple[date, date]:
    """Return the first and last of the ``days`` dates to today."""
    if days < 1:
        raise Rejected(f"days {days}, expected at least 1")
    last = eastern_date(clock.now())
    return last - timedelta(days=days - 1), last


def rows_of_system(warehouse: Warehouse, system: str, first: date, last: date) -> pa.Table:
    """Return graded rows of players who played, ordered by date."""
    return warehouse.query(statement("accuracy_of_system", first=first, last=last, system_id=system))


def split_by_kind(rows: pa.Table) -> dict[str, pa.Table]:
    """Return rows by kind (``counted_as``), in the order SHADOW, LIVE, BACKFILL."""
    kinds = strings(rows["counted_as"])
    return {k: rows.filter(pa.array(kinds == k)) for k in sorted(set(kinds.tolist()), reverse=True)}


def split_by_group(rows: pa.Table, by: str | None) -> dict[str, pa.Table]:
    """Return rows by group; without ``by`` all rows are one group."""
    groups = GROUPS[by](rows) if by else np.full(rows.num_rows, "all")
    return {group: rows.filter(pa.array(groups == group)) for group in _sorted_groups(groups)}


def compute_figures(rows: pa.Table) -> Figures:
    error, line = floats(rows["signed_error"]), floats(rows["line_value"])
    points, outcome = floats(rows["actual_points"]), strings(rows["outcome"])
    lined_n, lined_mae, line_mae = compare_with_line(error, line, points)
    decided = np.isin(outcome, ("HIT", "MISS"))
    return Figures(
        n=len(error),
        mae=_mean(np.abs(error)),
        bias=_mean(error),
        lined_n=lined_n,
        lined_mae=lined_mae,
        line_mae=line_mae,
        hit=wilson(int(np.sum(outcome == "HIT")), int(decided.sum())),
        always_under=wilson(int(np.sum((points < line) & decided)), int(decided.sum())),
    )


def compare_with_line(error: Floats, line: Floats, points: Floats) -> tuple[int, float | None, float | None]:
    """Return how many of (n,) rows have a line, and the MAE of the system and of the line on them."""
    lined = ~np.isnan(line)
    return int(lined.sum()), _mean(np.abs(error[lined])), _mean(np.abs(line - points)[lined])


def _by_date(rows: pa.Table) -> list[dict[str, Any]]:
    """Return the errors of each game date, for the plot."""
    days: list[date] = rows["game_date"].to_pylist()
    entries = []
    for day in dict.fromkeys(days):
        f = compute_figures(rows.filter(pa.array([d == day for d in days], pa.bool_())))
        entries.append(
            {"game_date": day.isoformat(), "n": f.n, "lined_mae": f.lined_mae, "line_mae": f.line_mae}
        )
    return entries


def _by_signal(rows: pa.Table) -> Strings:
    return np.array(
        ["NO_SIGNAL" if s in (None, "NONE") else s for s in rows["daily_signal"].to_pylist()], dtype=np.str_
    )


def _by_model(rows: pa.Table) -> Strings:
    return np.array([k if k == "formula" else k[:12] for k in rows["model_key"].to_pylist()], dtype=np.str_)


def _by_edge(rows: pa.Table) -> Strings:
    edge = np.abs(floats(rows["line_margin"]))
    group = np.full(len(edge), "no line", dtype="<U12")
    for lower, name in EDGE_GROUPS:
        group = np.where(edge >= lower, name, group)
    return group.astype(np.str_)


GROUPS: dict[str, Callable[[pa.Table], Strings]] = {
    "signal": _by_signal,
    "model_sha256": _by_model,
    "edge": _by_edge,
}


def _sorted_groups(groups: Strings) -> list[str]:
    """Return edge groups from small to large, other groups by name."""
    order = {name: i for i, (_, name) in enumerate(EDGE_GROUPS)}
    return sorted(set(groups.tolist()), key=lambda g: (order.get(g, len(order)), g))


def _mean(values: Floats) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None
