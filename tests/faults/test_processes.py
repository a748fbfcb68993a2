"""Twenty game dates with real processes that are killed, frozen and cut off: ``pytest -m faults``.

A full disk is played by a limit on the size of files, since not everybody may mount one.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import catboost
import numpy as np
import pytest

from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC
from shared.domain.features.contract import FEATURES
from shared.domain.systems.catalog import ENSEMBLES
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from tests.faults.machines import Machines
from tests.faults.poison import ANYWHERE, JOBS, OUTCOMES
from tests.faults.stores import FEATURELESS, GAMES, INCOMPLETE, lay_out

pytestmark = pytest.mark.faults

RUNS = 20
SECONDS = 15.0
ONE = os.environ.get("FAULT_SEED")
SEEDS = [int(ONE)] if ONE else range(RUNS)

MANY = (*(f"player{i:03d}" for i in range(150)), INCOMPLETE, FEATURELESS)
PREDICTING = ("moving_average", "zone_matchup_v1", "catboost_v9", *(e.system_id for e in ENSEMBLES))
KEYS = {
    (GAMES[i % len(GAMES)], i + 1, system)
    for i, player in enumerate(MANY)
    if player not in (INCOMPLETE, FEATURELESS)
    for system in PREDICTING
}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a slate, and a model beside it; copied for each run."""
    folder = tmp_path_factory.mktemp("prepared")
    lay_out(DuckDbWarehouse(folder / "home" / "warehouse.duckdb"), MANY)
    x = np.random.default_rng(1).normal(15.0, 5.0, (80, len(FEATURES)))
    model = catboost.CatBoostRegressor(iterations=3, verbose=False, allow_writing_files=False, thread_count=1)
    model.fit(catboost.Pool(x, x[:, 0], feature_names=list(FEATURES)))
    model.save_model(str(folder / "model.cbm"))
    return folder


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_dies_nothing_is_lost_doubled_or_stuck(seed: int, prepared: Path, tmp_path: Path) -> None:
    rng = random.Random(seed)
    began = time.monotonic()
    home = Path(shutil.copytree(prepared / "home", tmp_path / "home"))
    with Machines(home, prepared / "model.cbm", PREDICTING, broker_faults(rng)) as machines:
        machines.start_beside(second=rng.random() < 0.5, force=rng.random() < 0.5)
        for act in story(rng, machines):
            time.sleep(rng.uniform(0.0, 0.25))
            act()
        machines.settle(began + 11.0 - time.monotonic())
        machines.heal(began + 13.5 - time.monotonic())
    took = time.monotonic() - began
    told = f"FAULT_SEED={seed}\n" + "\n".join(machines.history)
    assert machines.verdict(KEYS) == [], told
    assert took < SECONDS, told


def broker_faults(rng: random.Random) -> list[str]:
    """Duplicated deliveries and lost answers, in most runs."""
    every = {name: rng.choice((0, 2, 3, 5)) for name in ("--duplicate-every", "--drop-response-every")}
    return [word for name, n in every.items() for word in (name, str(n))]


def story(rng: random.Random, machines: Machines) -> list[Callable[[], None]]:
    """What happens, in order: one kill, some other faults, poison and a second start in between."""
    victims = ("worker", "coordinator", "broker")
    killed = rng.choice(victims)
    others = [v for v in victims if v != killed]
    acts: list[Callable[[], None]] = [lambda: machines.kill(killed)]
    for _ in range(rng.randint(1, 2)):
        seconds, name = rng.uniform(0.2, 1.0), rng.choice(others)
        acts.append(
            rng.choice(
                (
                    lambda s=seconds, n=name: machines.freeze(n, s),
                    lambda s=seconds, n=name: machines.fill_disk(n, s),
                    lambda s=seconds: machines.take_warehouse(s),
                )
            )
        )
    acts.append(lambda: machines.start_beside(second=True, force=True))
    for _ in range(rng.randint(0, 2)):
        topic, payload = rng.choice(
            [
                (t, p)
                for t, more in ((REQUEST_TOPIC, JOBS), (READY_TOPIC, OUTCOMES))
                for p in (*ANYWHERE, *more)
            ]
        )
        acts.append(lambda t=topic, p=payload: machines.publish_poison(t, p))
    rng.shuffle(acts)
    return acts
