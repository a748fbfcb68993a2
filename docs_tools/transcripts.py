"""Run the console examples of pages: ``python -m docs_tools.transcripts [--write] [PAGE...]``.

A ``console`` block holds commands after ``$ `` and, below each, its output. ``...`` matches text that
varies, and alone on a line any number of lines. The expected exit code is 0 unless a comment gives another
(``# exits 2``). A page runs from top to bottom in its own folder. A comment in the page gives the initial
state of the folder: empty, or the state after another page. ``--write`` updates output that differs.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from docs_tools.site import ROOT, pages

EMPTY = "an empty folder"
TIMEOUT_SECONDS = 300.0
WIDTH = "100"

_INITIAL_STATE = re.compile(
    r"^<!-- Played, beginning with (?:(an empty folder)|what (\S+\.md) leaves)\. -->$", re.MULTILINE
)
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXITS = re.compile(r"\s+# exits (\d+)$")


@dataclass(frozen=True)
class Step:
    """One command of a page, its position, and the output that the page shows."""

    page: str
    line: int
    command: str
    expected_output: str

    @property
    def exits(self) -> int:
        comment = _EXITS.search(self.command)
        return int(comment[1]) if comment else 0


@dataclass(frozen=True)
class Difference:
    """A step with other output or another exit code than the page shows."""

    step: Step
    printed: str
    code: int

    def __str__(self) -> str:
        s = self.step
        return (
            f"{s.page}:{s.line}: {s.command}\nexit code {self.code}, expected {s.exits}; printed\n"
            f"{self.printed}\nwhere the page shows\n{s.expected_output}"
        )


def starting_states() -> dict[str, str]:
    """Return each page with console blocks, and the page that it continues, or EMPTY."""
    states = {}
    for page in pages():
        text = (ROOT / page).read_text(encoding="utf-8")
        if state := _INITIAL_STATE.search(text):
            states[page] = state[1] or state[2]
        elif _BLOCK.search(text):
            raise ValueError(f"{page}: has console blocks, but no comment that gives their initial state")
    return states


def steps(page: str, text: str) -> Iterator[Step]:
    for block in _BLOCK.finditer(text):
        first_line = text.count("\n", 0, block.start()) + 2
        lines = block[1].splitlines()
        starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
        if not starts or starts[0]:
            raise ValueError(f"{page}:{first_line}: a console block must start with a command after '$ '")
        for i, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            yield Step(page, first_line + i, lines[i][2:], "\n".join(lines[i + 1 : end]))


RunCommand = Callable[[str, Path, Mapping[str, str]], tuple[int, str]]
"""Runs a command in a folder with an environment; returns its exit code and output."""


class PageRunner:
    """Runs pages in one folder, each at most once; later pages can continue the state of earlier ones.

    ``run_command`` runs each command; default: bash.
    """

    def __init__(self, folder: Path, run_command: RunCommand | None = None) -> None:
        self._folder = folder
        self._run_command = run_command or run_in_shell
        self._initial_states = starting_states()
        self._environments: dict[str, dict[str, str]] = {}
        self._differences: dict[str, list[Difference]] = {}

    def run_page(self, page: str) -> list[Difference]:
        if page not in self._differences:
            previous = self._initial_states[page]
            if previous == EMPTY:
                environment = plain_environment()
                self.home(page).mkdir(parents=True)
            else:
                self.run_page(previous)
                environment = dict(self._environments[previous])
                shutil.copytree(self.home(previous), self.home(page))
            text = (ROOT / page).read_text(encoding="utf-8")
            self._environments[page] = environment
            self._differences[page] = [
                d for step in steps(page, text) if (d := self._run_step(step, environment)) is not None
            ]
        return self._differences[page]

    def home(self, page: str) -> Path:
        return self._folder / page.replace("/", "-").removesuffix(".md")

    def run(self, page: str, command: str) -> tuple[int, str]:
        """Run one more command in the state after a page; return its exit code and output."""
        return self._run_command(command, self.home(page), self._environments[page])

    def _run_step(self, step: Step, environment: dict[str, str]) -> Difference | None:
        words = shlex.split(step.command, comments=True)
        if words[:1] == ["export"]:
            environment.update({name: value for name, _, value in (w.partition("=") for w in words[1:])})
            return None
        code, printed = self._run_command(step.command, self.home(step.page), environment)
        is_same = code == step.exits and matches(step.expected_output, printed)
        return None if is_same else Difference(step, printed, code)


def plain_environment() -> dict[str, str]:
    """Return this process's environment without variables that affect output, with our programs first."""
    dropped = ("PROPS_", "CATBOOST_", "LINE_ANCHORED_", "SHADOW_", "GCP_", "FORCE_COLOR")
    variables = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{variables.get('PATH', '')}"
    return {**variables, "PATH": path, "NO_COLOR": "1", "COLUMNS": WIDTH, "LC_ALL": "C.UTF-8"}


def run_in_shell(
    command: str, folder: Path, environment: Mapping[str, str], timeout_seconds: float = TIMEOUT_SECONDS
) -> tuple[int, str]:
    """Return exit code and output of a command in bash."""
    completed = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, timeout=timeout_seconds,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return completed.returncode, strip_blanks(completed.stdout)


def strip_blanks(text: str) -> str:
    """Remove spaces at line ends, and empty lines at both ends."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def matches(expected_output: str, printed: str) -> bool:
    pattern = ""
    for line in strip_blanks(expected_output).split("\n"):
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\n]*?".join(re.escape(part) for part in line.split("...")) + "\n"
    return re.fullmatch(pattern, strip_blanks(printed) + "\n") is not None


def update_page(text: str, differences: list[Difference]) -> str:
    """Return a page with its shown output replaced by the printed output."""
    lines = text.split("\n")
    for d in sorted(differences, key=lambda d: -d.step.line):
        expected_output = len(d.step.expected_output.split("\n")) if d.step.expected_output else 0
        lines[d.step.line : d.step.line + expected_output] = d.printed.split("\n") if d.printed else []
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    write, selected = "--write" in arguments, [a for a in arguments if a != "--write"]
    with tempfile.TemporaryDirectory() as folder:
        runner = PageRunner(Path(folder))
        differences_by_page = {page: runner.run_page(page) for page in selected or starting_states()}
    for page, differences in differences_by_page.items():
        if write and differences:
            text = (ROOT / page).read_text(encoding="utf-8")
            (ROOT / page).write_text(update_page(text, differences), encoding="utf-8")
        sys.stdout.writelines(f"{d}\n\n" for d in differences)
    return 1 if any(differences_by_page.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
