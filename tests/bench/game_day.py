"""A whole game date in this process: decode, validate, predict, lay out as rows."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from shared.application.messaging.rejected import KeepRejected
from shared.application.prediction.predict import Predict
from shared.application.prediction.stage import StageJobs
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from tests.bench.naive import Naive, Push
from tests.bench.served import Nowhere, Sink
from tests.bench.suite import Bench, Measured
from tests.bench.world import WORLD, model_paths, models, pushes
from tests.conftest import CLOCK


@contextmanager
def scratch_warehouse() -> Iterator[tuple[DuckDbWarehouse, Path]]:
    """A copy of the league's warehouse to write to, and the folder in which it lies."""
    model_paths()
    with tempfile.TemporaryDirectory() as name:
        path = shutil.copy(WORLD / "warehouse.duckdb", name)
        yield DuckDbWarehouse(Path(path)), Path(name)


def stage() -> StageJobs:
    """The worker's use case over a sink that costs nothing."""
    sink = Sink(0.0)
    return StageJobs(Predict(models()), sink, Nowhere(), KeepRejected(sink, "bench"), CLOCK)  # type: ignore[arg-type]


def in_process(rounds: int) -> Measured:
    """The old shape takes each message by itself; ours all of them at once, as a burst arrives."""
    ours, theirs = stage(), Naive(model_paths(), lambda _: None)

    def day() -> None:
        ours([ours.accept(body) for body in pushes()])

    def naive_day() -> None:
        for body in pushes():
            theirs.predict(Push.model_validate_json(body))

    day()
    naive_day()
    ratios, cpu = [], []
    for _ in range(rounds):
        mine = [_timed(day) for _ in range(5)]
        others = _timed(naive_day)
        ratios.append(others[0] / median(wall for wall, _ in mine))
        cpu.append(others[1] / median(cpu for _, cpu in mine))
    return Measured(ratios, {"cpu_ratio": round(median(cpu), 1), "messages": len(pushes())})


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the wall and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


BENCHES = (Bench("game_day_in_process", "wall time, naive / ours", 60, 140, in_process, quick=True),)
