"""Play what pages show in a terminal: ``python -m handbook.transcripts [--write] [PAGE...]``.

A ``console`` block holds commands behind ``$ `` and, below each, what it prints: ``...`` stands for what
differs from time to time, alone on a line for any lines. A command ends with 0 unless a comment says
otherwise (``# exits 2``). A page is played from top to bottom in a folder of its own, which begins as its
first comment says: empty, or as another page left it. ``--write`` puts in what was printed where it differs.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from handbook.site import ROOT, pages

EMPTY = "an empty folder"
SECONDS = 300.0
WIDTH = "100"

_BEGINS = re.compile(
    r"^<!-- Played, beginning with (?:(an empty folder)|what (\S+\.md) leaves)\. -->$", re.MULTILINE
)
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXITS = re.compile(r"\s+# exits (\d+)$")


@dataclass(frozen=True)
class Step:
    """One command of a page, where it stands, and what is shown below it."""

    page: str
    line: int
    command: str
    shown: str

    @property
    def exits(self) -> int:
        found = _EXITS.search(self.command)
        return int(found[1]) if found else 0


@dataclass(frozen=True)
class Difference:
    """A step that printed something else, or ended otherwise."""

    step: Step
    printed: str
    code: int

    def __str__(self) -> str:
        s = self.step
        return (
            f"{s.page}:{s.line}: {s.command}\nended with {self.code}, wanted {s.exits}; printed\n"
            f"{self.printed}\nwhere the page shows\n{s.shown}"
        )


def played() -> dict[str, str]:
    """The page that each played page continues, or EMPTY."""
    found = {}
    for page in pages():
        text = (ROOT / page).read_text(encoding="utf-8")
        if begins := _BEGINS.search(text):
            found[page] = begins[1] or begins[2]
        elif _BLOCK.search(text):
            raise ValueError(f"{page}: has console blocks and does not say what they begin with")
    return found


def steps(page: str, text: str) -> Iterator[Step]:
    for block in _BLOCK.finditer(text):
        at = text.count("\n", 0, block.start()) + 2
        lines = block[1].splitlines()
        begins = [i for i, line in enumerate(lines) if line.startswith("$ ")]
        if not begins or begins[0]:
            raise ValueError(f"{page}:{at}: a console block begins with a command behind '$ '")
        for i, end in zip(begins, [*begins[1:], len(lines)], strict=True):
            yield Step(page, at + i, lines[i][2:], "\n".join(lines[i + 1 : end]))


class Player:
    """Plays pages below one folder, each at most once; what a page leaves is there for those after it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._begins = played()
        self._environments: dict[str, dict[str, str]] = {}
        self._differences: dict[str, list[Difference]] = {}

    def play(self, page: str) -> list[Difference]:
        if page not in self._differences:
            before = self._begins[page]
            if before == EMPTY:
                environment = plain_environment()
                self.home(page).mkdir(parents=True)
            else:
                self.play(before)
                environment = dict(self._environments[before])
                shutil.copytree(self.home(before), self.home(page))
            text = (ROOT / page).read_text(encoding="utf-8")
            self._environments[page] = environment
            self._differences[page] = [
                d for step in steps(page, text) if (d := self._play(step, environment)) is not None
            ]
        return self._differences[page]

    def home(self, page: str) -> Path:
        return self._folder / page.replace("/", "-").removesuffix(".md")

    def run(self, page: str, command: str) -> tuple[int, str]:
        """One more command where a page has ended."""
        return _run(command, self.home(page), self._environments[page])

    def _play(self, step: Step, environment: dict[str, str]) -> Difference | None:
        words = shlex.split(step.command, comments=True)
        if words[:1] == ["export"]:
            environment.update({name: value for name, _, value in (w.partition("=") for w in words[1:])})
            return None
        code, printed = _run(step.command, self.home(step.page), environment)
        same = code == step.exits and matches(step.shown, printed)
        return None if same else Difference(step, printed, code)


def plain_environment() -> dict[str, str]:
    """This process's, without what would change what commands print; the product's programs first."""
    dropped = ("PROPS_", "CATBOOST_", "LINE_ANCHORED_", "SHADOW_", "GCP_", "FORCE_COLOR")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "NO_COLOR": "1", "COLUMNS": WIDTH, "LC_ALL": "C.UTF-8"}


def _run(command: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    ended = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return ended.returncode, tidy(ended.stdout)


def tidy(text: str) -> str:
    """Without spaces at ends of lines, and without empty lines at both ends."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def matches(shown: str, printed: str) -> bool:
    pattern = ""
    for line in tidy(shown).split("\n"):
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\n]*?".join(re.escape(part) for part in line.split("...")) + "\n"
    return re.fullmatch(pattern, tidy(printed) + "\n") is not None


def written(text: str, differences: list[Difference]) -> str:
    """A page with what was printed in place of what it showed."""
    lines = text.split("\n")
    for d in sorted(differences, key=lambda d: -d.step.line):
        shown = len(d.step.shown.split("\n")) if d.step.shown else 0
        lines[d.step.line : d.step.line + shown] = d.printed.split("\n") if d.printed else []
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    write, named = "--write" in arguments, [a for a in arguments if a != "--write"]
    with tempfile.TemporaryDirectory() as folder:
        player = Player(Path(folder))
        found = {page: player.play(page) for page in named or played()}
    for page, differences in found.items():
        if write and differences:
            text = (ROOT / page).read_text(encoding="utf-8")
            (ROOT / page).write_text(written(text, differences), encoding="utf-8")
        sys.stdout.writelines(f"{d}\n\n" for d in differences)
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
