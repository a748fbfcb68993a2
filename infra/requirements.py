"""Write the lock file of each image: ``python -m infra.requirements [--check]``, in our environment.

Each file holds lines of ``requirements.lock``, with the tested versions and hashes. A program needs some of
the product's direct dependencies and the dependencies of those, for CPython 3.11 on Linux.
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
    "annotated-types", "cachetools", "duckdb", "fastapi", "filelock", "flatbuffers", "google-auth[requests]",
    "google-cloud-bigquery", "google-cloud-bigquery-storage", "google-cloud-firestore", "google-cloud-pubsub",
    "google-cloud-storage", "httpx", "msgspec", "numpy", "pyarrow", "prometheus-client", "pydantic-settings",
    "python-json-logger", "sqlglot", "tzdata", "uvicorn[standard]",
)  # fmt: skip
"""Dependencies of both services, which serve HTTP on either backend."""

PROGRAMS: dict[str, tuple[str, ...]] = {
    "prediction-coordinator": (*SERVICE, "anyascii", "jinja2"),
    "prediction-worker": (*SERVICE, "catboost", "pysimdjson"),
    "props": (
        *SERVICE,
        "aiohttp",
        "anyascii",
        "catboost",
        "jinja2",
        "matplotlib",
        "nba_api",
        "pypdfium2",
        "rich",
        "typer",
    ),
}

NOT_NEEDED = {
    ("catboost", "graphviz"), ("catboost", "matplotlib"), ("catboost", "plotly"),
    ("uvicorn", "watchfiles"), ("uvicorn", "python-dotenv"), ("uvicorn", "websockets"), ("uvicorn", "pyyaml"),
}  # fmt: skip
"""Dependencies that packages need only for features unused here: training plots, reloading, web sockets."""

LINUX = {
    "implementation_name": "cpython", "os_name": "posix", "platform_machine": "x86_64",
    "platform_python_implementation": "CPython", "platform_system": "Linux", "python_full_version": "3.11.0",
    "python_version": "3.11", "sys_platform": "linux",
}  # fmt: skip


def required_packages(roots: tuple[str, ...]) -> set[str]:
    """Return the names of all packages that some requirements need."""
    packages: set[tuple[str, str]] = set()
    pending = [Requirement(root) for root in roots]
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras}:
            if (name, extra) not in packages:
                packages.add((name, extra))
                pending += _requirements(name, extra)
    return {name for name, _ in packages}


def _requirements(name: str, extra: str) -> Iterator[Requirement]:
    for text in requires(name) or ():
        requirement = Requirement(text)
        applies = requirement.marker is None or requirement.marker.evaluate({**LINUX, "extra": extra})
        if applies and (name, canonicalize_name(requirement.name)) not in NOT_NEEDED:
            yield requirement


def files() -> dict[str, str]:
    """Return the content of every program's lock by file name."""
    pins = dict(_pins())
    return {
        f"{program}.lock": "".join(pins[name] for name in sorted(required_packages(roots)))
        for program, roots in PROGRAMS.items()
    }


def _pins() -> Iterator[tuple[str, str]]:
    """Yield name and lines of each pin for these images; the full lock pins some packages several times."""
    full_lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for entry in re.findall(r"^\S[^\n]*(?:\n +[^\n]*)*\n", full_lock, re.MULTILINE):
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
        sys.stdout.writelines(f"{name}: differs from requirements.lock\n" for name in stale())
        return 1 if stale() else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
