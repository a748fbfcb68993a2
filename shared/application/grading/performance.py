"""How a system has done over the last days, beside the line and beside always taking the under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.domain.instants import eastern_date
from shared.domain.statistics import Rate, wilson
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import Rejected
from shared.ports import Clock, Warehouse
from shared.warehouse.history import floats, strings
from shared.warehouse.statements import statement

Floats = NDArray[np.float64]

EDGES = ((0.0, "below 1"), (1.0, "1 to 2"), (2.0, "2 to 3"), (3.0, "3 to 5"), (5.0, "5 and more"))


@dataclass(frozen=True)
class Figures:
    """Rows whose player played. Errors in points; those of the line on the same rows, where it stood.

    ``always_under``: what the under would have done on the rows where the system took a side and the
    line was not landed on exactly, so both rates have the same rows.
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
        self._warehouse = warehouse
        self._clock = clock

    def __call__(self, system: str, days: int, by: str | None = None) -> dict[str, Any]:
        """Figures of the last ``days`` game dates to today, live, backfill and shadow rows apart.

        ``by`` splits by ``signal``, ``model_sha256`` or ``edge``; ``Rejected`` for anything else.
        """
        check_question(system, by)
        first, last = window(self._clock, days)
        rows = rows_of_system(self._warehouse, system, first, last)
        found = [
            {"counted_as": kind, "group": group, **asdict(figures(part))}
            for kind, mine in by_kind(rows).items()
            for group, part in grouped(mine, by).items()
        ]
        return {
            "system": system,
            "first": first.isoformat(),
            "last": last.isoformat(),
            "by": by,
            "groups": found,
            "dates": _by_date(rows),
        }


def check_question(system: str, by: str | None) -> None:
    """``Rejected`` for a system or a grouping that there is not."""
    if system not in SYSTEM_IDS:
        raise Rejected(f"system {system!r}, wanted one of {', '.join(SYSTEM_IDS)}")
    if by is not None and by not in GROUPS:
        raise Rejected(f"by {by!r}, wanted one of {', '.join(GROUPS)}")


def window(clock: Clock, days: int) -> tuple[date, date]:
    """First and last of the ``days`` game dates to today."""
    if days < 1:
        raise Rejected(f"days {days}, wanted at least 1")
    last = eastern_date(clock.now())
    return last - timedelta(days=days - 1), last


def rows_of_system(warehouse: Warehouse, system: str, first: date, last: date) -> pa.Table:
    """Graded rows of players who played, one date after the other."""
    return warehouse.query(statement("accuracy_of_system", first=first, last=last, system_id=system))


def by_kind(rows: pa.Table) -> dict[str, pa.Table]:
    """Rows by what they count as; SHADOW, LIVE, BACKFILL in this order."""
    kinds = strings(rows["counted_as"])
    return {k: rows.filter(pa.array(kinds == k)) for k in sorted(set(kinds.tolist()), reverse=True)}


def grouped(rows: pa.Table, by: str | None) -> dict[str, pa.Table]:
    """Rows by group; all of them as one group without ``by``."""
    groups = GROUPS[by](rows) if by else np.full(rows.num_rows, "all")
    return {group: rows.filter(pa.array(groups == group)) for group in _ordered(groups)}


def figures(rows: pa.Table) -> Figures:
    error, line = floats(rows["signed_error"]), floats(rows["line_value"])
    points, outcome = floats(rows["actual_points"]), strings(rows["outcome"])
    lined_n, lined_mae, line_mae = beside_line(error, line, points)
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


def beside_line(error: Floats, line: Floats, points: Floats) -> tuple[int, float | None, float | None]:
    """How many of (n,) rows have a line, and over those the mean error of what was said and of the line."""
    lined = ~np.isnan(line)
    return int(lined.sum()), _mean(np.abs(error[lined])), _mean(np.abs(line - points)[lined])


def _by_date(rows: pa.Table) -> list[dict[str, Any]]:
    """Errors of each game date, for the plot."""
    days: list[date] = rows["game_date"].to_pylist()
    found = []
    for day in dict.fromkeys(days):
        of = figures(rows.filter(pa.array([d == day for d in days], pa.bool_())))
        found.append(
            {"game_date": day.isoformat(), "n": of.n, "lined_mae": of.lined_mae, "line_mae": of.line_mae}
        )
    return found


def _by_signal(rows: pa.Table) -> NDArray[np.str_]:
    return np.array(
        ["NO_SIGNAL" if s in (None, "NONE") else s for s in rows["daily_signal"].to_pylist()], dtype=np.str_
    )


def _by_model(rows: pa.Table) -> NDArray[np.str_]:
    return np.array([k if k == "formula" else k[:12] for k in rows["model_key"].to_pylist()], dtype=np.str_)


def _by_edge(rows: pa.Table) -> NDArray[np.str_]:
    edge = np.abs(floats(rows["line_margin"]))
    named = np.full(len(edge), "no line", dtype="<U12")
    for least, name in EDGES:
        named = np.where(edge >= least, name, named)
    return named.astype(np.str_)


GROUPS: dict[str, Callable[[pa.Table], NDArray[np.str_]]] = {
    "signal": _by_signal,
    "model_sha256": _by_model,
    "edge": _by_edge,
}


def _ordered(groups: NDArray[np.str_]) -> list[str]:
    """Edges from small to large, everything else by name."""
    order = {name: i for i, (_, name) in enumerate(EDGES)}
    return sorted(set(groups.tolist()), key=lambda g: (order.get(g, len(order)), g))


def _mean(values: Floats) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None
