"""The real services over the sample league: in the afternoon of its game date, after one run; and on the morning
after, when a fortnight is graded."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from backfill_jobs.local_processes import Services
from shared.application.models.registry import Registry, State
from shared.backends import path_variable
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.sample_league import AFTER_GAMES, DEMO_DATE, DEMO_NOW
from shared.model_registry.bundle import Bundle

SECONDS = 60.0


@dataclass
class World:
    """``run_id``: the run that has been made; ``prediction_id``: one of its rows of catboost_v9; ``models``: id by
    human name; ``player``: one who is predicted."""

    home: Path
    services: Services
    run_id: str = ""
    prediction_id: str = ""
    player: str = ""
    models: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.services.url("coordinator")

    def places(self) -> dict[str, str]:
        """What an address of a page may name."""
        return {
            "run_id": self.run_id,
            "prediction_id": self.prediction_id,
            "day": DEMO_DATE.isoformat(),
            "player": self.player,
            **self.models,
        }

    def run(self) -> str:
        started = httpx.post(f"{self.url}/start", json={"game_date": "TODAY", "force": True}, timeout=SECONDS)
        run_id = str(started.raise_for_status().json()["run_id"])
        end = time.monotonic() + SECONDS
        while httpx.get(f"{self.url}/runs/{run_id}", timeout=SECONDS).json()["closed_at"] is None:
            assert time.monotonic() < end, f"{run_id} has not ended in {SECONDS:.0f} s"
            time.sleep(0.1)
        return run_id

    def find_one_prediction(self) -> None:
        """The one with the highest line."""
        rows = httpx.get(f"{self.url}/predictions/{DEMO_DATE}", timeout=SECONDS).json()["predictions"]
        mine = [r for r in rows if r["system_id"] == "catboost_v9" and r["has_prop_line"]]
        row = max(mine, key=lambda r: float(r["current_points_line"]))
        self.prediction_id, self.player = str(row["prediction_id"]), str(row["player_lookup"])


def world(loaded: Path, bundles: Sequence[Bundle], home: Path) -> World:
    """A world whose services are not started yet; ``loaded``: a warehouse with the league and features.

    The bundles are registered, and that of catboost_v9 is its champion.
    """
    registry = Registry(DuckDbWarehouse(Path(shutil.copy(loaded, home / "warehouse.duckdb"))))
    registry.add(bundles)
    for bundle in bundles:
        if bundle.manifest.system_id == "catboost_v9":
            registry.change_state(bundle.manifest.name, State.CHAMPION, "the first")
    named = {path_variable(bundle.manifest.system_id): bundle.path for bundle in bundles}
    return World(home, Services(home, {"PROPS_NOW": DEMO_NOW.isoformat(), **named}))


def graded_world(folder: Path, models: Mapping[str, str], home: Path) -> World:
    """A world of one service, over a copy of a state folder; nothing is sent in it."""
    shutil.copytree(folder, home, dirs_exist_ok=True)
    now = {"PROPS_NOW": AFTER_GAMES.isoformat()}
    return World(home, Services(home, now, programs=("coordinator",)), models=models)
