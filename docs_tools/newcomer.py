"""The steps of a new user in a fresh clone, with times: ``make newcomer``.

Clone, demo, console, own data, predict, grade, deploy in dry-run: the commands of the README and the
tutorial. The own data are files of the sample league. The output of each step is printed, so that a reader
can follow all steps; ``--keep`` keeps the folder.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from docs_tools.site import ROOT
from docs_tools.transcripts import plain_environment, run_in_shell
from shared.embedded import sample_league

DAY = sample_league.DEMO_DATE.isoformat()
LAST_LINES = 24
"""Number of lines of a step's output that are printed."""

STEP_SECONDS = 900.0
START_SECONDS = 60.0


class StepFailed(Exception):
    """A step did not end as documented."""


@dataclass
class Walk:
    """The folder and environment of the steps, and the duration of each."""

    folder: Path
    environment: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def clone(self) -> Path:
        return self.folder / "nba-props"

    def run(self, command: str, *, within: Path | None = None, exits: tuple[int, ...] = (0,)) -> str:
        write_lines(f"$ {command}")
        code, output = run_in_shell(command, within or self.clone, self.environment, STEP_SECONDS)
        lines = output.splitlines()
        last_lines = lines if len(lines) <= LAST_LINES else ["...", *lines[-LAST_LINES:]]
        write_lines(*(f"  {line}" for line in last_lines))
        if code not in exits:
            raise StepFailed(f"{command}: exit code {code}")
        return output


def clone(walk: Walk) -> None:
    walk.run(f"git clone --quiet {ROOT} nba-props", within=walk.folder)


def demo(walk: Walk) -> None:
    output = walk.run("make demo")
    if "104 predicted" not in output:
        raise StepFailed("the demo did not predict 104 players")


def console(walk: Walk) -> None:
    """Serve in the background, open the console, and stop the server."""
    port = _find_free_ports()
    write_lines(f"$ .venv/bin/props serve --port {port} &")
    log = (walk.folder / "serve.log").open("w")
    command = [str(walk.clone / ".venv/bin/props"), "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=walk.clone, env=walk.environment, stdout=log, stderr=log) as server:
        try:
            _wait_until_ready(f"http://127.0.0.1:{port}", server)
            response = httpx.get(f"http://127.0.0.1:{port}/", timeout=30.0)
            title = re.search(r"<title>(.*?)</title>", response.text)
            write_lines(f"  GET / -> {response.status_code} {title[1] if title else ''}")
            if response.status_code != 200 or title is None:
                raise StepFailed(f"GET /: status {response.status_code}, expected a page")
        finally:
            server.terminate()
            server.wait(30)
            log.close()


def _wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{url}/ready", timeout=5.0).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise StepFailed(f"{url}: not ready after {START_SECONDS:.0f} s")


def _find_free_ports() -> int:
    """Return the first of three consecutive free ports."""
    for first in range(18080, 19080, 3):
        used_ports = 0
        for port in range(first, first + 3):
            with socket.socket() as probe:
                used_ports += probe.connect_ex(("127.0.0.1", port)) == 0
        if not used_ports:
            return first
    raise StepFailed("no three ports in a row are free")


def own_data(walk: Walk) -> None:
    """Load only the three files that the tutorial names."""
    league = sample_league.generate()
    for name, part in (
        ("own-data", sample_league.league_before(league, sample_league.DEMO_DATE)),
        ("results", sample_league.results_of(league, sample_league.DEMO_DATE)),
    ):
        sample_league.write_parquet(part, walk.folder / name)
        (walk.folder / name / "injury_report.parquet").unlink(missing_ok=True)
    walk.run("ls ../own-data")
    walk.run(".venv/bin/props load ../own-data")
    walk.run(".venv/bin/props doctor", exits=(0, 1))


def predict(walk: Walk) -> None:
    walk.environment["PROPS_NOW"] = sample_league.DEMO_NOW.isoformat()
    walk.run(f".venv/bin/props features build --dates {DAY}")
    walk.run(f".venv/bin/props predict --dates {DAY}")


def grade(walk: Walk) -> None:
    walk.environment["PROPS_NOW"] = sample_league.AFTER_GAMES.isoformat()
    walk.run(".venv/bin/props load ../results")
    walk.run(f".venv/bin/props grade --dates {DAY}")
    walk.run(f".venv/bin/props coverage --dates {DAY}")
    walk.run(".venv/bin/props performance --system catboost_v9 --days 7")


def deploy(walk: Walk) -> None:
    """Show the steps of a deployment, and the checks that would refuse it, without a project."""
    walk.environment["CLOUDSDK_CONFIG"] = str(walk.folder / "gcloud")
    output = walk.run("./bin/deploy-service.sh prediction-worker --dry-run")
    if "dry run: nothing was changed" not in output:
        raise StepFailed("the dry run did not print its steps")


STEPS: tuple[tuple[str, Callable[[Walk], None]], ...] = (
    ("clone", clone),
    ("set up and demo", demo),
    ("open the console", console),
    ("load own data", own_data),
    ("predict a date", predict),
    ("grade it", grade),
    ("deploy in dry-run", deploy),
)


def write_lines(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def run_steps(walk: Walk) -> None:
    for name, step in STEPS:
        write_lines("", f"== {name}")
        started_at = time.monotonic()
        step(walk)
        walk.seconds[name] = time.monotonic() - started_at
        write_lines(f"   {walk.seconds[name]:.1f} s")


@contextmanager
def temporary_folder(keep: bool) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="newcomer-"))
    try:
        yield path
    finally:
        if keep:
            write_lines(f"kept: {path}")
        else:
            shutil.rmtree(path, ignore_errors=True)


def main(arguments: list[str]) -> int:
    with temporary_folder(keep="--keep" in arguments) as path:
        environment = plain_environment()
        environment["PATH"] = os.environ["PATH"]  # without the project's programs
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # without variables of an outer make
            environment.pop(name, None)
        walk = Walk(path, environment)
        try:
            run_steps(walk)
        except StepFailed as exc:
            write_lines("", f"failed: {exc}")
            return 1
        write_lines("", *(f"{seconds:7.1f} s  {name}" for name, seconds in walk.seconds.items()))
        write_lines(f"{sum(walk.seconds.values()):7.1f} s  in total")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
