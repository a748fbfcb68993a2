"""Build the documentation: ``python -m handbook.site [--packages]``, output in ``site/``.

The site mirrors the repository: a page stands at the path that it has here, so a link between two pages is
the same on both. A page that no menu names, a link that leads nowhere and anything fetched from elsewhere
are errors. ``--packages`` prints what the generator needs, for its lock.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CONFIGURATION = ROOT / "handbook" / "zensical.toml"
GENERATOR = ROOT / ".docs" / "bin" / "zensical"

OUTSIDE = (
    "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "backfill_jobs/DEPLOYMENT_GUIDE.md",
    "infra/README.md",
)  # fmt: skip
"""Pages that stand beside what they describe; all others are under ``docs/``."""

ASSETS = ("*.svg", "*.png", "*.css")

_LINK = re.compile(r"(?<!`)\[[^\]`]+\]\((?!https?:|mailto:|#)([^)#\s]+)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_FETCHED = re.compile(
    r"<(?:script|img|iframe|link\b[^>]*rel=\"?stylesheet)[^>]*(?:src|href)=\"?(https?://[^\s\">]+)"
)


def pages() -> list[str]:
    """Every page, by its path from the root."""
    return [*OUTSIDE, *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]


def configuration() -> dict[str, Any]:
    return tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))


def in_menu(entry: Any) -> Iterator[str]:
    """Paths that a menu names, in its order."""
    if isinstance(entry, str):
        yield entry
    else:
        for inner in entry.values() if isinstance(entry, dict) else entry:
            yield from in_menu(inner)


def wrong_pages() -> list[str]:
    """What is wrong with menu and links, a sentence each."""
    there, named = set(pages()), list(in_menu(configuration()["project"]["nav"]))
    found = [f"{p}: in no menu of {CONFIGURATION.name}" for p in sorted(there - set(named))]
    found += [f"{p}: in a menu, and no such page" for p in named if p not in there]
    return found + [
        f"{page}: {target} is neither a page nor a picture" for page, target in _dead_links(there)
    ]


def _dead_links(there: set[str]) -> Iterator[tuple[str, str]]:
    """Links within the repository to what the site does not hold; the generator overlooks these."""
    for page in sorted(there):
        text = _FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
        for target in _LINK.findall(text):
            meant = ((ROOT / page).parent / target).resolve()
            pictured = meant.is_relative_to(ROOT / "docs") and any(meant.match(a) for a in ASSETS)
            if not meant.is_file() or not (str(meant.relative_to(ROOT)) in there or pictured):
                yield page, target


def fetched(site: Path) -> list[str]:
    """Addresses that a reader's browser would load from elsewhere."""
    return sorted({a for p in site.rglob("*.html") for a in _FETCHED.findall(p.read_text(encoding="utf-8"))})


def build(site: Path) -> int:
    """Stage the pages, let the generator make the site, and say whether it may be shown."""
    if wrong := wrong_pages():
        sys.stderr.writelines(f"{line}\n" for line in wrong)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        _stage(stage / "pages")
        shutil.copy(CONFIGURATION, stage)
        command = [str(GENERATOR), "build", "--strict", "--config-file", str(stage / CONFIGURATION.name)]
        ended = subprocess.run(command, cwd=stage, check=False)
        if ended.returncode:
            return 1
        shutil.rmtree(site, ignore_errors=True)
        shutil.move(stage / "site", site)
    if elsewhere := fetched(site):
        sys.stderr.writelines(f"{address}: loaded from elsewhere\n" for address in elsewhere)
        return 1
    count = sum(1 for _ in site.rglob("*.html"))
    sys.stdout.write(f"{count} pages in {site.name}/, begin with {site.name}/index.html\n")
    return 0


def _stage(target: Path) -> None:
    pictures = [str(p.relative_to(ROOT)) for pattern in ASSETS for p in (ROOT / "docs").rglob(pattern)]
    for path in [*pages(), *pictures]:
        to = target / path
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, to)


def main(arguments: list[str]) -> int:
    if arguments == ["--packages"]:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        sys.stdout.write("\n".join(project["optional-dependencies"]["docs"]) + "\n")
        return 0
    return build(ROOT / "site")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
