"""Write the table declarations that Terraform reads: ``python -m infra.generate [--check]``.

The product declares its tables once, in ``shared/schemas``. The files in ``infra/schemas`` are generated from
these declarations; do not edit them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from shared.schemas.catalog import TABLES
from shared.schemas.table import Table

FOLDER = Path(__file__).parent / "schemas"


def columns(table: Table) -> list[dict[str, str]]:
    """Return a table's columns as BigQuery's JSON schema."""
    return [{"name": c.name, "type": c.type, "mode": c.mode, "description": c.meaning} for c in table.columns]


def properties(table: Table) -> dict[str, Any]:
    """Return the properties of a table without its columns."""
    return {
        "dataset": table.dataset,
        "table": table.name,
        "description": table.meaning,
        "partition": table.partition,
        "cluster": list(table.cluster),
        "require_partition_filter": table.partition is not None,
    }


def files() -> dict[str, str]:
    """Return the content of every generated file by name."""
    contents: dict[str, Any] = {f"{t.full_name}.json": columns(t) for t in TABLES}
    contents["tables.json"] = {t.full_name: properties(t) for t in TABLES}
    return {name: json.dumps(content, indent=2) + "\n" for name, content in contents.items()}


def stale() -> list[str]:
    """Return the names of missing, outdated and superfluous files."""
    expected = files()
    existing = {p.name: p.read_text(encoding="utf-8") for p in FOLDER.glob("*.json")}
    return sorted(
        name for name in expected.keys() | existing.keys() if expected.get(name) != existing.get(name)
    )


def write() -> None:
    expected = files()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        if path.name not in expected:
            path.unlink()
    for name, text in expected.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        sys.stdout.writelines(f"{name}: differs from shared/schemas\n" for name in stale())
        return 1 if stale() else 0
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
