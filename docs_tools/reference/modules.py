"""Reference page of all modules, from their docstrings."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from docs_tools import docstrings, markdown
from docs_tools.site import ROOT

FOLDERS = ("services", "backfill_jobs", "shared", "infra", "docs_tools")
"""Folders of code: the product from the entry points inwards, then its tools."""


ABOUT = """\
The first sentence of each module, by folder. Imports point in one direction: services and jobs, backends,
adapters (`gcp`, `embedded`), use cases (`application`), repositories, ports, schemas, domain. Tests are
not listed: they are under `tests/`, by the folder that they test."""


def page() -> str:
    modules = [path for root in FOLDERS for path in _modules(ROOT / root)]
    parts = []
    for folder, paths in groupby(modules, key=lambda p: p.parent):
        rows = [(markdown.code(p.name), markdown.plain(docstrings.module_summary(p))) for p in paths]
        parts.append(f"## {folder.relative_to(ROOT)}/\n\n" + markdown.table(("module", "what it is"), rows))
    return markdown.page("Map of the modules", ABOUT, *parts)


def _modules(folder: Path) -> list[Path]:
    """Return the modules that are not empty and not tests, folder by folder."""
    not_empty = (p for p in folder.rglob("*.py") if p.read_text(encoding="utf-8").strip())
    modules = (p for p in not_empty if "tests" not in p.parts[len(ROOT.parts) :])
    return sorted(modules, key=lambda p: (p.parent, p.name != "__init__.py", p.name))
