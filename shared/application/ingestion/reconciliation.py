"""Rows without a game, a player or a price: counted at the end of a load and for a game date."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from shared.application.ingestion.file_contracts import INJURY_FILE, LINES_FILE, LOGS_FILE
from shared.application.ingestion.problems import Note
from shared.domain.findings import Severity
from shared.domain.instants import eastern_date
from shared.ports import Warehouse
from shared.schemas.loads import LOAD_RECONCILIATION
from shared.warehouse.history import date_span
from shared.warehouse.statements import query_rows

LINES, REPORTS, LOGS = LINES_FILE, INJURY_FILE, LOGS_FILE
BY_NAME = "by_name"

MAX_LOAD_LEAD = timedelta(days=400)
"""Maximum time from a load to the game date of its rows: a schedule comes a season ahead."""

MEANING = {
    "no_game": "their game is not in the schedule",
    "no_player": "no player id, and no player of the game's two rosters by name",
    "no_price": "main quotes of a sportsbook without both prices: they give no line",
    BY_NAME: "no player id of the league, matched by name within the two rosters",
}


@dataclass(frozen=True)
class UnmatchedRows:
    """Rows of one file and game date with one reason of ``MEANING``; ``example`` is the first by name."""

    file_name: str
    reason: str
    game_date: date
    row_count: int
    example: str


def unmatched_rows(warehouse: Warehouse, first: date, last: date) -> list[UnmatchedRows]:
    """Return the unmatched rows that are stored for the game dates ``first`` to ``last``."""
    rows = query_rows(warehouse, "rows_without_match", first=first, last=last)
    return [UnmatchedRows(**row) for row in rows]


def load_notes(rows: Sequence[UnmatchedRows]) -> list[Note]:
    """Return the notes on games and prices; player matching makes the notes on players."""
    groups: dict[tuple[str, str], list[UnmatchedRows]] = {}
    for row in rows:
        if row.reason not in ("no_player", BY_NAME):
            groups.setdefault((row.file_name, row.reason), []).append(row)
    return [
        Note(Severity.WARNING, file, MEANING[reason], sum(r.row_count for r in group), group[0].example)
        for (file, reason), group in groups.items()
    ]


def date_spans(tables: Mapping[str, pa.Table]) -> dict[str, tuple[date, date]]:
    """Return the first and the last game date by file, of files that have rows."""
    return {file: date_span(rows) for file, rows in tables.items() if rows.num_rows}


def record_load(
    warehouse: Warehouse, now: datetime, tables: Mapping[str, pa.Table], notes: Sequence[Note]
) -> None:
    """Store the notes of a load and the dates of each file that it covered. ``tables``: rows by file."""
    spans = date_spans(tables)
    clean = [(file, Severity.OK, "", tables[file].num_rows, None, *span) for file, span in spans.items()]
    unique = {(n.file, n.reason): n for n in notes if n.file in spans}.values()
    noted = [(n.file, n.severity, n.reason, n.rows, n.example, *(n.dates or spans[n.file])) for n in unique]
    rows = [*clean, *noted]
    if not rows:
        return
    load_key = (eastern_date(now), secrets.token_hex(8), datetime.now(UTC))
    names = LOAD_RECONCILIATION.column_names
    values = [(*load_key, file, str(severity), *rest) for file, severity, *rest in rows]
    table = LOAD_RECONCILIATION.from_rows([dict(zip(names, row, strict=True)) for row in values])
    warehouse.append(LOAD_RECONCILIATION, table)


def open_reports(warehouse: Warehouse, first: date, last: date) -> list[dict[str, Any]]:
    """Return warnings of loads on the dates ``first`` to ``last`` that no later load has resolved.

    A later load of the file resolves a warning if it covered the same dates and did not repeat it.
    """
    since = first - MAX_LOAD_LEAD
    rows = query_rows(warehouse, "load_reports", first=first, last=last, since=since)
    reasons: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        reasons.setdefault((row["load_id"], row["file_name"]), set()).add(row["reason"])

    def covers(later: dict[str, Any], row: dict[str, Any]) -> bool:
        return bool(
            later["file_name"] == row["file_name"]
            and later["loaded_at"] > row["loaded_at"]
            and later["first_game_date"] <= max(row["first_game_date"], first)
            and later["last_game_date"] >= min(row["last_game_date"], last)
        )

    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row["severity"] not in (Severity.OK, Severity.INFO):
            later = [r for r in rows if covers(r, row)]
            if all(row["reason"] in reasons[r["load_id"], r["file_name"]] for r in later):
                newest[row["file_name"], row["reason"]] = row
    return list(newest.values())
