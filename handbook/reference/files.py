"""The Parquet files that ``props load`` takes, of their contracts."""

from __future__ import annotations

from handbook import markdown
from shared.application.ingestion.checks import Check
from shared.application.ingestion.file_contracts import FILES, FileContract

ABOUT = """\
One folder holds them; other columns are left alone. Every row is checked before the first is written: a
bad file changes nothing, and the message names the file, the row, the column, what came and what was
wanted. Loading again adds what is new and corrects what has changed; a null never replaces a value."""


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
