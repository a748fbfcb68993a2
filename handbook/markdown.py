"""Words for generated pages: tables, headings, and where a page came from."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence


def page(title: str, about: str, *parts: str, by: str = "make reference") -> str:
    """A page whose head says ``by`` which command it is made."""
    made = f"<!-- Made by `{by}` of the code; what is written here is lost. -->"
    return "\n\n".join([f"# {title}", made, about, *(p for p in parts if p)]) + "\n"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; empty for no rows."""
    if not rows:
        return ""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows]
    return "\n".join(lines)


def cell(text: str) -> str:
    """One line; a bar within code would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def plain(docstring: str | None) -> str:
    """A docstring as prose: double backticks become single ones."""
    return re.sub(r"``([^`]+)``", r"`\1`", inspect.cleandoc(docstring or "")).strip()
