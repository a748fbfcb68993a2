"""What the checks of the infrastructure take from the machine."""

from __future__ import annotations

import os
import shutil

import pytest


def needs(*commands: str) -> None:
    """Skip the test where a command is missing; in CI nothing may be skipped unseen, so fail it."""
    absent = [name for name in commands if shutil.which(name) is None]
    if not absent:
        return
    why = f"not on this machine: {', '.join(absent)}"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)
