"""How full the input tables of a game date are, and what of them met no match."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shared.application.ingestion.reconciliation import (
    BY_NAME,
    LOGS,
    MEANING,
    UnmatchedRows,
    unmatched_rows,
)
from shared.ports import Warehouse
from shared.warehouse.statements import statement

INPUT_DAYS = 30


@dataclass(frozen=True)
class Inputs:
    """Rows of a date's input tables, box scores of the days before it with shot locations and with the
    counts of ratings, and the latest dates there with box scores and with games that are final."""

    quotes: int
    injuries: int
    located: int
    rated: int
    latest_box_scores: date | None
    latest_final: date | None
    unmatched: tuple[UnmatchedRows, ...]

    def without(self, file: str) -> str:
        """What became of the rows of a file that met nothing, "" where all of them met their match."""
        counts: Counter[str] = Counter()
        for u in self.unmatched:
            if u.file_name == file and u.reason != BY_NAME:
                counts[MEANING[u.reason]] += u.row_count
        return "; ".join(f"{n} rows: {reason}" for reason, n in counts.items())


@dataclass(frozen=True)
class InputRows:
    """The dates of a range and of the days before it that have rows, in order, and how many of each kind."""

    days: list[date]
    rows: list[dict[str, Any]]
    unmatched: list[UnmatchedRows]

    @staticmethod
    def read(warehouse: Warehouse, first: date, last: date) -> InputRows:
        asked = statement("input_rows", first=first - timedelta(days=INPUT_DAYS), last=last)
        rows = warehouse.query(asked).to_pylist()
        unmatched = unmatched_rows(warehouse, first - timedelta(days=INPUT_DAYS), last)
        return InputRows([r["game_date"] for r in rows], rows, unmatched)

    def of(self, day: date) -> Inputs:
        at, since = (bisect_left(self.days, d) for d in (day, day - timedelta(days=INPUT_DAYS)))
        here = self.rows[at] if at < len(self.days) and self.days[at] == day else {}
        before = self.rows[since:at]

        def latest(kind: str) -> date | None:
            return next((r["game_date"] for r in reversed(before) if r[kind]), None)

        return Inputs(
            here.get("quotes", 0),
            here.get("injuries", 0),
            sum(r["located"] for r in before),
            sum(r["rated"] for r in before),
            latest("box_scores"),
            latest("finals"),
            tuple(
                u
                for u in self.unmatched
                if u.game_date == day
                or (u.file_name == LOGS and day - timedelta(days=INPUT_DAYS) <= u.game_date < day)
            ),
        )
