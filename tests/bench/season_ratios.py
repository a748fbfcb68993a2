"""A season's work beside its floor: ``python -m tests.bench.season_ratios DATA_FOLDER [RESULT.json]``.

The floor is what the trained models that serve take for the same player-games, one ``predict`` each. In every
round floor and work alternate; ratios are of CPU time, since others may use the machine as well. ``--home``
keeps the loaded, built and trained state from one call to the next.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pyarrow as pa

from shared.application.backfill.model_choice import BackfillModels
from shared.application.backfill.prediction_backfill import (
    DAYS_AT_ONCE,
    BackfillOptions,
    BackfillPredictions,
    Ports,
)
from shared.application.features.build import BuildFeatures
from shared.application.grading.grade import GradePredictions, grade_rows
from shared.application.ingestion.load import LoadFolder
from shared.application.models.registry import Registry
from shared.application.prediction.job_batch import columns_from_runs
from shared.application.prediction.predict import Predict
from shared.application.runs.jobs import PrepareJobs, RunJobs, RunToPrepare
from shared.application.runs.request import RunRequest
from shared.application.training.recipes import RECIPES
from shared.application.training.train import TrainModels, Window
from shared.backends import Backend, BackendSettings, connect
from shared.domain.systems.catalog import trained_system
from shared.domain.vocabulary import RunMode
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.model_registry.loading import load_model
from shared.ports import Statement
from shared.schemas.predictions import PREDICTION_STAGING
from shared.warehouse.schedule import games_between
from shared.warehouse.statements import statement
from tests.bench.season_scaling import record

FIRST, LAST = date(2024, 10, 22), date(2025, 6, 22)
ROUNDS, JOB_ROUNDS = 5, 3
SEASON_ROWS = 208_000
GRADING_MS = 100.0
BACKFILL, AIM = 4.0, 2.5


def prepare(data: Path, home: Path) -> None:
    """Load, build the season's features, train the models that serve it; once for a home."""
    if (home / "models.json").exists():
        return
    use = connect(BackendSettings(props_home=home))
    LoadFolder(use.warehouse, use.clock)(data)
    BuildFeatures(use.warehouse, use.clock, use.documents)(FIRST, LAST)
    end = FIRST - timedelta(days=1)
    windows = [Window(s, end - timedelta(days=r.train_days), end) for s, r in RECIPES.items()]
    bundles = TrainModels(use.warehouse, use.models, use.model_folder)(windows, datetime.now(UTC))
    (home / "models.json").write_text(json.dumps({s: b.path for s, b in bundles.items()}), encoding="utf-8")


def cpu(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    made = work()
    return time.process_time() - begun, made


class Season:
    """A prepared home, and the parts of a backfill of its season."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.use = connect(BackendSettings(props_home=home))
        self.named: dict[str, str] = json.loads((home / "models.json").read_text(encoding="utf-8"))
        self.models = {s: load_model(self.use.models, s, path) for s, path in self.named.items()}
        self.now = datetime.now(UTC)
        games = games_between(self.use.warehouse, FIRST, LAST)
        self.days: list[date] = sorted(set(games["game_date"].to_pylist()))
        wanted = [
            RunToPrepare(
                f"r{d}", RunRequest(game_date=d, mode=RunMode.BACKFILL, force=True, skip_mlfs_check=True)
            )
            for d in self.days
        ]
        found = PrepareJobs(self.use.warehouse).prepare_all(wanted, self.now)
        self.runs: list[RunJobs] = [r for r in found if isinstance(r, RunJobs)]
        self.columns = columns_from_runs(self.runs, self.now)

    def floor(self) -> None:
        """The models alone."""
        for name, model in self.models.items():
            system = trained_system(name, model.model)
            model.model.predict(system.inputs(self.columns.batch))

    def forecast(self, use: Callable[[pa.Table], None]) -> None:
        """Stored features to rows of every system, as many dates at once as the job takes, each time used
        before the next."""
        predict = Predict(self.models, "bench")
        for at in range(0, len(self.runs), DAYS_AT_ONCE):
            use(predict.predict_columns(columns_from_runs(self.runs[at : at + DAYS_AT_ONCE], self.now)).rows)


def backfill(use: Backend, named: dict[str, str], days: list[date]) -> int:
    """The whole job."""
    models = BackfillModels(use.models, Registry(use.warehouse), named, {}, None)
    ports = Ports(use.warehouse, use.runs, use.job_publisher, use.documents, use.locks, use.clock)
    ended = BackfillPredictions(ports, models, "bench")(days, BackfillOptions(allow_started=True))
    return sum(r.rows_written for r in ended)


def parts(season: Season) -> list[dict[str, Any]]:
    """Forecast, and forecast and write, beside the models alone."""
    against: dict[str, list[float]] = {"features to rows": [], "with its write": []}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            warehouse = DuckDbWarehouse(Path(folder) / "rows.duckdb")
            warehouse.query(Statement("SELECT 1 AS ready"))
            floor, _none = cpu(season.floor)
            forecast, _none = cpu(lambda: season.forecast(lambda _: None))
            write, _none = cpu(lambda to=warehouse: season.forecast(partial(to.append, PREDICTION_STAGING)))
        against["features to rows"].append(forecast / floor)
        against["with its write"].append(write / floor)
    return [
        record(f"season backfill: {name}, over the models alone", ratios, BACKFILL, AIM)
        for name, ratios in against.items()
    ]


def whole_job(season: Season) -> tuple[list[dict[str, Any]], dict[str, float]]:
    """The job with runs, outcomes, activation, signals and checkpoints; then grading what it wrote."""
    ratios, graded_ms, rows = [], [], 0
    seconds: dict[str, float] = {}
    for _ in range(JOB_ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "home"
            shutil.copytree(season.home, home)
            use = connect(BackendSettings(props_home=home))
            floor, _none = cpu(season.floor)
            job, rows = cpu(lambda use=use: backfill(use, season.named, season.days))
            ratios.append(job / floor)
            asked = statement("gradable_predictions", first=FIRST, last=LAST)
            select, gradable = cpu(lambda use=use, asked=asked: use.warehouse.query(asked))
            for _again in range(ROUNDS):
                spent, _none = cpu(lambda gradable=gradable: grade_rows(gradable, season.now))
                graded_ms.append(1000 * spent * SEASON_ROWS / gradable.num_rows)
            whole, _none = cpu(lambda use=use: GradePredictions(use.warehouse, use.clock)(FIRST, LAST))
            seconds = {"floor": floor, "job": job, "select": select, "grade and write": whole}
    named = [
        record("season backfill: the whole job, over the models alone", ratios, BACKFILL, AIM),
        record("grading 208,000 rows: milliseconds over 100", [m / GRADING_MS for m in graded_ms], 1.0, 0.6),
    ]
    return named, {k: round(v, 3) for k, v in seconds.items()} | {"rows": rows}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("result", nargs="?", type=Path)
    parser.add_argument("--home", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home: Path = asked.home or Path(folder)
        # What training leaves in memory is no job's.
        with ProcessPoolExecutor(1, get_context("spawn")) as apart:
            apart.submit(prepare, asked.data, home).result()
        season, before = Season(home), os.getloadavg()[0]
        told = parts(season)
        jobs, seconds = whole_job(season)
    text = json.dumps(
        {"records": told + jobs, "cpu_seconds": seconds, "load": [before, os.getloadavg()[0]]}, indent=2
    )
    if asked.result:
        asked.result.write_text(text + "\n", encoding="utf-8")
    print(text)  # noqa: T201
    return 0 if all(r["holds"] for r in told + jobs) else 1


if __name__ == "__main__":
    sys.exit(main())
