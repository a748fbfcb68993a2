"""``python -m tests.bench.peers``: install the peers, pinned by hash."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

from tests.bench.peers import INSTALLED, LOCK, PEERS, PYTHON, installed


def main() -> int:
    if installed():
        print("peers: already installed")  # noqa: T201
        return 0
    started = time.monotonic()
    shutil.rmtree(PEERS, ignore_errors=True)
    PEERS.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", str(PEERS / "venv")], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)], check=True)
    shutil.copy(LOCK, INSTALLED)
    print(f"peers: installed in {time.monotonic() - started:.0f} s")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
