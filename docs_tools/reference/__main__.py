"""Write the generated pages: ``python -m docs_tools.reference [--check]``.

With ``--check`` nothing is written; outdated pages are listed and the exit code is 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docs_tools.reference import PAGES
from docs_tools.site import ROOT

FOLDER = ROOT / "docs" / "reference"


def outdated_pages() -> list[str]:
    return [name for name, make in PAGES.items() if _read(FOLDER / name) != make()]


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        outdated = outdated_pages()
        sys.stdout.writelines(f"docs/reference/{n}: outdated, run make reference\n" for n in outdated)
        return 1 if outdated else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
