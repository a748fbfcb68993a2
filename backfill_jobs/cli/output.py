"""Output of the commands: tables that fit the width of the terminal, lines, warnings, JSON."""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

COLUMN_GAP = 3
"""Cells between two columns."""

MIN_LAST_WIDTH = 24
"""Minimum width of the last column, which holds the longest texts."""

Rows = Sequence[Sequence[Any]]

COLOURS = {
    "OK": "green", "SUCCESS": "green", "GREEN": "green", "ready": "green",
    "HEALTHY": "green", "WATCH": "yellow", "RETRAIN": "red",
    "WARNING": "yellow", "PARTIAL": "yellow", "YELLOW": "yellow", "not yet due": "yellow",
    "CRITICAL": "red", "FAILED": "red", "RED": "red", "REFUSED_MLFS": "red", "STARTED": "red",
    "broken": "red",
}  # fmt: skip


def print_table(title: str | None, columns: Sequence[str], rows: Rows) -> None:
    """Print a table: numbers to the right, None as a dash. Cells that do not fit are wrapped between words,
    in the last column also within words. If that is not enough, each row becomes a list. Nothing is cut off,
    and names, which a reader may copy, are not split.
    """
    console = Console(highlight=False)
    numeric = [_is_numeric([row[i] for row in rows]) for i in range(len(columns))]
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max([cell_len(name), *(_width(row[i]) for row in cells)]) for i, name in enumerate(columns)]
    word_widths = [_longest_word([name, *(row[i] for row in cells)]) for i, name in enumerate(columns)]
    minima = [*word_widths[:-1], min(word_widths[-1], MIN_LAST_WIDTH)]
    space = console.width - COLUMN_GAP * len(columns)
    if sum(minima) > space:
        _print_records(console, title, columns, cells)
        return
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name, is_numeric, width in zip(columns, numeric, _fit_widths(widths, minima, space), strict=True):
        table.add_column(name, justify="right" if is_numeric else "left", overflow="fold", width=width)
    for row in cells:
        table.add_row(*map(_coloured, row))
    console.print(table)


def hundredths(value: float | None) -> str:
    """Return a cell with two decimals; a dash for None."""
    return "-" if value is None else f"{value:.2f}"


def _is_numeric(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(v, int | float | None) for v in values)


def _fit_widths(widths: list[int], minima: list[int], space: int) -> list[int]:
    """Return widths that fit: the widest column is reduced first, none below its minimum."""
    fitted = list(widths)
    while sum(fitted) > space:
        widest = max((i for i in range(len(fitted)) if fitted[i] > minima[i]), key=lambda i: fitted[i])
        fitted[widest] -= 1
    return fitted


def _print_records(
    console: Console, title: str | None, columns: Sequence[str], cells: list[list[str]]
) -> None:
    if title:
        console.print(title, style="italic", markup=False)
    name_width = max(map(cell_len, columns))
    for row in cells:
        console.print()
        for name, value in zip(columns, row, strict=True):
            console.print(Text(f"{name:<{name_width}}  ").append_text(_coloured(value)), soft_wrap=True)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _longest_word(texts: list[str]) -> int:
    return max((cell_len(word) for text in texts for word in text.split()), default=0)


def _width(text: str) -> int:
    return max(map(cell_len, text.split("\n")))


def _coloured(text: str) -> Text:
    return Text(text, style=COLOURS.get(text, ""))


def print_json(value: object) -> None:
    """Print one JSON object on standard output, without styles or line wrapping."""
    sys.stdout.write(json.dumps(value, indent=2, default=_plain) + "\n")


def json_value(value: Any) -> Any:
    """Return a warehouse value as BigQuery writes it in JSON: NaN, infinities and decimals become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    if isinstance(value, list):
        return [json_value(v) for v in value]
    return {k: json_value(v) for k, v in value.items()} if isinstance(value, dict) else value


def _plain(value: Any) -> object:
    """Return a dataclass as a dict, and any other value as text."""
    if is_dataclass(value):
        return {f.name: getattr(value, f.name) for f in fields(value)}
    return value.isoformat() if isinstance(value, datetime) else str(value)


def print_lines(lines: Sequence[str]) -> None:
    out = Console(highlight=False)
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def warn(line: str) -> None:
    """Print a warning on standard error; standard output may hold JSON."""
    Console(stderr=True, highlight=False).print(line, style="yellow", markup=False, soft_wrap=True)


def show(as_json: bool, value: object, lines: Sequence[str]) -> None:
    if as_json:
        print_json(value)
    else:
        print_lines(lines)


def show_table(as_json: bool, value: object, columns: Sequence[str], rows: Rows, if_empty: str) -> None:
    """Print a value as JSON, or its rows as a table; without rows the line ``if_empty``."""
    if rows and not as_json:
        print_table(None, columns, rows)
    else:
        show(as_json, value, [if_empty])
