"""Write the table declarations that Terraform reads: ``python -m infra.generate [--check]``.

The product declares its tables once, in ``shared/schemas``; what stands in ``infra/schemas`` is made of
that and never edited.
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
    """A table's columns as BigQuery's JSON schema."""
    return [{"name": c.name, "type": c.type, "mode": c.mode, "description": c.meaning} for c in table.columns]


def shape(table: Table) -> dict[str, Any]:
    """What is said of a table beside its columns."""
    return {
        "dataset": table.dataset,
        "table": table.name,
        "description": table.meaning,
        "partition": table.partition,
        "cluster": list(table.cluster),
        "require_partition_filter": table.partition is not None,
    }


def files() -> dict[str, str]:
    """Content of every generated file by its name."""
    made: dict[str, Any] = {f"{t.full_name}.json": columns(t) for t in TABLES}
    made["tables.json"] = {t.full_name: shape(t) for t in TABLES}
    return {name: json.dumps(content, indent=2) + "\n" for name, content in made.items()}


def stale() -> list[str]:
    """Names of files that are missing, outdated or left over."""
    wanted = files()
    there = {p.name: p.read_text(encoding="utf-8") for p in FOLDER.glob("*.json")}
    return sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))


def write() -> None:
    wanted = files()
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        sys.stdout.writelines(f"{name}: not what shared/schemas says\n" for name in stale())
        return 1 if stale() else 0
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
