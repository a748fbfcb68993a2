"""What speed must not cost: the very answers of the model, and nothing stored twice."""

from __future__ import annotations

import asyncio
import random
from concurrent.futures import ThreadPoolExecutor

import catboost
import numpy as np

from shared.application.messaging.topics import REQUEST_TOPIC
from shared.application.prediction.stage import Job, StageJobs
from shared.application.runs.lifecycle import Report
from shared.schemas.messages import PredictionReady, wrap
from shared.web.micro_batching import MicroBatcher
from tests.application.jobs import InProcess
from tests.bench.game_day import scratch_warehouse
from tests.bench.suite import Bench, Measured
from tests.bench.world import SYSTEMS, jobs, model_paths, models

MANY = 2000
DELIVERIES = 4
"""How often each message is delivered where deliveries repeat."""


def equal_to_the_model(rounds: int) -> Measured:
    """Share of rows, single and in company, that are ``model.predict``'s own to the last bit."""
    given = np.array([[np.nan if v is None else v for v in job.features] for job in jobs()])
    ratios = []
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        x = given[rng.integers(0, len(given), MANY)] + rng.normal(0.0, 1.0, (MANY, given.shape[1]))
        x[rng.random(x.shape) < 0.05] = np.nan
        same, asked = 0, 0
        for system, path in model_paths().items():
            referee = catboost.CatBoostRegressor()
            referee.load_model(path)
            wanted = referee.predict(x, thread_count=1)
            ours = models()[system].model
            alone = np.concatenate([ours.predict(row[None, :]) for row in x[:200]])
            same += int((ours.predict(x) == wanted).sum() + (alone == wanted[:200]).sum())
            asked += MANY + 200
        ratios.append(same / asked)
    return Measured(ratios, {"rows": rounds * asked})


def duplicates(rounds: int) -> Measured:
    """Active predictions too many or too few after every message of a run came several times, shuffled and
    as fast as the worker takes them, over those that should be there."""
    return Measured([_after_redelivery(seed) for seed in range(rounds)], {"deliveries": DELIVERIES})


def _after_redelivery(seed: int) -> float:
    with scratch_warehouse() as (warehouse, folder):
        world = InProcess(warehouse, folder, models())
        world.start(systems=list(SYSTEMS))
        bodies = world.outbox.messages.pop(REQUEST_TOPIC) * DELIVERIES
        random.Random(seed).shuffle(bodies)
        _push_all(world.stage, [wrap(body, str(i), {}) for i, body in enumerate(bodies)])
        reports = world.reports()
        world.record.record_all([Report(ready) for ready in reports])
        wanted = sum(word == "predicted" for r in set_of(reports) for word in r.systems.values())
        active = world.predictions("is_active")
        keys = {(r["game_id"], r["player_id"], r["system_id"]) for r in active}
    return (len(active) - len(keys) + abs(len(keys) - wanted)) / wanted


def set_of(reports: list[PredictionReady]) -> list[PredictionReady]:
    """One report of each player."""
    return list({r.player_id: r for r in reports}.values())


def _push_all(stage: StageJobs, bodies: list[bytes]) -> None:
    async def at_once() -> None:
        coalescer = MicroBatcher[Job](stage, executor)
        await asyncio.gather(*(coalescer.submit(stage.accept(body)) for body in bodies))

    with ThreadPoolExecutor(1) as executor:
        asyncio.run(at_once())


BENCHES = (
    Bench(
        "answers_equal", "rows equal to model.predict bit by bit", 1.0, 1.0, equal_to_the_model, quick=True
    ),
    Bench("duplicates", "predictions there twice after redelivery", 0.0, 0.0, duplicates, most=True),
)
