"""Tools that come with the machine, not with the project."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(*commands: str) -> None:
    """Skip the test, saying so, where a command is missing; fail instead where ``CI=true``."""
    missing = [c for c in commands if shutil.which(c) is None]
    if missing:
        said = f"{', '.join(missing)}: not on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
