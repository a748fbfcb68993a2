"""Build the documentation: ``python -m docs_tools.site [--packages]``, output in ``site/``.

The site mirrors the repository: a page has the same path in both, so links between pages work in both. A
page in no menu, a broken link and anything loaded from another server are errors. ``--packages`` prints the
packages of the generator, for its lock.
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
CONFIGURATION = ROOT / "docs_tools" / "zensical.toml"
GENERATOR = ROOT / ".docs" / "bin" / "zensical"

OUTSIDE = (
    "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "backfill_jobs/DEPLOYMENT_GUIDE.md",
    "infra/README.md",
)  # fmt: skip
"""Pages in the folder that they describe; all others are under ``docs/``."""

ASSETS = ("*.svg", "*.png", "*.css")

_LINK = re.compile(r"(?<!`)\[[^\]`]+\]\((?!https?:|mailto:|#)([^)#\s]+)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_EXTERNAL = re.compile(
    r"<(?:script|img|iframe|link\b[^>]*rel=\"?stylesheet)[^>]*(?:src|href)=\"?(https?://[^\s\">]+)"
)


def pages() -> list[str]:
    """Return the path of every page from the root."""
    return [*OUTSIDE, *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]


def configuration() -> dict[str, Any]:
    return tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))


def menu_paths(entry: Any) -> Iterator[str]:
    """Yield the paths in a menu, in its order."""
    if isinstance(entry, str):
        yield entry
    else:
        for inner in entry.values() if isinstance(entry, dict) else entry:
            yield from menu_paths(inner)


def page_errors() -> list[str]:
    """Return a message for each error in menu and links."""
    existing, in_menu = set(pages()), list(menu_paths(configuration()["project"]["nav"]))
    errors = [f"{p}: in no menu of {CONFIGURATION.name}" for p in sorted(existing - set(in_menu))]
    errors += [f"{p}: in a menu, but no such page exists" for p in in_menu if p not in existing]
    return errors + [
        f"{page}: {target} is neither a page nor an image" for page, target in _dead_links(existing)
    ]


def _dead_links(existing: set[str]) -> Iterator[tuple[str, str]]:
    """Yield links to files that the site does not contain; the generator does not check these."""
    for page in sorted(existing):
        text = _FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
        for target in _LINK.findall(text):
            target_path = ((ROOT / page).parent / target).resolve()
            is_image = target_path.is_relative_to(ROOT / "docs") and any(target_path.match(a) for a in ASSETS)
            if not target_path.is_file() or not (str(target_path.relative_to(ROOT)) in existing or is_image):
                yield page, target


def external_urls(site: Path) -> list[str]:
    """Return the URLs that a browser would load from another server."""
    return sorted({a for p in site.rglob("*.html") for a in _EXTERNAL.findall(p.read_text(encoding="utf-8"))})


def build(site: Path) -> int:
    """Stage the pages and build the site; return 0, or 1 if there are errors."""
    if errors := page_errors():
        sys.stderr.writelines(f"{line}\n" for line in errors)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        _stage_pages(stage / "pages")
        shutil.copy(CONFIGURATION, stage)
        command = [str(GENERATOR), "build", "--strict", "--config-file", str(stage / CONFIGURATION.name)]
        completed = subprocess.run(command, cwd=stage, check=False)
        if completed.returncode:
            return 1
        shutil.rmtree(site, ignore_errors=True)
        shutil.move(stage / "site", site)
    if urls := external_urls(site):
        sys.stderr.writelines(f"{address}: loaded from another server\n" for address in urls)
        return 1
    count = sum(1 for _ in site.rglob("*.html"))
    sys.stdout.write(f"{count} pages in {site.name}/, start with {site.name}/index.html\n")
    return 0


def _stage_pages(target: Path) -> None:
    images = [str(p.relative_to(ROOT)) for pattern in ASSETS for p in (ROOT / "docs").rglob(pattern)]
    for path in [*pages(), *images]:
        copy = target / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, copy)


def main(arguments: list[str]) -> int:
    if arguments == ["--packages"]:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        sys.stdout.write("\n".join(project["optional-dependencies"]["docs"]) + "\n")
        return 0
    return build(ROOT / "site")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
