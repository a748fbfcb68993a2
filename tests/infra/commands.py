"""The commands that the pages tell people to type.

Every line of a fenced ``sh`` block is one (those of ``console`` blocks are played: ``docs_tools.transcripts``), and so is
every inline code that begins with a program of ``INLINE``. Words in
capitals are the reader's to fill in: each stands in ``VALUES`` with a value that could be meant.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = (
    "README.md", "CONTRIBUTING.md", "SECURITY.md", "infra/README.md", "backfill_jobs/DEPLOYMENT_GUIDE.md", *sorted(
        str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md")
    ),
)  # fmt: skip

INLINE = ("props", "gcloud", "terraform", "make", "python", "bq", "gsutil", "pytest")
"""Inline code that begins so, or with ``./bin/``, is a command; without arguments it is only a name."""

LANGUAGES = ("sh", "console", "text", "json", "hcl", "sql", "python")

REGISTRY = ".".join(["us-west2-docker", "pkg", "dev"])

VALUES = {
    "A": "2025-03-06", "B": "2025-03-18", "C": "2025-03-19", "D": "2025-03-20", "S": "catboost_v9",
    "R": "because", "T": "2025-03-19T18:00:00+00:00", "ID": "a1b2c3", "ACCOUNT": "012345-6789AB-CDEF01",
    "ADDRESS": "ops@example.com", "BUILD": "11111111-2222-3333-4444-555555555555", "COMMIT": "eb681ca",
    "DATE": "2025-03-19", "DIGEST": "0" * 64, "DIR": "data", "FILE": "report.html",
    "IMAGE": f"{REGISTRY}/my-project/props/prediction-worker", "MODEL": "catboost_v9-2025-02-17-0a1b2c3d",
    "NAME": "answers_equal", "NOTE": "after a change", "MODEL_PATH": "gs://my-project-props-models/models/catboost_v9-2025-02-17-0a1b2c3d.cbm",
    "OWNER": "somebody", "PATH": "models/a.cbm", "PREDICTION_ID": "0a1b2c3d", "PROJECT": "my-project",
    "REASON": "because", "REVISION": "prediction-worker-00042-abc", "RUN_ID": "20250319-0a1b2c3d4e5f",
    "SERVICE": "prediction-worker", "SOURCE": "espn", "SPELLING": "neorookson", "PLAYER_ID": "203999", "SYSTEM": "catboost_v9", "YYYY-MM-DD": "2025-03-19",
}  # fmt: skip

_PLACEHOLDER = re.compile(r"(?<![A-Za-z0-9_$-])(YYYY-MM-DD|[A-Z][A-Z0-9_]*)(?![A-Za-z0-9_(])")
_UNKNOWN = re.compile(r"(?:--?[a-z-]+=)?([A-Z][A-Z0-9_]*)")
_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_INNER = re.compile(r'"?\$\(([^()]*)\)"?')
_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


class NotACommand(Exception):
    """A line of a page cannot be taken apart; says what is wrong with it."""


@dataclass(frozen=True)
class Command:
    """One program with its arguments, placeholders filled in. ``named``: inline, and no more than a name."""

    page: str
    line: int
    text: str
    environment: tuple[tuple[str, str], ...]
    argv: tuple[str, ...]
    named: bool = False

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def commands(pages: dict[str, str] | None = None) -> list[Command]:
    """All commands of the pages; ``NotACommand`` names the first line that is none."""
    return [c for page, text in (read() if pages is None else pages).items() for c in _of_page(page, text)]


def read() -> dict[str, str]:
    return {p: (ROOT / p).read_text(encoding="utf-8") for p in PAGES if (ROOT / p).is_file()}


def _of_page(page: str, text: str) -> Iterator[Command]:
    for fence in _FENCE.finditer(text):
        at = text.count("\n", 0, fence.start()) + 2
        if fence[1] not in LANGUAGES:
            raise NotACommand(
                f"{page}:{at - 1}: code of {fence[1] or 'no language'}, expected {', '.join(LANGUAGES)}"
            )
        if fence[1] == "sh":
            for offset, line in _lines(fence[2]):
                yield from _parsed(page, at + offset, line)
    prose = _FENCE.sub(lambda f: "\n" * f[0].count("\n"), text)
    for code in _CODE.finditer(prose):
        line = " ".join(code[1].split()).replace("\\|", "|")
        if _begins_as_command(line):
            yield from _inline(page, prose.count("\n", 0, code.start()) + 1, line)


def _begins_as_command(line: str) -> bool:
    words = [w for w in line.split(" ") if not _ASSIGNMENT.fullmatch(w)]
    return bool(words) and (words[0].removeprefix(".venv/bin/") in INLINE or words[0].startswith("./bin/"))


def _inline(page: str, at: int, line: str) -> Iterator[Command]:
    """What stands in brackets may be given or left out, so both are commands."""
    if "[" in line and not re.search(r"[\"'].*\[.*[\"']", line):
        yield from _inline(page, at, re.sub(r"\s*\[[^]]*\]", "", line))
        line = re.sub(r"[][]", "", line)
    named = not re.search(r"\s-|\s[A-Z'\"]|=", line)
    yield from _parsed(page, at, line, named=named)


def _lines(block: str) -> Iterator[tuple[int, str]]:
    """Logical lines with where they begin: continued by a backslash, or by a quote that is still open."""
    begun, so_far = 0, ""
    for at, line in enumerate(block.splitlines()):
        so_far, begun = (f"{so_far}\n{line}", begun) if so_far else (line, at)
        plain = _without_comment(so_far)
        if plain.endswith("\\"):
            so_far = plain[:-1].rstrip()
            continue
        if _open_quote(plain):
            continue
        if plain.strip():
            yield begun, plain.strip()
        so_far = ""
    if so_far:
        raise NotACommand(f"a quote or a continuation is left open: {so_far}")


def _without_comment(line: str) -> str:
    for found in re.finditer(r"(?:^|\s)#", line):
        if not _open_quote(line[: found.start()]):
            return line[: found.start()].rstrip()
    return line.rstrip()


def _open_quote(text: str) -> bool:
    quote = ""
    for char in text:
        if char in "\"'" and quote in ("", char):
            quote = "" if quote else char
    return bool(quote)


def _parsed(page: str, at: int, line: str, *, named: bool = False) -> Iterator[Command]:
    for inner in _INNER.finditer(line):
        yield from _parsed(page, at, inner[1])
    whole = _INNER.sub(f"{REGISTRY}/my-project/props", line)
    try:
        if re.search(r"\$[A-Za-z_{]", whole):
            raise ValueError("a shell variable, expected a word in capitals")
        tokens = list(_tokens(fill(whole)))
    except ValueError as exc:
        raise NotACommand(f"{page}:{at}: {line}: {exc}") from exc
    for words in _split(tokens):
        environment, argv = _assignments(words)
        yield Command(page, at, line, environment, argv, named)


def fill(line: str) -> str:
    """The line with every known placeholder filled in; others stay, and ``unknown`` finds them."""
    return _PLACEHOLDER.sub(lambda m: VALUES.get(m[1], m[1]), line)


def unknown(argv: tuple[str, ...]) -> list[str]:
    """Arguments in capitals that stand for nothing known."""
    return [m[1] for word in argv if (m := _UNKNOWN.fullmatch(word))]


def _tokens(line: str) -> Iterator[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
    lexer.whitespace_split, lexer.commenters = True, ""
    yield from lexer


def _split(tokens: list[str]) -> Iterator[list[str]]:
    words: list[str] = []
    for token in tokens:
        if re.fullmatch(r"[|&;]+", token):
            yield words
            words = []
        else:
            words.append(token)
    yield words


def _assignments(words: list[str]) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    environment = []
    while words and (found := _ASSIGNMENT.fullmatch(words[0])):
        environment.append((found[1], found[2]))
        words = words[1:]
    return tuple(environment), tuple(words)
