"""Files to import: named, and read one at a time."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.errors import NotFound

SUFFIXES = (".json", ".csv", ".tsv", ".txt", ".parquet", ".pdf", ".html", ".htm", ".gz")
"""Files of a folder that are read; others, such as a licence, are not data."""

_DATE = re.compile(r"(?<!\d)(20\d\d|19\d\d)[-_](\d\d)[-_](\d\d)(?!\d)")


class FileSource(Protocol):
    """A file that is read when it is its turn."""

    @property
    def name(self) -> str: ...

    def read(self) -> RawFile: ...


@dataclass(frozen=True)
class PathSource:
    """A file of a disk. ``day`` and ``player``: what the user states where the file does not."""

    path: Path
    day: date | None = None
    player: str | None = None

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self) -> RawFile:
        try:
            body = self.path.read_bytes()
        except OSError as exc:
            raise FeedError(self.name, exc.strerror or str(exc), "a readable file") from exc
        return RawFile(
            self.name, uncompressed(self.name, body), self.day or date_of_name(self.path.name), self.player
        )


def uncompressed(name: str, body: bytes) -> bytes:
    """Return the content of a gzip file, any other body unchanged."""
    if body[:2] != b"\x1f\x8b":
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as exc:
        raise FeedError(name, f"not a readable gzip file ({exc})", "a complete file") from exc


def date_of_name(name: str) -> date | None:
    """Return the one date that a file's name holds, written 2025-02-19 or 2025_02_19; None without one."""
    found = {match.groups() for match in _DATE.finditer(name)}
    if len(found) != 1:
        return None
    try:
        return date(*map(int, found.pop()))
    except ValueError:
        return None


def files_of(
    paths: Iterable[Path], day: date | None = None, player: str | None = None
) -> tuple[list[PathSource], list[Path]]:
    """Return the files of ``paths``, folders with all below them, and the files that are not read.

    Raises ``NotFound`` for an absent path and for a folder without a file to read.
    """
    sources: list[PathSource] = []
    skipped: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if p.is_file() and not _is_hidden(p, path)]
            read = [p for p in inside if p.suffix.lower() in SUFFIXES]
            if not read:
                raise NotFound(f"{path}: no file to import, expected one that ends in {', '.join(SUFFIXES)}")
            skipped += [p for p in inside if p not in read]
        elif path.is_file():
            read = [path]
        else:
            raise NotFound(f"{path}: no such file or folder, expected a file of a feed or a folder of them")
        sources += [PathSource(p, day, player) for p in read]
    return _without_repeats(sources), skipped


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _without_repeats(sources: Sequence[PathSource]) -> list[PathSource]:
    return list({source.path.resolve(): source for source in sources}.values())
