"""Words of a PDF document with their positions, read by PDFium in a process with limits.

Run as a program, it reads a document on standard input and writes JSON on standard output: PDFium is C++, and
a document that crashes it or fills the memory must end this process only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

MAX_BYTES = 20 * 2**20
MAX_PAGES = 50
SECONDS = 30
MEMORY = 2**30
"""Bytes of address space of the process."""

GAP = 0.35
"""Blank between two words, as a share of the height of their characters."""


@dataclass(frozen=True)
class Word:
    """A word of a page; ``left`` and ``bottom`` in points from the lower left corner."""

    page: int
    left: float
    right: float
    bottom: float
    height: float
    text: str


class UnreadablePdf(Exception):
    """A document without words for us; the message says why."""


def words_of(body: bytes) -> list[Word]:
    """Return the words of a document, page by page; raise ``UnreadablePdf``."""
    if len(body) > MAX_BYTES:
        raise UnreadablePdf(f"a document of {len(body):,} bytes, expected at most {MAX_BYTES:,}")
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__],
            input=body,
            capture_output=True,
            timeout=2 * SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise UnreadablePdf(f"not read within {2 * SECONDS} s, expected a PDF document") from exc
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        detail = lines[-1] if done.returncode == 1 and lines else f"the reader ended with {done.returncode}"
        raise UnreadablePdf(f"not a readable PDF document ({detail}), expected a complete one")
    return [Word(*values) for values in json.loads(done.stdout)]


def _main() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(sys.stdin.buffer.read())
    except pypdfium2.PdfiumError as exc:
        sys.exit(str(exc))
    if len(document) > MAX_PAGES:
        sys.exit(f"{len(document)} pages, at most {MAX_PAGES} are read")
    found: list[list[object]] = []
    for number in range(len(document)):
        text = document[number].get_textpage()
        characters = [(text.get_text_range(i, 1), *text.get_charbox(i)) for i in range(text.count_chars())]
        found += [[number, *word] for word in _words(characters)]
    json.dump(found, sys.stdout)


def _words(characters: list[tuple[str, float, float, float, float]]) -> list[list[object]]:
    """Join characters of one line with little space between them: left, right, bottom, height, text."""
    words: list[list[object]] = []
    for char, left, bottom, right, top in characters:
        if not char.strip():
            words.append([])
            continue
        last = words[-1] if words else []
        height = top - bottom
        if last and _follows(last, left, bottom, height):
            last[1] = right
            last[2] = min(float(str(last[2])), bottom)
            last[3] = max(float(str(last[3])), height)
            last[4] = f"{last[4]}{char}"
        else:
            words.append([left, right, bottom, height, char])
    return [word for word in words if word]


def _follows(word: list[object], left: float, bottom: float, height: float) -> bool:
    _, right, word_bottom, word_height, _ = (float(str(v)) if i < 4 else 0.0 for i, v in enumerate(word))
    size = max(word_height, height)
    return abs(bottom - word_bottom) < size * 0.6 and -size < left - right < size * GAP


if __name__ == "__main__":
    _main()
