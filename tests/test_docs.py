"""What the pages say is there is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs_tools.site import pages

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("page", "least"), [("docs/incidents.md", 20), ("SECURITY.md", 20), ("docs/contract-differences.md", 8)]
)
def test_every_promise_names_a_test_that_exists(page: str, least: int) -> None:
    named = re.findall(r"`(test_\w+)`", (ROOT / page).read_text(encoding="utf-8"))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    assert len(named) > least
    assert [name for name in named if name not in there] == []


def test_the_readme_names_every_command() -> None:
    from backfill_jobs.cli.main import app

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [c.name for c in app.registered_commands] + [g.name for g in app.registered_groups]
    missing = [name for name in commands if f"props {name or 'load'}" not in readme]
    assert missing == []


def test_every_file_that_a_page_names_is_there() -> None:
    places = "services|shared|backfill_jobs|infra|docs_tools|tests|bin|docs"
    named = re.compile(rf"(?<![\w/.-])((?:{places})/[\w/.-]+\.(?:py|sh|md|sql|toml|tf|json|lock))(?![\w.]\w)")
    found = [
        (page, path) for page in pages() for path in named.findall((ROOT / page).read_text(encoding="utf-8"))
    ]
    assert len(found) > 60
    assert [f"{page}: {path}" for page, path in found if not (ROOT / path).is_file()] == []
