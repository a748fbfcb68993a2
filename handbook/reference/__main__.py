"""Write the pages that are made of the code: ``python -m handbook.reference [--check]``.

With ``--check`` nothing is written, and the pages that are not what the code says are named.
"""

from __future__ import annotations

import sys
from pathlib import Path

from handbook.reference import PAGES
from handbook.site import ROOT

FOLDER = ROOT / "docs" / "reference"


def stale() -> list[str]:
    return [name for name, make in PAGES.items() if _there(FOLDER / name) != make()]


def _there(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        found = stale()
        sys.stdout.writelines(f"docs/reference/{n}: not what the code says; make reference\n" for n in found)
        return 1 if found else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
