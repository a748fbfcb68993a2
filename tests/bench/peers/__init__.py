"""Peers to compare with, each in a virtual environment of its own below ``.bench/``."""

from __future__ import annotations

from pathlib import Path

from tests.bench.suite import LeftOut
from tests.bench.world import HOME

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
PEERS = HOME / "peers"
PYTHON = PEERS / "venv" / "bin" / "python"
INSTALLED = PEERS / "installed.lock"
"""The lock that the environment was made of, written last."""


def installed() -> bool:
    """Whether the environment is there, complete, and of today's pins."""
    return INSTALLED.exists() and INSTALLED.read_bytes() == LOCK.read_bytes() and PYTHON.exists()


def wanted() -> None:
    """``LeftOut`` where the peers are not installed."""
    if not installed():
        raise LeftOut("KServe is not installed here: make bench-peers")
