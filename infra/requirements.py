"""Write what each image installs: ``python -m infra.requirements [--check]``, in the product's environment.

Each file holds lines of ``requirements.lock``: the versions and hashes that were tested, and no others. A
program takes some of the product's direct dependencies and what these ask for, for CPython 3.11 on Linux.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "requirements"

SERVICE = (
    "duckdb", "fastapi", "filelock", "google-auth[requests]", "google-cloud-bigquery",
    "google-cloud-bigquery-storage", "google-cloud-firestore", "google-cloud-pubsub", "google-cloud-storage",
    "httpx", "msgspec", "numpy", "pyarrow", "prometheus-client", "pydantic-settings", "python-json-logger",
    "sqlglot", "tzdata", "uvicorn[standard]",
)  # fmt: skip
"""Both services serve HTTP on either backend."""

PROGRAMS: dict[str, tuple[str, ...]] = {
    "prediction-coordinator": (*SERVICE, "anyascii", "jinja2"),
    "prediction-worker": (*SERVICE, "catboost", "pysimdjson"),
    "props": (*SERVICE, "aiohttp", "anyascii", "catboost", "jinja2", "matplotlib", "rich", "typer"),
}

NOT_NEEDED = {
    ("catboost", "graphviz"), ("catboost", "matplotlib"), ("catboost", "plotly"),
    ("uvicorn", "watchfiles"), ("uvicorn", "python-dotenv"), ("uvicorn", "websockets"), ("uvicorn", "pyyaml"),
}  # fmt: skip
"""What a package uses only where nobody of ours goes: plots of training, reloading, web sockets."""

LINUX = {
    "implementation_name": "cpython", "os_name": "posix", "platform_machine": "x86_64",
    "platform_python_implementation": "CPython", "platform_system": "Linux", "python_full_version": "3.11.0",
    "python_version": "3.11", "sys_platform": "linux",
}  # fmt: skip


def needed(roots: tuple[str, ...]) -> set[str]:
    """Names of all packages behind some requirements."""
    found: set[tuple[str, str]] = set()
    waiting = [Requirement(root) for root in roots]
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        for extra in {"", *asked.extras}:
            if (name, extra) not in found:
                found.add((name, extra))
                waiting += _requirements(name, extra)
    return {name for name, _ in found}


def _requirements(name: str, extra: str) -> Iterator[Requirement]:
    for text in requires(name) or ():
        asked = Requirement(text)
        here = asked.marker is None or asked.marker.evaluate({**LINUX, "extra": extra})
        if here and (name, canonicalize_name(asked.name)) not in NOT_NEEDED:
            yield asked


def files() -> dict[str, str]:
    """Content of every program's lock by file name."""
    pins = dict(_pins())
    return {
        f"{program}.lock": "".join(pins[name] for name in sorted(needed(roots)))
        for program, roots in PROGRAMS.items()
    }


def _pins() -> Iterator[tuple[str, str]]:
    """Name and lines of what the whole lock pins for these images; it pins some packages several times."""
    whole = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for entry in re.findall(r"^\S[^\n]*(?:\n +[^\n]*)*\n", whole, re.MULTILINE):
        pin = Requirement(entry.splitlines()[0].removesuffix("\\"))
        if pin.marker is None or pin.marker.evaluate(dict(LINUX)):
            yield canonicalize_name(pin.name), entry


def stale() -> list[str]:
    return [
        name
        for name, text in files().items()
        if not (FOLDER / name).is_file() or (FOLDER / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        sys.stdout.writelines(f"{name}: not what requirements.lock says\n" for name in stale())
        return 1 if stale() else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
