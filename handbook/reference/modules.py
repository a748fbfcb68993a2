"""Every module of the product with what it says of itself."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from handbook import docstrings, markdown
from handbook.site import ROOT

PLACES = ("services", "backfill_jobs", "shared", "infra", "handbook")
"""Folders of code, from the doors inwards, then what surrounds the product."""


ABOUT = """\
The first sentence of each module, by folder. Imports point one way: services and jobs, backends,
adapters (`gcp`, `embedded`), use cases (`application`), repositories, ports, schemas, domain. Tests are
not listed: they stand under `tests/` by the folder that they are about."""


def page() -> str:
    found = [path for place in PLACES for path in _modules(ROOT / place)]
    parts = []
    for folder, paths in groupby(found, key=lambda p: p.parent):
        rows = [(markdown.code(p.name), markdown.plain(docstrings.of_module(p))) for p in paths]
        parts.append(f"## {folder.relative_to(ROOT)}/\n\n" + markdown.table(("module", "what it is"), rows))
    return markdown.page("Map of the modules", ABOUT, *parts)


def _modules(folder: Path) -> list[Path]:
    """Modules that say something, folder by folder; an ``__init__`` that is empty is no module of its own."""
    there = (p for p in folder.rglob("*.py") if p.read_text(encoding="utf-8").strip())
    wanted = (p for p in there if "tests" not in p.parts[len(ROOT.parts) :])
    return sorted(wanted, key=lambda p: (p.parent, p.name != "__init__.py", p.name))
