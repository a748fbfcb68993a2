"""How soon a page of the console shows something, with one season of predictions and grades in the store.

In a real Chromium it is the first contentful paint, each time with an empty cache; where there is none, the time
to the last byte of the page. A round takes every page three times, in turn, and of each the middle one: now and
then a load takes twice as long whatever the page. The season is made once and kept in ``.bench/``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median

import httpx
from filelock import FileLock

from shared.application.backfill.prediction_backfill import BackfillOptions
from shared.application.ingestion.load import LoadFolder
from shared.application.models.promotion import Promotion
from shared.application.training.experiments import TrainExperiment
from shared.application.training.train import validate_window
from shared.embedded import sample_league
from shared.embedded.model_store import DirectoryModelStore
from shared.model_registry.bundle import Bundle
from tests.application.worlds import Jobs
from tests.bench.suite import Bench, Measured
from tests.bench.world import HOME
from tests.browser import install
from tests.browser.pages import PAGES, Case
from tests.browser.world import World, graded_world
from tests.conftest import DAY

SEASON = HOME / "console"
BAR_MS = 200.0
SYSTEMS = (
    "moving_average", "zone_matchup_v1", "similarity_balanced_v1", "catboost_v9", "line_anchored_v1",
    "ensemble_v1", "ensemble_v1_1",
)  # fmt: skip
TRAIN_DAYS, JUDGED_DAYS = 120, 30
LOADS = 3

Look = Callable[[str], float]
"""Milliseconds until a page at an address shows something."""

PAINT = """() => new Promise((told) =>
  new PerformanceObserver((seen) => {
    const first = seen.getEntriesByName("first-contentful-paint")[0];
    if (first) told(first.startTime);
  }).observe({ type: "paint", buffered: true }))"""


def first_paint(rounds: int) -> Measured:
    """The slowest page of each round over the bar; beside it the median of every page."""
    with _console() as (world, places), _looking() as look:
        pages = {
            case.name: world.url + _address(case).format(**places) for case in PAGES if case.status == 200
        }
        for address in pages.values():
            httpx.get(address, timeout=60.0).raise_for_status()
        seen = [_round(look, pages) for _ in range(rounds)]
        server = world.services.processes["coordinator"].pid
        costs = {name: _cost(server, address, rounds) for name, address in pages.items()}
    middle = [{name: median(loads) for name, loads in r.items()} for r in seen]
    beside = {f"{name}, ms": round(median(r[name] for r in middle), 1) for name in pages}
    beside["slowest single load of a round, ms"] = median(max(map(max, r.values())) for r in seen)
    beside["slowest last byte, ms"] = round(max(last_byte for last_byte, _ in costs.values()), 1)
    beside["dearest page, CPU ms of the server"] = round(max(cpu for _, cpu in costs.values()), 1)
    return Measured([max(r.values()) / BAR_MS for r in middle], beside)


def _round(look: Look, pages: dict[str, str]) -> dict[str, list[float]]:
    """Milliseconds of every load, by page."""
    loads: dict[str, list[float]] = {name: [] for name in pages}
    for _ in range(LOADS):
        for name, address in pages.items():
            loads[name].append(look(address))
    return loads


def _cost(server: int, address: str, rounds: int) -> tuple[float, float]:
    """Milliseconds to the last byte, and of the server's CPU, which neighbours on the machine disturb less."""
    begun = _cpu_ms(server)
    waited = [_last_byte(address) for _ in range(rounds)]
    return median(waited), (_cpu_ms(server) - begun) / rounds


def _cpu_ms(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _address(case: Case) -> str:
    """The first page is that of the last date with games, which is the day before in this store."""
    return "/?date={day}" if case.address == "/" else case.address


@contextmanager
def _looking() -> Iterator[Look]:
    if install.chromium() is None:
        yield _last_byte
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=install.chromium(), args=list(install.FLAGS))

        def look(address: str) -> float:
            with browser.new_context() as context:
                page = context.new_page()
                page.goto(address)
                painted = float(page.evaluate(PAINT))
                page.wait_for_load_state(
                    "networkidle"
                )  # what is loaded later must not slow the next page down
                return painted

        yield look
        browser.close()


def _last_byte(address: str) -> float:
    begun = time.perf_counter()
    httpx.get(address, timeout=60.0).raise_for_status()
    return (time.perf_counter() - begun) * 1000


@contextmanager
def _console() -> Iterator[tuple[World, dict[str, str]]]:
    """The coordinator over a copy of the season, and what addresses of its pages may name."""
    models = season()
    with tempfile.TemporaryDirectory() as home:
        world = graded_world(SEASON / "state", models, Path(home))
        with world.services:
            world.run_id = httpx.get(f"{world.url}/runs?limit=1", timeout=60.0).json()["runs"][0]["run_id"]
            world.find_one_prediction()
            yield world, world.places()


def season() -> dict[str, str]:
    """Model id by human name; the season is made on the first call."""
    HOME.mkdir(exist_ok=True)
    with FileLock(HOME / "console.lock"):
        if not (SEASON / "models.json").exists():
            shutil.rmtree(SEASON, ignore_errors=True)
            _make(SEASON / "state")
    return dict(json.loads((SEASON / "models.json").read_text()))


def _make(state: Path) -> None:
    """Two seasons of the league; the models learn from the first, the second is predicted and graded."""
    league = sample_league.generate(seasons=2)
    jobs = Jobs(state, {})
    for name, part in (
        ("before", sample_league.league_before(league, DAY)),
        ("results", sample_league.results_of(league, DAY)),
    ):
        sample_league.write_parquet(part, SEASON / name)
    LoadFolder(jobs.warehouse, jobs.clock)(SEASON / "before")
    first = _first_date(jobs)
    jobs.build(first, DAY)
    bundles = {
        name: _trained(jobs, system, name, first - timedelta(days=before))
        for name, system, before in (
            ("autumn", "catboost_v9", 230),
            ("spring", "catboost_v9", 225),
            ("anchor", "line_anchored_v1", 230),
        )
    }
    Promotion(jobs.warehouse, DirectoryModelStore(), jobs.clock).promote("autumn", "of the season", True)
    named = {b.manifest.system_id: Path(b.path) for n, b in bundles.items() if n != "spring"}
    days = [first + timedelta(days=i) for i in range((DAY - first).days)]
    predict = Jobs(state, named).predictions
    predict(days, BackfillOptions(systems=SYSTEMS, allow_started=True))
    predict([DAY], BackfillOptions(systems=SYSTEMS))
    after = jobs.at(sample_league.AFTER_GAMES)
    after.reveal(SEASON / "results")
    after.grade(first, DAY)
    names = {name: bundle.manifest.name for name, bundle in bundles.items()}
    (SEASON / "models.json").write_text(json.dumps(names))


def _first_date(jobs: Jobs) -> date:
    (row,) = jobs.rows(
        "SELECT MIN(game_date) AS first FROM nba_reference.nba_schedule "
        "WHERE season = (SELECT MAX(season) FROM nba_reference.nba_schedule)"
    )
    first: date = row["first"]
    return first


def _trained(jobs: Jobs, system: str, name: str, end: date) -> Bundle:
    window = validate_window(
        system,
        end - timedelta(days=TRAIN_DAYS),
        end,
        end + timedelta(days=1),
        end + timedelta(days=JUDGED_DAYS),
    )
    train = TrainExperiment(jobs.warehouse, DirectoryModelStore(), str(jobs.folder / "models"), "bench")
    return train(window, name, jobs.now).bundle


BENCHES = (Bench("console", "slowest page's first paint over 200 ms", 1.0, 0.75, first_paint, most=True),)
