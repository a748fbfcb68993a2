"""The steps of ``make newcomer`` use the commands of the pages."""

from __future__ import annotations

import re
from pathlib import Path

from docs_tools import newcomer
from tests.infra import checks
from tests.infra.commands import commands


def test_every_command_on_the_path_is_one_that_its_program_understands() -> None:
    source = Path(newcomer.__file__).read_text(encoding="utf-8")
    typed = [line.replace("{DAY}", newcomer.DAY) for line in re.findall(r'walk\.run\(\s*f?"([^"]+)"', source)]
    ours = [line for line in typed if line.startswith((".venv/bin/props", "make", "./bin/"))]
    assert len(ours) >= 10
    found = commands({"newcomer": "```sh\n" + "\n".join(ours) + "\n```\n"})
    assert [f"{c}: {wrong}" for c in found if (wrong := checks.plain(c))] == []


def test_the_path_leads_from_a_clone_to_a_deployment() -> None:
    assert [name for name, _ in newcomer.STEPS] == [
        "clone", "set up and demo", "open the console", "load own data", "predict a date", "grade it",
        "deploy in dry-run",
    ]  # fmt: skip
