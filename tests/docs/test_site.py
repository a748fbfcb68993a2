"""The site holds every page, leads nowhere that is not there, and loads nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs_tools import markdown, reference, site
from docs_tools.reference import __main__ as made
from docs_tools.reference import cli
from shared.schemas.catalog import TABLES


def test_every_page_is_in_one_menu_and_every_link_leads_to_a_page() -> None:
    assert site.page_errors() == []
    named = list(site.menu_paths(site.configuration()["project"]["nav"]))
    assert len(named) == len(set(named)) > 50


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[a](no-such-page.md)", "no-such-page.md"),
        ("[a](../infra/main.py)", "../infra/main.py"),
        ("[a](../../../etc/passwd)", "../../../etc/passwd"),
    ],
)
def test_a_link_to_what_the_site_does_not_hold_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, wrong: str
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "page.md").write_text(f"# A\n\n{text}\n\n```text\n[b](in-code.md)\n```\n")
    monkeypatch.setattr(site, "ROOT", tmp_path)
    monkeypatch.setattr(site, "OUTSIDE", ())
    assert f"docs/page.md: {wrong} is neither a page nor an image" in site.page_errors()
    assert not [w for w in site.page_errors() if "in-code" in w]


def test_what_a_browser_would_load_from_elsewhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<a href="https://example.com/">x</a><script src="./a.js"></script>')
    assert site.external_urls(tmp_path) == []
    (tmp_path / "b.html").write_text(
        '<link rel="stylesheet" href="https://fonts.example.com/x.css"><script src="https://cdn.example.com/a.js">'
    )
    assert site.external_urls(tmp_path) == ["https://cdn.example.com/a.js", "https://fonts.example.com/x.css"]


@pytest.mark.parametrize("name", list(reference.PAGES))
def test_a_page_made_of_the_code_is_what_the_code_says(name: str) -> None:
    assert (made.FOLDER / name).read_text(encoding="utf-8") == reference.PAGES[name](), "run: make reference"


def test_the_reference_leaves_nothing_out() -> None:
    text = {name: (made.FOLDER / name).read_text(encoding="utf-8") for name in reference.PAGES}
    assert [t.full_name for t in TABLES if f"## {t.full_name}" not in text["tables.md"]] == []
    modules = [
        p for place in ("services", "backfill_jobs", "shared") for p in (site.ROOT / place).rglob("*.py")
    ]
    assert [p.name for p in modules if p.stat().st_size and f"`{p.name}`" not in text["modules.md"]] == []
    assert "Exit codes" in text["cli.md"]
    assert cli.page().count("\n## props ") > 35


def test_the_page_about_the_console_names_each_of_its_pages() -> None:
    told = (site.ROOT / "docs" / "how-to" / "console.md").read_text(encoding="utf-8")
    code = "".join(
        p.read_text() for p in (site.ROOT / "services/prediction_coordinator/console").glob("*.py")
    )
    routes = set(re.findall(r'@router\.get\("(/[^"]*)"', code))
    apart = re.compile(r"\.csv$|/parts/|/static/|rest:path")
    pages = {re.sub(r"{(\w+)}", lambda m: m[1].upper(), r) for r in routes if not apart.search(r)}
    assert len(pages) > 10
    assert [page for page in sorted(pages) if not re.search(rf"`{re.escape(page)}[`?]", told)] == []


def test_a_cell_stays_in_its_cell() -> None:
    assert markdown.table(("a",), [("x | y\nz",)]) == "| a |\n|---|\n| x \\| y z |"
    assert markdown.table(("a",), []) == ""
