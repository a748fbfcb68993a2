"""Season work at four sizes: ``python -m tests.bench.season_scaling DATA_FOLDER [RESULT.json]``.

Features, predictions, grades and an evaluation of one game date, a month, a season and ten seasons of real data,
each in a process of its own: seconds of wall clock and of CPU, rows, and the most memory it held. Predictions
and evaluation use the systems without a model, so that ten seasons need none from before the first of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from shared.application.backfill.model_choice import BackfillModels
from shared.application.backfill.prediction_backfill import BackfillOptions, BackfillPredictions, Ports
from shared.application.features.build import BuildFeatures, BuildOptions
from shared.application.grading.grade import GradePredictions
from shared.application.models.registry import Registry
from shared.application.training.evaluation import Evaluate
from shared.backends import Backend, BackendSettings, connect
from shared.domain.vocabulary import RunMode
from shared.warehouse.schedule import games_between

SYSTEMS = ("moving_average", "zone_matchup_v1", "similarity_balanced_v1")
SIZES = {
    "day": (date(2025, 3, 19), date(2025, 3, 19)),
    "month": (date(2025, 3, 1), date(2025, 3, 31)),
    "season": (date(2024, 10, 22), date(2025, 6, 22)),
    "ten seasons": (date(2015, 10, 27), date(2025, 6, 22)),
}
WITH_A_PAST = date(2016, 1, 1)
LINEAR = 2.0
"""A row of ten seasons may cost this many times what a row of one costs."""

MOST_MEMORY = 2.0
"""Ten seasons may hold this many times the memory of one."""


def game_dates(use: Backend, first: date, last: date) -> list[date]:
    return sorted(set(games_between(use.warehouse, first, last)["game_date"].to_pylist()))


def features(use: Backend, first: date, last: date) -> int:
    options = BuildOptions(RunMode.BACKFILL, accept_findings=True)
    return sum(b.rows for b in BuildFeatures(use.warehouse, use.clock, use.documents)(first, last, options))


def predictions(use: Backend, first: date, last: date) -> int:
    models = BackfillModels(use.models, Registry(use.warehouse), {}, {}, None)
    ports = Ports(use.warehouse, use.runs, use.job_publisher, use.documents, use.locks, use.clock)
    options = BackfillOptions(systems=SYSTEMS, allow_started=True, skip_mlfs_check=True)
    ended = BackfillPredictions(ports, models, "bench")(game_dates(use, first, last), options)
    return sum(r.rows_written for r in ended)


def grading(use: Backend, first: date, last: date) -> int:
    return GradePredictions(use.warehouse, use.clock)(first, last).changed


def evaluation(use: Backend, first: date, last: date) -> int:
    """Ten seasons begin a little later: the first forecast needs games to learn its spread from."""
    told = Evaluate(use.warehouse)(max(first, WITH_A_PAST), last, use.clock.now(), systems=SYSTEMS)
    return int(max(s["rotation"]["n"] for s in told["systems"].values()))


STEPS: dict[str, Callable[[Backend, date, date], int]] = {
    "features": features,
    "predictions": predictions,
    "grading": grading,
    "evaluation": evaluation,
}


def measure(step: str, home: Path, first: date, last: date) -> dict[str, Any]:
    """One step in this process; the imports and the opening of the stores are not counted."""
    use = connect(BackendSettings(props_home=home))
    game_dates(use, first, first)
    begun, used = time.perf_counter(), time.process_time()
    rows = STEPS[step](use, first, last)
    return {
        "rows": rows,
        "wall_seconds": round(time.perf_counter() - begun, 3),
        "cpu_seconds": round(time.process_time() - used, 3),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def alone(step: str, home: Path, first: date, last: date) -> dict[str, Any]:
    """The same in a process of its own, with the load of the machine when it began."""
    load = os.getloadavg()[0]
    command = [sys.executable, "-m", "tests.bench.season_scaling", "--step", step, "--home", str(home)]
    ended = subprocess.run(
        [*command, "--first", first.isoformat(), "--last", last.isoformat()],
        capture_output=True,
        text=True,
        check=True,
    )
    return {**json.loads(ended.stdout), "load": round(load, 1)}


def load(home: Path, data: Path) -> None:
    """In a process of its own as well: what this one holds would be counted with those that it starts."""
    command = [sys.executable, "-m", "backfill_jobs.cli.main", "load", str(data)]
    subprocess.run(command, env=os.environ | {"PROPS_HOME": str(home)}, capture_output=True, check=True)


def run(data: Path, say: Callable[[str], None]) -> dict[str, dict[str, dict[str, Any]]]:
    """Every size and step; by size and step what ``measure`` gives."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for size, (first, last) in SIZES.items():
        with tempfile.TemporaryDirectory() as folder:
            load(Path(folder), data)
            found[size] = {}
            for step in STEPS:
                found[size][step] = alone(step, Path(folder), first, last)
                say(f"{size}, {step}: {found[size][step]}")
    return found


def records(found: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Ten seasons over one: CPU time a row, and memory. One round."""
    told = []
    for step in STEPS:
        one, ten = found["season"][step], found["ten seasons"][step]
        cost = (ten["cpu_seconds"] / ten["rows"]) / (one["cpu_seconds"] / one["rows"])
        told.append(record(f"{step}: CPU a row, ten seasons over one", [cost], LINEAR, 1.0))
        memory = ten["peak_mib"] / one["peak_mib"]
        told.append(record(f"{step}: peak memory, ten seasons over one", [memory], MOST_MEMORY, 1.0))
    return told


def record(name: str, ratios: list[float], bar: float, aim: float) -> dict[str, Any]:
    """What a bench tells: it holds where the median is no more than the bar."""
    ordered = sorted(ratios)
    median = ordered[len(ordered) // 2]
    return {
        "name": name,
        "unit": "x",
        "ratio": {"min": round(ordered[0], 3), "median": round(median, 3), "max": round(ordered[-1], 3)},
        "rounds": len(ordered),
        "bar": bar,
        "aim": aim,
        "holds": median <= bar,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("result", nargs="?", type=Path)
    parser.add_argument("--step", choices=tuple(STEPS))
    parser.add_argument("--home", type=Path)
    parser.add_argument("--first", type=date.fromisoformat)
    parser.add_argument("--last", type=date.fromisoformat)
    asked = parser.parse_args()
    if asked.step:
        sys.stdout.write(json.dumps(measure(asked.step, asked.home, asked.first, asked.last)))
        return 0
    if asked.data is None:
        parser.error("expected the folder with the real data")
    found = run(asked.data, lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
    text = json.dumps({"scaling": found, "records": records(found)}, indent=2)
    if asked.result:
        asked.result.write_text(text + "\n", encoding="utf-8")
    print(text)  # noqa: T201
    return 0 if all(r["holds"] for r in records(found)) else 1


if __name__ == "__main__":
    sys.exit(main())
