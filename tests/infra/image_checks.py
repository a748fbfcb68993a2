"""What an image of ours may hold: rules over its configuration and the listing of its files."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

USER = 10001
LABELS = ("title", "revision", "created", "source", "licenses")
PACKAGES = "/site"
WRITABLE = frozenset({"/tmp", "/var/tmp", "/run/lock"})
"""Where any user may write; an image has these from Debian."""

_COMPILER = re.compile(
    r"(?:[a-z0-9_]+-linux-gnu-)?(?:gcc|g\+\+|cpp|cc|c\+\+|c89|c99|ld|as|clang(?:\+\+)?|tcc|make|cmake|rustc|go)(?:-\d+)?"
)


@dataclass(frozen=True)
class Entry:
    """One file, folder or link. ``path`` is absolute in the image, ``mode`` as ``lstat`` gives it."""

    path: str
    mode: int
    uid: int
    gid: int
    size: int

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def folder(self) -> str:
        return str(PurePosixPath(self.path).parent)


def faults(config: dict[str, Any], entries: Sequence[Entry], pins: dict[str, str]) -> list[str]:
    """What is wrong with an image; ``pins`` are the versions of its lock by package.

    ``config`` is the image's configuration as OCI writes it.
    """
    return [*_configured(config["config"]), *_held(entries), *_installed(entries, pins)]


def _configured(config: dict[str, Any]) -> Iterator[str]:
    if config.get("User") != f"{USER}:{USER}":
        yield f"runs as {config.get('User') or 'root'!r}, expected {USER}:{USER}"
    if not isinstance(config.get("Entrypoint"), list) or config["Entrypoint"][:1] != ["python3"]:
        yield f"starts {config.get('Entrypoint')!r}, expected one python3 that gets the signals itself"
    labels = config.get("Labels") or {}
    for name in LABELS:
        if labels.get(f"org.opencontainers.image.{name}", "unknown") == "unknown":
            yield f"label {name} says nothing"


def _held(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        regular, folder = stat.S_ISREG(entry.mode), stat.S_ISDIR(entry.mode)
        if regular and entry.mode & (stat.S_ISUID | stat.S_ISGID):
            yield f"{entry.path} is setuid or setgid"
        if entry.folder.endswith("bin") and _COMPILER.fullmatch(entry.name):
            yield f"{entry.path} is a compiler"
        if entry.name == ".git":
            yield f"{entry.path} is the repository"
        if folder and entry.name == "tests" and entry.path.startswith(("/app/", f"{PACKAGES}/")):
            yield f"{entry.path} are tests"
        if (regular or folder) and entry.path not in WRITABLE and _writable(entry):
            yield f"{entry.path} can be written by user {USER}"


def _writable(entry: Entry) -> bool:
    return bool(
        entry.mode & stat.S_IWOTH or entry.uid == USER or (entry.gid == USER and entry.mode & stat.S_IWGRP)
    )


def _installed(entries: Sequence[Entry], pins: dict[str, str]) -> Iterator[str]:
    """Exactly what the lock names: a lock that names too much is found where it is written."""
    found = {}
    for entry in entries:
        if entry.folder == PACKAGES and entry.name.endswith(".dist-info"):
            name, _, version = entry.name.removesuffix(".dist-info").partition("-")
            found[name.lower().replace("_", "-").replace(".", "-")] = version
    for name in sorted(found.keys() | pins.keys()):
        if found.get(name) != pins.get(name):
            yield f"{name} is {found.get(name)} in the image, {pins.get(name)} in its lock"
