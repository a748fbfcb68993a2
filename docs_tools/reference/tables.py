"""Reference page of the warehouse tables, from their declarations."""

from __future__ import annotations

from docs_tools import markdown
from shared.schemas.catalog import TABLES
from shared.schemas.table import Table

ABOUT = """\
Names and types are BigQuery's; the embedded backend has the same tables. A query on a partitioned table
must filter on its partition. Query the tables with `props sql 'SELECT ...'`."""


def page() -> str:
    rows = [(f"[{t.full_name}](#{_anchor(t)})", markdown.plain(t.meaning)) for t in TABLES]
    overview = markdown.table(("table", "a row is"), rows)
    return markdown.page("Tables", ABOUT, overview, *(_table(t) for t in TABLES))


def _anchor(table: Table) -> str:
    return table.full_name.replace(".", "").lower()


def _table(table: Table) -> str:
    facts = [f"key {', '.join(map(markdown.code, table.key))}"] if table.key else []
    facts += [f"partitioned by `{table.partition}`"] if table.partition else []
    facts += [f"clustered by {', '.join(map(markdown.code, table.cluster))}"] if table.cluster else []
    types = [c.type if c.mode == "NULLABLE" else f"{c.type} {c.mode}" for c in table.columns]
    rows = [
        (markdown.code(c.name), type_, markdown.plain(c.meaning))
        for c, type_ in zip(table.columns, types, strict=True)
    ]
    meaning = markdown.plain(table.meaning)
    description = f"{meaning}: {'; '.join(facts)}." if facts else meaning
    columns = markdown.table(("column", "type", "meaning"), rows)
    return markdown.section(table.full_name, description, columns)
