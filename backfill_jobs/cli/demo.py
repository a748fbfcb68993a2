"""``props demo``: run one game date and show the results."""

from __future__ import annotations

import json
import shutil
import time
from datetime import date
from pathlib import Path

from rich.console import Console

from backfill_jobs.cli.output import print_lines
from backfill_jobs.cli.progress import Bars
from backfill_jobs.cli.serve import until_interrupted
from backfill_jobs.demo import feed_files, figures, report, tables
from backfill_jobs.demo.scenario import Demo, Outcome, Scenario, sample_scenario
from backfill_jobs.local_processes import Services
from shared.backends import BackendSettings
from shared.domain.vocabulary import RunMode
from shared.embedded import sample_league


def run_demo(data: Path | None, day: date | None, keep: bool, as_json: bool) -> bool:
    """Run the demo and return whether its run ended COMPLETE.

    State goes to ``demo`` under ``PROPS_HOME``; the state of an earlier demo is removed first.
    """
    console = Console(highlight=False, stderr=as_json)
    with Bars() as bars:
        demo = Demo(BackendSettings().props_home / "demo", bars)
        shutil.rmtree(demo.home, ignore_errors=True)
        scenario = (
            Scenario(day, data, None, RunMode.BACKFILL, None, None)
            if data is not None and day is not None
            else sample_scenario(demo.home)
        )
        environment = demo.prepare(scenario)
        started_at = time.perf_counter()
        services = Services(demo.home, environment)
        services.start()
        demo.seconds["start_services"] = round(time.perf_counter() - started_at, 3)
    try:
        with Bars() as bars:
            demo.progress = bars
            outcome = demo.grade(scenario, demo.run(scenario, services))
        _show(outcome, demo, console, as_json)
        if keep:
            for name in ("coordinator", "worker"):
                console.print(f"{name}: {services.url(name)}")
            console.print("Ctrl-C stops them")
            until_interrupted(services)
        return bool(outcome.run["state"] == "COMPLETE")
    finally:
        services.stop()


def write_feed_files(folder: Path) -> None:
    """Write the sample league as files of feeds and say what to do with them."""
    day = sample_league.DEMO_DATE
    before, after = feed_files.write_league(folder)
    print_lines([
        f"{folder / 'before'}: {len(before)} files, as on the afternoon of {day}",
        f"{folder / 'after'}: {len(after)} files, the results of {day}",
        "The teams are real; the players and the results are invented.",
        f"-> props import {folder / 'before'}",
    ])  # fmt: skip


def _show(outcome: Outcome, demo: Demo, console: Console, as_json: bool) -> None:
    page = report.write(outcome, demo.home / "report.html")
    if as_json:
        Console().print_json(json.dumps(figures.summary(outcome)))
        return
    tables.show(outcome, console)
    console.print(f"report: {page}")
