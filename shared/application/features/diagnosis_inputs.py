"""Row counts of a game date's input tables, and the rows without a match."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from shared.application.ingestion.reconciliation import BY_NAME, LOGS, MEANING, UnmatchedRows, unmatched_rows
from shared.ports import Warehouse
from shared.warehouse.statements import query_rows

INPUT_DAYS = 30


@dataclass(frozen=True)
class Inputs:
    """``quotes``, ``injuries``: rows of a date. The rest is of the ``INPUT_DAYS`` before it: ``located`` and
    ``rated`` count box scores with shot locations or rating inputs; ``latest_*``: the last date with any."""

    quotes: int
    injuries: int
    located: int
    rated: int
    latest_box_scores: date | None
    latest_final: date | None
    unmatched: tuple[UnmatchedRows, ...]

    def unmatched_reasons(self, file: str) -> str:
        """Return why rows of a file have no match, with counts; "" if every row has one."""
        counts: Counter[str] = Counter()
        for u in self.unmatched:
            if u.file_name == file and u.reason != BY_NAME:
                counts[MEANING[u.reason]] += u.row_count
        return "; ".join(f"{n} rows: {reason}" for reason, n in counts.items())


@dataclass(frozen=True)
class InputRows:
    """Row counts of each kind for the dates of a range and of the days before it, in order of date."""

    days: list[date]
    rows: list[dict[str, Any]]
    unmatched: list[UnmatchedRows]

    @staticmethod
    def read(warehouse: Warehouse, first: date, last: date) -> InputRows:
        rows = query_rows(warehouse, "input_rows", first=first - timedelta(days=INPUT_DAYS), last=last)
        unmatched = unmatched_rows(warehouse, first - timedelta(days=INPUT_DAYS), last)
        return InputRows([r["game_date"] for r in rows], rows, unmatched)

    def of(self, day: date) -> Inputs:
        end, start = (bisect_left(self.days, d) for d in (day, day - timedelta(days=INPUT_DAYS)))
        counts = self.rows[end] if end < len(self.days) and self.days[end] == day else {}
        earlier = self.rows[start:end]

        def latest(kind: str) -> date | None:
            return next((r["game_date"] for r in reversed(earlier) if r[kind]), None)

        return Inputs(
            counts.get("quotes", 0),
            counts.get("injuries", 0),
            sum(r["located"] for r in earlier),
            sum(r["rated"] for r in earlier),
            latest("box_scores"),
            latest("finals"),
            tuple(
                u
                for u in self.unmatched
                if u.game_date == day
                or (u.file_name == LOGS and day - timedelta(days=INPUT_DAYS) <= u.game_date < day)
            ),
        )
