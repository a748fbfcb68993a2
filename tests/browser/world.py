"""The real services over the sample league, in the afternoon of its game date, after one run."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from backfill_jobs.serving import Services
from shared.backends import path_variable
from shared.embedded.sample_league import DEMO_DATE, DEMO_NOW

SECONDS = 60.0


@dataclass
class World:
    """``run_id``: the run that has been made; ``prediction_id``: one of its rows of catboost_v9."""

    home: Path
    services: Services
    run_id: str = ""
    prediction_id: str = ""

    @property
    def url(self) -> str:
        return self.services.url("coordinator")

    def places(self) -> dict[str, str]:
        """What an address of a page may name."""
        return {"run_id": self.run_id, "prediction_id": self.prediction_id, "day": DEMO_DATE.isoformat()}

    def run(self) -> str:
        started = httpx.post(f"{self.url}/start", json={"game_date": "TODAY", "force": True}, timeout=SECONDS)
        run_id = str(started.raise_for_status().json()["run_id"])
        end = time.monotonic() + SECONDS
        while httpx.get(f"{self.url}/runs/{run_id}", timeout=SECONDS).json()["closed_at"] is None:
            assert time.monotonic() < end, f"{run_id} has not ended in {SECONDS:.0f} s"
            time.sleep(0.1)
        return run_id

    def one_prediction(self) -> str:
        rows = httpx.get(f"{self.url}/predictions/{DEMO_DATE}", timeout=SECONDS).json()["predictions"]
        return str(next(r["prediction_id"] for r in rows if r["system_id"] == "catboost_v9"))


def world(loaded: Path, models: Mapping[str, Path], home: Path) -> World:
    """A world whose services are not started yet; ``loaded``: a warehouse with the league and features."""
    shutil.copy(loaded, home / "warehouse.duckdb")
    named = {path_variable(system): str(path) for system, path in models.items()}
    return World(home, Services(home, {"PROPS_NOW": DEMO_NOW.isoformat(), **named}))
