"""The Parquet files that ``props load`` takes, of their contracts."""

from __future__ import annotations

from handbook import markdown
from shared.application.ingestion.checks import Check
from shared.application.ingestion.file_contracts import FILES, FileContract

ABOUT = """\
One folder holds them; other columns are left alone. Every row of every file is checked before the first is
written: a bad file changes nothing, and one report lists every problem with file, first row (counted from 0),
column, value, reason and how many rows. Files are checked against each other, the stored schedule and the
clock as well ([the rules](../how-to/own-data.md)). Loading again adds what is new and replaces what has
changed: a null takes a value back, a column that the file does not have leaves it as it is.

Text may be a dictionary, a number text or a decimal. A date is a date, a timestamp at midnight, `YYYY-MM-DD`
or `YYYYMMDD` as text or number; it lies between 1900 and 2100. An instant is a timestamp (UTC where it has no
zone), ISO 8601 text, or whole microseconds since 1970; it lies between 2000 and 2100. Minutes may be `34:12`
or `PT34M12.00S`. An NBA.com game id that was stored as a number gets its two leading zeros back."""


def page() -> str:
    return markdown.page("Files of own data", ABOUT, *(_file(f) for f in FILES))


def _file(contract: FileContract) -> str:
    must = {c.column for c in contract.checks if c.reason.startswith("is null, wanted")}
    rows = [
        (
            markdown.code(c.name),
            str(c.type),
            _need(c.name in must, c.optional),
            _rules(c.name, contract.checks),
        )
        for c in contract.columns
    ]
    need = "This file may be left out." if contract.optional else ""
    table = markdown.table(("column", "type", "value", "what is checked"), rows)
    return "\n\n".join(p for p in (f"## {contract.name}", need, table) if p)


def _need(must: bool, optional: bool) -> str:
    return "column may be absent" if optional else "in every row" if must else "may be null"


def _rules(column: str, checks: tuple[Check, ...]) -> str:
    return "; ".join(
        c.reason for c in checks if c.column == column and not c.reason.startswith("is null, wanted")
    )
