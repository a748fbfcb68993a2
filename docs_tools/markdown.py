"""Markdown of generated pages: headings, tables, and a note on the generator."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence


def page(title: str, about: str, *parts: str, command: str = "make reference") -> str:
    """Return a page with a note that ``command`` generates it."""
    note = f"<!-- Generated from the code by `{command}`; do not edit. -->"
    return "\n\n".join([f"# {title}", note, about, *(p for p in parts if p)]) + "\n"


def section(title: str, *parts: str) -> str:
    """Return a section of a page; empty parts are left out."""
    return "\n\n".join(p for p in (f"## {title}", *parts) if p)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; empty text for no rows."""
    if not rows:
        return ""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows]
    return "\n".join(lines)


def cell(text: str) -> str:
    """Return the text as one line, with escaped bars, which would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def plain(docstring: str | None) -> str:
    """Return a docstring as Markdown: double backticks become single ones."""
    return re.sub(r"``([^`]+)``", r"`\1`", inspect.cleandoc(docstring or "")).strip()
