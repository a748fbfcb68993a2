"""What the command line says of itself."""

from __future__ import annotations

import pytest
import typer

from backfill_jobs.cli.main import app
from docs_tools.reference.cli import commands
from tests.infra import checks
from tests.infra.commands import commands as in_pages

ALL = dict(commands(typer.main.get_command(app), "props"))
WITHOUT_JSON = {"props serve"}
"""Runs until it is ended, and reports nothing."""

WITHOUT_EXAMPLE = {"props deployments check", "props deployments record"}
"""Called by the release script."""


def test_every_command_explains_itself_and_each_of_its_options() -> None:
    assert len(ALL) > 35
    assert [path for path, command in ALL.items() if not command.help] == []
    silent = [
        f"{path} {p.name}" for path, command in ALL.items() for p in command.params if not p.help and p.name
    ]
    assert silent == []


def test_every_command_that_reports_has_json() -> None:
    without = {path for path, c in ALL.items() if not any("--json" in p.opts for p in c.params)}
    assert without == WITHOUT_JSON


@pytest.mark.slow
def test_every_example_is_a_command_that_would_be_understood() -> None:
    assert {path for path, command in ALL.items() if not command.epilog} == WITHOUT_EXAMPLE
    for path, command in ALL.items():
        examples = (command.epilog or "").split("\n\n")[1:]
        assert all(e.strip().startswith(path) for e in examples)
        page = "```sh\n" + "\n".join(e.strip() for e in examples) + "\n```\n"
        wrong = [f"{c}: {said}" for c in in_pages({path: page}) if (said := checks.plain(c))]
        assert wrong == []
