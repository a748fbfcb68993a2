"""The tools that check the infrastructure, and what happens where one is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra import install
from tests.infra.install import BIN, ROOT


def require(*names: str) -> None:
    """Skip the test where a tool is missing; in CI nothing may be skipped unseen, so fail it."""
    why = "; ".join(filter(None, map(missing, names)))
    if not why:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def missing(name: str) -> str | None:
    """Why a tool cannot be had here and what would help; None if it can."""
    remedy = install.ON_THE_MACHINE.get(name)
    if remedy is not None and shutil.which(name) is None:
        return f"{name} is missing: {remedy}"
    if name == "terraform":
        return (
            None
            if install.provider_installed()
            else "the provider's stand-in is not installed: run make infra"
        )
    if remedy is None and not install.tools_installed():
        return f"{name} is not installed: run make infra"
    return None


def run(
    name: str, *arguments: str | Path, folder: Path = ROOT, text: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a tool of ``.infra``, or one of the machine's that is named in ``ON_THE_MACHINE``."""
    require(name)
    program = name if name in install.ON_THE_MACHINE else str(BIN / name)
    return subprocess.run(
        [program, *map(str, arguments)],
        cwd=folder,
        input=text or "",
        env={**os.environ, "NO_COLOR": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def tracked(*patterns: str) -> list[Path]:
    """Files of the repository whose names match, new ones included, ignored ones not."""
    command = [
        "git",
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
        "--",
        *patterns,
    ]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(path for name in listed if (path := ROOT / name).is_file())
