"""Problems that stop a load, as one bounded report, and notes that do not stop it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from shared.domain.findings import EXIT, Severity
from shared.errors import Rejected

MAX_LINES = 20
"""Problems that a report lists; it counts the rest."""

MAX_VALUE = 60
"""Characters of a value that a message shows."""


@dataclass(frozen=True)
class Problem:
    """One reason to refuse a file. ``row`` is the first bad row, from 0; ``rows`` how many are bad."""

    file: str
    reason: str
    column: str | None = None
    row: int | None = None
    value: object = None
    rows: int = 1

    def __str__(self) -> str:
        if self.column is None:
            return f"{self.file}: {self.reason}"
        if self.row is None:
            return f"{self.file}: column {self.column}: {self.reason}"
        count = f" ({self.rows:,} rows)" if self.rows > 1 else ""
        place = f"{self.file}: row {self.row}, column {self.column}, value {format_value(self.value)}"
        return f"{place}: {self.reason}{count}"


@dataclass(frozen=True)
class Note:
    """A remark on rows that were loaded; ``example`` is the first of them.

    ``dates``: first and last game date of these rows, None for the dates of the whole file.
    """

    severity: Severity
    file: str
    reason: str
    rows: int
    example: str
    dates: tuple[date, date] | None = None

    def __str__(self) -> str:
        return f"{self.severity} {self.file}: {self.rows:,} rows: {self.reason}; the first: {self.example}"

    @property
    def is_finding(self) -> bool:
        return EXIT[self.severity] > 0


def format_value(value: object) -> str:
    text = repr(value) if not hasattr(value, "isoformat") else value.isoformat()
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}..."


def problems_of(
    file: str,
    column: str,
    values: pa.Array | pa.ChunkedArray,
    is_bad: pa.Array | pa.ChunkedArray,
    reason: str,
) -> list[Problem]:
    """Return one problem for the rows that ``is_bad`` marks, none where it marks none."""
    rows = pc.sum(is_bad).as_py()
    if not rows:
        return []
    row = pc.index(is_bad, True).as_py()
    return [Problem(file, reason, column, row, python_value(values[row]), rows)]


def python_value(value: pa.Scalar) -> object:
    """Return a scalar as a Python value; an instant outside Python's range as the stored number."""
    try:
        return value.as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        if pa.types.is_date32(value.type):
            return value.cast(pa.int32()).as_py()
        return value.cast(pa.int64()).as_py() if pa.types.is_temporal(value.type) else "unreadable"


def raise_problems(folder: object, problems: Sequence[Problem]) -> None:
    """Raise ``Rejected`` with the whole report if there is a problem."""
    if not problems:
        return
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"  {p}" for p in problems[:MAX_LINES]]
    if len(problems) > MAX_LINES:
        lines.append(f"  and {len(problems) - MAX_LINES} more")
    raise Rejected("\n".join([f"{folder}: {count}, nothing was loaded", *lines]))
