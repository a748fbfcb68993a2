"""``python -m tests.emulators.install``: the stand-ins that come from PyPI, in ``.emulators/``.

They live in a virtual environment of their own because their pins differ from the product's.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock

from tests.emulators import rewrites

HERE = Path(__file__).parent
HOME = HERE.parents[1] / ".emulators"
PYTHON = HOME / "venv" / "bin" / "python"
STAMP = HOME / "venv" / ".installed"
LOCKS = (HERE / "requirements.lock", HERE / "local-bigquery.lock")


def main() -> None:
    HOME.mkdir(exist_ok=True)
    started = time.monotonic()
    with FileLock(HOME / "install.lock"):
        if installed():
            print("emulators: already installed")  # noqa: T201
            return
        install()
        STAMP.write_text(fingerprint())
    print(f"emulators: installed in {time.monotonic() - started:.0f} s")  # noqa: T201


def installed() -> bool:
    """Whether the environment is there, complete, and of today's pins."""
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def install() -> None:
    shutil.rmtree(PYTHON.parents[1], ignore_errors=True)
    run(sys.executable, "-m", "venv", str(PYTHON.parents[1]))
    pip = (str(PYTHON), "-m", "pip", "-qq", "--disable-pip-version-check", "install")
    # Every pin is in the lock files, so no package is asked what it requires, be it of Python or of others.
    run(*pip, "--no-deps", "--ignore-requires-python", "--require-hashes", *(f"-r{lock}" for lock in LOCKS))
    rewrites.rewrite(package("local_bigquery"))


def package(name: str) -> Path:
    """The folder of a package in the stand-ins' environment."""
    (found,) = PYTHON.parents[1].glob(f"lib/python*/site-packages/{name}")
    return found


def fingerprint() -> str:
    read = (*LOCKS, Path(rewrites.__file__))
    whole = b"".join(path.read_bytes() for path in read) + sys.version.encode()
    return hashlib.sha256(whole).hexdigest()


def run(*command: str) -> None:
    """What went wrong is for the command to say."""
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"emulators: not installed, {Path(command[0]).name} failed (see above)")


if __name__ == "__main__":
    main()
