"""``props demo``."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path

from rich.console import Console

from backfill_jobs.cli.progress import Bars
from backfill_jobs.cli.serve import until_interrupted
from backfill_jobs.demo import figures, report, tables
from backfill_jobs.demo.scenario import Demo, Outcome, Stage, sample_stage
from backfill_jobs.local_processes import Services
from shared.application.features.slate_inputs import Mode
from shared.backends import BackendSettings


def play(data: Path | None, day: date | None, keep: bool, as_json: bool) -> bool:
    """Say whether the run ended COMPLETE.

    State goes to ``demo`` under ``PROPS_HOME``; what an earlier demo left there goes first.
    """
    console = Console(highlight=False, stderr=as_json)
    with Bars() as bars:
        demo = Demo(BackendSettings().props_home / "demo", bars)
        demo.clear()
        stage = (
            Stage(day, data, None, Mode.BACKFILL, None, None)
            if data is not None and day is not None
            else sample_stage(demo.home)
        )
        environment = demo.prepare(stage)
        begun = time.perf_counter()
        services = Services(demo.home, environment)
        services.start()
        demo.seconds["start_services"] = round(time.perf_counter() - begun, 3)
    try:
        with Bars() as bars:
            demo.follow_with(bars)
            outcome = demo.grade(stage, demo.run(stage, services))
        _show(outcome, demo, console, as_json)
        if keep:
            for name in ("coordinator", "worker"):
                console.print(f"{name}: {services.url(name)}")
            console.print("Ctrl-C ends them")
            until_interrupted(services)
        return bool(outcome.run["state"] == "COMPLETE")
    finally:
        services.stop()


def _show(outcome: Outcome, demo: Demo, console: Console, as_json: bool) -> None:
    page = report.write(outcome, demo.home / "report.html")
    if as_json:
        Console().print_json(json.dumps(figures.summary(outcome)))
        return
    tables.show(outcome, console)
    console.print(f"report: {page}")
