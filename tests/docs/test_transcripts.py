"""What pages show in a terminal is what the commands print."""

from __future__ import annotations

from pathlib import Path

import pytest

from backfill_jobs.cli.json_output.commands import JSON_OUTPUT
from docs_tools import transcripts
from docs_tools.transcripts import PageRunner, Step, matches, steps, update_page
from tests.cli.test_help import ALL, WITHOUT_JSON
from tests.docs import json_commands
from tests.programs import run_command

CHECKED_ELSEWHERE = {
    "props demo": "tests/cli/test_props.py",
    "props bench": "tests/cli/test_bench.py",
    "props models compare": "tests/application/test_models.py",
    "props deadletters show": "tests/cli/test_deadletters.py",
    "props deadletters replay": "tests/cli/test_deadletters.py",
    "props day": "tests/cli/test_day.py",
    "props fetch": "tests/cli/test_day.py",
    "props import": "tests/cli/test_day.py",
    "props feeds": "tests/cli/test_day.py",
    "props players unresolved": "tests/cli/test_players.py",
    "props players alias add": "tests/cli/test_players.py",
    "props players alias list": "tests/cli/test_players.py",
    "props players alias end": "tests/cli/test_players.py",
    "props players check": "tests/cli/test_players.py",
    "props players load-static": "tests/cli/test_players.py",
    "props deployments check": "tests/docs/test_json_output.py",
}
"""Commands that need services, messages, minutes or rows without a player, which a page does not have."""

PAGE = """# A

```console
$ printf 'one\\ntwo 2\\n'
one
two ...
$ false # exits 1
```
"""


@pytest.mark.slow
def test_every_played_page_shows_what_its_commands_print(tmp_path: Path) -> None:
    """One test: the pages continue one another, and models are trained once."""
    runner = PageRunner(tmp_path, run_command)
    found = [str(d) for page in transcripts.starting_states() for d in runner.run_page(page)]
    assert found == [], "\n\n".join(found)
    for command, call in json_commands.commands(runner):
        _, printed = runner.run(json_commands.START_PAGE, call)
        json_commands.checked(json_commands.command_name(command), printed)


def test_the_pages_that_people_follow_are_played() -> None:
    guides = {"backfill-a-date", "empty-feature-store", "import-files", "own-data", "retrain-and-promote"}
    wanted = {"docs/tutorial.md", *(f"docs/how-to/{g}.md" for g in guides)}
    assert wanted <= transcripts.starting_states().keys()


def test_every_command_with_json_has_its_type_and_is_played_here_or_tested_elsewhere() -> None:
    assert JSON_OUTPUT.keys() == set(ALL) - WITHOUT_JSON
    played = {json_commands.command_name(command) for command in json_commands.PLAYED}
    assert JSON_OUTPUT.keys() - played == CHECKED_ELSEWHERE.keys()
    for command, place in CHECKED_ELSEWHERE.items():
        assert f'"{command}"' in (transcripts.ROOT / place).read_text(encoding="utf-8")


def test_a_page_is_taken_apart_into_steps() -> None:
    first, second = steps("a.md", PAGE)
    assert first == Step("a.md", 4, "printf 'one\\ntwo 2\\n'", "one\ntwo ...")
    assert (second.line, second.exits, second.expected_output) == (7, 1, "")
    with pytest.raises(ValueError, match="must start with a command"):
        list(steps("a.md", "```console\nno command\n```\n"))


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nd", True),
        ("a ... c", "a b c", True),
        ("a ... c", "a b\nc", False),
        ("a", "a\nb", False),
        ("", "a", False),
        ("a  ", "a\n\n", True),
        ("a.c", "abc", False),
    ],
)
def test_three_dots_stand_for_what_differs_and_nothing_else_does(
    shown: str, printed: str, same: bool
) -> None:
    assert matches(shown, printed) is same


def test_a_difference_is_found_and_can_be_put_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.replace("# A", "# A\n\n<!-- Played, beginning with an empty folder. -->").replace(
        "one\ntwo", "six\ntwo"
    )
    (tmp_path / "a.md").write_text(page)
    monkeypatch.setattr(transcripts, "ROOT", tmp_path)
    monkeypatch.setattr(transcripts, "pages", lambda: ["a.md"])
    (found,) = PageRunner(tmp_path / "play").run_page("a.md")
    assert "expected 0; printed\none\ntwo 2\nwhere the page shows\nsix" in str(found)
    (tmp_path / "a.md").write_text(update_page(page, [found]))
    assert PageRunner(tmp_path / "again").run_page("a.md") == []


def test_a_page_that_does_not_say_where_it_begins_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text(PAGE)
    monkeypatch.setattr(transcripts, "ROOT", tmp_path)
    monkeypatch.setattr(transcripts, "pages", lambda: ["a.md"])
    with pytest.raises(ValueError, match="no comment"):
        transcripts.starting_states()
