"""Reference page of the Parquet files of ``props load``, from their contracts."""

from __future__ import annotations

from docs_tools import markdown
from shared.application.ingestion.checks import Check
from shared.application.ingestion.file_contracts import FILES, FileContract

ABOUT = """\
The files are in one folder; other columns are ignored. All rows of all files are checked before any row is
written. If a file is invalid, nothing is changed, and one report lists every problem with file, first row
(counted from 0), column, value, reason and number of rows. The files are also checked against each other,
the stored schedule and the clock ([the rules](../how-to/own-data.md)). Loading again adds new rows and
replaces changed ones: a null removes a value; a column that the file does not have keeps its values.

Text may be dictionary-encoded; a number may be text or a decimal. A date is a date, a timestamp at midnight,
or `YYYY-MM-DD` or `YYYYMMDD` as text or number, between 1900 and 2100. An instant is a timestamp (UTC if it
has no zone), ISO 8601 text, or whole microseconds since 1970, between 2000 and 2100. Minutes may be `34:12`
or `PT34M12.00S`. The two leading zeros of an NBA.com game id stored as a number are restored."""


def page() -> str:
    return markdown.page("Files of own data", ABOUT, *(_file(f) for f in FILES))


def _file(contract: FileContract) -> str:
    required = {c.column for c in contract.checks if c.reason.startswith("is null, expected")}
    requirements = {c.name: _requirement(c.name in required, c.optional) for c in contract.columns}
    rows = [
        (markdown.code(c.name), str(c.type), requirements[c.name], _rules(c.name, contract.checks))
        for c in contract.columns
    ]
    note = "This file is optional." if contract.optional else ""
    table = markdown.table(("column", "type", "value", "checks"), rows)
    return markdown.section(contract.name, note, table)


def _requirement(is_required: bool, is_optional: bool) -> str:
    return "column may be absent" if is_optional else "in every row" if is_required else "may be null"


def _rules(column: str, checks: tuple[Check, ...]) -> str:
    return "; ".join(
        c.reason for c in checks if c.column == column and not c.reason.startswith("is null, expected")
    )
