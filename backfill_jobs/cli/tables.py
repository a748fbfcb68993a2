"""Tables that fit the width of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
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
