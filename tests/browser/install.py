"""``python -m tests.browser.install``: what the tests in a browser need, Chromium and axe-core.

Chromium is Debian's, installed where it is absent and this is root; axe-core comes from npm into ``.browser/``.
What cannot be had is named, and the tests that need it are skipped with the same words.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".browser"
SCREENSHOTS = HOME / "screenshots"
AXE = HOME / "node_modules" / "axe-core" / "axe.min.js"
PACKAGE = (HERE / "package.json", HERE / "package-lock.json")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Nothing but the pages asked for is fetched."""

APT = ("apt-get", "-qq", "-o=Dpkg::Use-Pty=0")


def main() -> None:
    HOME.mkdir(exist_ok=True)
    if chromium() is None and shutil.which("apt-get") and os.geteuid() == 0:
        run(*APT, "update")
        run(*APT, "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core")
    if not axe_installed() and shutil.which("npm"):
        for path in PACKAGE:
            shutil.copy(path, HOME)
        quiet = ("--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
        run("npm", "ci", "--prefix", str(HOME), *quiet)
    say(missing() or f"{chromium()} and axe-core are there")


def missing() -> str | None:
    """What keeps the tests from running, with what helps."""
    if chromium() is None:
        return "no Chromium: install Debian's chromium, or run make browser as root"
    if not axe_installed():
        return "no axe-core: install Node.js 20 or later, then make browser"
    return None


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def axe_installed() -> bool:
    """Whether axe-core is there, of today's pin."""
    copied = HOME / PACKAGE[1].name
    return AXE.is_file() and copied.is_file() and copied.read_bytes() == PACKAGE[1].read_bytes()


def run(*command: str) -> None:
    """What goes wrong is for the command to say; ``missing`` says what it means."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=environment)


def say(what: str) -> None:
    print(f"browser: {what}")  # noqa: T201


if __name__ == "__main__":
    main()
