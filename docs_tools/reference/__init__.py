"""Generated reference pages by file name."""

from __future__ import annotations

from collections.abc import Callable

from docs_tools.reference import (
    cli,
    files,
    http,
    json_output,
    messages,
    modules,
    settings,
    sql,
    systems,
    tables,
)

PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli.page,
    "files.md": files.page,
    "http.md": http.page,
    "json.md": json_output.page,
    "messages.md": messages.page,
    "modules.md": modules.page,
    "settings.md": settings.page,
    "sql.md": sql.page,
    "systems.md": systems.page,
    "tables.md": tables.page,
}
