"""A newcomer's path in a fresh clone, step by step, timed: ``make newcomer``.

Clone, demo, console, own data, predict, grade, deploy in dry-run: what the README and the tutorial tell, with
the commands they tell. The own data are files of the sample league, as somebody would bring them. What a
step prints is shown, so that a person can read the path in one go; ``--keep`` leaves the folder.
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

from handbook.site import ROOT
from handbook.transcripts import plain_environment
from shared.embedded import sample_league

DAY = sample_league.DEMO_DATE.isoformat()
LAST_LINES = 24
"""How much of a step's output is shown."""

STEP_SECONDS = 900.0
START_SECONDS = 60.0


class Stuck(Exception):
    """A step that did not end as the pages say."""


@dataclass
class Walk:
    """Where the newcomer is, and how long each step has taken."""

    folder: Path
    environment: dict[str, str]
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def clone(self) -> Path:
        return self.folder / "nba-props"

    def run(self, command: str, *, within: Path | None = None, exits: tuple[int, ...] = (0,)) -> str:
        say(f"$ {command}")
        ended = subprocess.run(
            ["bash", "-c", command],
            cwd=within or self.clone,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
        lines = ended.stdout.rstrip().splitlines()
        shown = lines if len(lines) <= LAST_LINES else ["...", *lines[-LAST_LINES:]]
        say(*(f"  {line}" for line in shown))
        if ended.returncode not in exits:
            raise Stuck(f"{command}: ended with {ended.returncode}")
        return ended.stdout


def clone(here: Walk) -> None:
    here.run(f"git clone --quiet {ROOT} nba-props", within=here.folder)


def demo(here: Walk) -> None:
    told = here.run("make demo")
    if "104 predicted" not in told:
        raise Stuck("the demo predicted nobody")


def console(here: Walk) -> None:
    """Serve in the background, open the page, and end what was started."""
    port = _free_ports()
    say(f"$ .venv/bin/props serve --port {port} &")
    log = (here.folder / "serve.log").open("w")
    command = [str(here.clone / ".venv/bin/props"), "serve", "--port", str(port)]
    with subprocess.Popen(command, cwd=here.clone, env=here.environment, stdout=log, stderr=log) as served:
        try:
            _until_ready(f"http://127.0.0.1:{port}", served)
            answer = httpx.get(f"http://127.0.0.1:{port}/", timeout=30.0)
            title = re.search(r"<title>(.*?)</title>", answer.text)
            say(f"  GET / -> {answer.status_code} {title[1] if title else ''}")
            if answer.status_code != 200 or title is None:
                raise Stuck(f"GET /: answered {answer.status_code}, wanted a page")
        finally:
            served.terminate()
            served.wait(30)
            log.close()


def _until_ready(url: str, served: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and served.poll() is None:
        try:
            if httpx.get(f"{url}/ready", timeout=5.0).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise Stuck(f"{url}: not ready after {START_SECONDS:.0f} s")


def _free_ports() -> int:
    """Three in a row that nobody listens on."""
    for first in range(18080, 19080, 3):
        taken = 0
        for port in range(first, first + 3):
            with socket.socket() as one:
                taken += one.connect_ex(("127.0.0.1", port)) == 0
        if not taken:
            return first
    raise Stuck("no three ports in a row are free")


def own_data(here: Walk) -> None:
    """The three files that the tutorial names, and nothing else."""
    league = sample_league.generate()
    for name, part in (
        ("mine", sample_league.league_before(league, sample_league.DEMO_DATE)),
        ("results", sample_league.results_of(league, sample_league.DEMO_DATE)),
    ):
        sample_league.write_parquet(part, here.folder / name)
        (here.folder / name / "injury_report.parquet").unlink(missing_ok=True)
    here.run("ls ../mine")
    here.run(".venv/bin/props load ../mine")
    here.run(".venv/bin/props doctor", exits=(0, 1))


def predict(here: Walk) -> None:
    here.environment["PROPS_NOW"] = sample_league.DEMO_NOW.isoformat()
    here.run(f".venv/bin/props features build --dates {DAY}")
    here.run(f".venv/bin/props predict --dates {DAY}")


def grade(here: Walk) -> None:
    here.environment["PROPS_NOW"] = sample_league.AFTER_GAMES.isoformat()
    here.run(".venv/bin/props load ../results")
    here.run(f".venv/bin/props grade --dates {DAY}")
    here.run(f".venv/bin/props coverage --dates {DAY}")
    here.run(".venv/bin/props performance --system catboost_v9 --days 7")


def deploy(here: Walk) -> None:
    """As one who has no project yet: what would be done, and what would stop it."""
    here.environment["CLOUDSDK_CONFIG"] = str(here.folder / "gcloud")
    told = here.run("./bin/deploy-service.sh prediction-worker --dry-run")
    if "dry run: nothing was changed" not in told:
        raise Stuck("the dry run did not tell what it would do")


STEPS: tuple[tuple[str, Callable[[Walk], None]], ...] = (
    ("clone", clone),
    ("set up and demo", demo),
    ("open the console", console),
    ("load own data", own_data),
    ("predict a date", predict),
    ("grade it", grade),
    ("deploy in dry-run", deploy),
)


def say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def go(here: Walk) -> None:
    for name, step in STEPS:
        say("", f"== {name}")
        begun = time.monotonic()
        step(here)
        here.seconds[name] = time.monotonic() - begun
        say(f"   {here.seconds[name]:.1f} s")


@contextmanager
def folder(keep: bool) -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="newcomer-"))
    try:
        yield made
    finally:
        if keep:
            say(f"kept: {made}")
        else:
            shutil.rmtree(made, ignore_errors=True)


def main(arguments: list[str]) -> int:
    with folder(keep="--keep" in arguments) as made:
        environment = plain_environment()
        environment["PATH"] = os.environ["PATH"]  # a newcomer has nothing of ours on the path
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # nor was he called by make
            environment.pop(name, None)
        here = Walk(made, environment)
        try:
            go(here)
        except Stuck as exc:
            say("", f"stuck: {exc}")
            return 1
        say("", *(f"{seconds:7.1f} s  {name}" for name, seconds in here.seconds.items()))
        say(f"{sum(here.seconds.values()):7.1f} s  altogether")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
