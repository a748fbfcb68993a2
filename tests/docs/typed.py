"""The commands of the pages as they are typed: which are run here, which are run elsewhere, and why not all.

What pages play in ``console`` blocks (``docs_tools.transcripts``) and whose JSON is compared with its type
(``tests.docs.json_commands``) runs already; all other commands run once, on the first page that has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby

from docs_tools import transcripts
from tests.docs import json_commands
from tests.infra.commands import Command, commands

APART = ("docs/reference/modules.md", "docs/reference/json.md")
"""What stands there is taken from the code; it is parsed (tests/infra/test_commands.py) and not run."""

LEFT_OUT = {
    "gcloud *": "asks a project; tests/infra/test_commands.py has gcloud itself parse it",
    "terraform *": "asks a project; tests/infra/test_commands.py has terraform itself parse it",
    "./bin/deploy-service.sh *": "needs a project; tests/deploy runs it with the real gcloud on a stand-in",
    "git *": "changes or fetches a clone; docs_tools/newcomer.py clones",
    "curl *": "asks services that run: tests/services, docs_tools/newcomer.py",
    "cp *": "that the file is there: tests/infra/test_commands.py",
    "grep *": "the end of a pipe that begins in a project",
    "source *": "sets up a shell; here the programs are on the path",
    "export *": "sets up a shell; here the state is this machine's",
    "pytest *": "other tests, by their markers",
    "make setup": "made what the tests run in",
    "make test-fast": "a part of make test",
    "make test": "these tests are part of it",
    "make check": "CI runs it beside these tests",
    "make docs": "needs the site generator; CI runs it beside these tests",
    "make reference": "writes pages; tests/docs/test_site.py makes and compares them",
    "make demo": "props demo after a set-up: docs_tools/newcomer.py",
    "make newcomer": "minutes: a fresh clone with a set-up of its own",
    "make e2e": "minutes, and needs the stand-ins",
    "make infra": "minutes, and needs terraform and gcloud",
    "make browser": "needs a browser",
    "make bench": "minutes, and a quiet machine",
    "make faults *": "an hour",
    "props demo --data *": "half a minute; tests/cli/test_props.py plays one with real data",
    "props demo --feed-files data": "docs/how-to/import-files.md plays it with another folder",
    "props import *": "needs files of feeds; the same page plays it with those of the demo",
    "props fetch *": "asks a site of a feed: tests/fetching",
    "props day*": "asks sites of feeds: tests/cli/test_day.py",
    "props demo --keep": "serves until it is ended; tests/cli/test_props.py plays it without",
    "props serve*": "serves until it is ended: docs_tools/newcomer.py",
    "props bench*": "minutes, and a quiet machine: make bench",
    "props evaluate --start * --end 2025-03-18": "half a minute; with --systems it runs on another page",
    "props evaluate * ...": "three dots are no system",
    "props sql SELECT ...": "three dots are no question",
    "props deadletters show *": "wants a message that was refused: tests/cli/test_deadletters.py",
    "props deadletters replay a1b2c3": "wants a message that was refused: tests/cli/test_deadletters.py",
    "python backfill_jobs/*.py": "no more than a name; with arguments it runs on another page",
    "python -m http.server *": "serves until it is ended: tests/browser/test_site_search.py",
    "python -m docs_tools.transcripts *": "tests/docs/test_transcripts.py plays the pages",
    "python -m infra.generate": "writes infra/; tests/infra/test_declarations.py compares",
    "python -m infra.costs --write": "writes docs/costs.md; tests/infra/test_costs.py compares",
    "python -m tests.infra.install *": "fetches the tools of make infra",
    "python -m tests.bench.*": "minutes and a quiet machine, or real seasons",
}
"""Commands, ``*`` for anything, and why they are not run here."""

RUN_ALL_THE_SAME = ("./bin/deploy-service.sh * --dry-run", "./bin/deploy-service.sh --help")

PREPARES = (
    "props load *",
    "props features build *",
    "props predict *",
    "props grade *",
    "props players alias add *",
)
"""What later commands of a page build on: these run again on each page where one comes after them."""

ENDS = {
    "props validate-daily * 2025-03-20": (2, "no lines are loaded for today, and it says so"),
    "props validate-daily * TODAY": (2, "no lines are loaded for today, and it says so"),
    "props signal * 2025-03-20*": (1, "without lines there is no signal"),
    "props signal * TODAY": (1, "without lines there is no signal"),
    "props predict --dates 2025-03-20 --allow-started": (
        1,
        "a date to come has no features as of its cut-off",
    ),
    "props predict --dates 2025-03-19 --accept-findings": (1, "all its games have started"),
    "props train *": (
        1,
        "a fortnight is too little to learn from; docs/how-to/retrain-and-promote.md plays more",
    ),
    "props models promote catboost_v9-2025-02-17-0a1b2c3d --reason because": (
        1,
        "gates fail, as the page says",
    ),
    "props models shadow *": (1, "the page has promoted it before: it is the champion"),
}
"""Commands that do not end with 0 in this world, with the code that is right, and why."""


@dataclass(frozen=True)
class Typed:
    """A command of a page; ``elsewhere`` says where it runs or why it does not, empty where it runs here."""

    command: Command
    text: str
    elsewhere: str


def typed() -> list[Typed]:
    """Every command of every page, page by page as it stands there."""
    ran, found = _played(), []
    for page, among in groupby(sorted(_all(), key=lambda c: (c.page, c.line)), key=lambda c: c.page):
        here = [(c, " ".join(c.argv).removeprefix(".venv/bin/")) for c in among]
        found += _of_page(here, ran)
        ran = dict.fromkeys((text for _, text in here), f"runs on {page}") | ran
    return found


def _of_page(here: list[tuple[Command, str]], ran: Mapping[str, str]) -> list[Typed]:
    found: list[Typed] = []
    for i, (command, text) in reversed(list(enumerate(here))):
        twice = "stands above" if text in (earlier for _, earlier in here[:i]) else ran.get(text, "")
        if any(not after.elsewhere for after in found) and _any(text, PREPARES):
            twice = ""
        found.append(Typed(command, text, left_out(text) or twice))
    return found[::-1]


def _any(text: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)


def left_out(text: str) -> str:
    if _any(text, RUN_ALL_THE_SAME):
        return ""
    return next((why for pattern, why in LEFT_OUT.items() if fnmatchcase(text, pattern)), "")


def _all() -> Iterator[Command]:
    return (c for c in commands() if c.argv and not c.named and c.page not in APART)


def _played() -> dict[str, str]:
    """What runs already, and where."""
    shown = {
        re.sub(r"\s+# .*$", "", step.command): f"played on {page}"
        for page in transcripts.starting_states()
        for step in transcripts.steps(page, (transcripts.ROOT / page).read_text(encoding="utf-8"))
    }
    return dict.fromkeys(json_commands.PLAYED, "tests/docs/json_commands.py") | shown
