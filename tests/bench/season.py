"""How long a season's jobs take on real data: ``python -m tests.bench.season DATA_FOLDER``.

Prints one JSON object: seconds of each command's work inside this process, rows, and the bars they are held
against. State goes to a temporary folder; nothing is asserted on time.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from shared.application.backfill.model_choice import BackfillModels
from shared.application.backfill.prediction_backfill import BackfillOptions, BackfillPredictions, Ports
from shared.application.features.build import BuildFeatures
from shared.application.grading.grade import GradePredictions
from shared.application.ingestion.load import LoadFolder
from shared.application.models.registry import Registry
from shared.application.training.recipes import RECIPES
from shared.application.training.train import TrainModels, Window
from shared.backends import BackendSettings, connect

FIRST, LAST = date(2024, 10, 22), date(2025, 6, 22)
SPRING = (date(2025, 2, 19), date(2025, 5, 2))
BARS = {
    "features of the season": 10.0,
    "predictions and grades of the spring": 120.0,
    "grading the season": 10.0,
}
"""Seconds."""


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def main(data: Path) -> int:
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        seconds[name] = round(seconds.get(name, 0.0) + time.perf_counter() - begun, 2)

    with tempfile.TemporaryDirectory() as folder:
        use = connect(BackendSettings(props_home=Path(folder)))
        with timed("load"):
            LoadFolder(use.warehouse, use.clock)(data)
        with timed("features of the season"):
            built = BuildFeatures(use.warehouse, use.clock, use.documents)(FIRST, LAST)
        end = FIRST - timedelta(days=1)
        windows = [Window(s, end - timedelta(days=r.train_days), end) for s, r in RECIPES.items()]
        with timed("train"):
            bundles = TrainModels(use.warehouse, use.models, use.model_folder)(windows, datetime.now(UTC))
        named = {s: b.path for s, b in bundles.items()}
        models = BackfillModels(use.models, Registry(use.warehouse), named, {}, None)
        ports = Ports(use.warehouse, use.runs, use.job_publisher, use.documents, use.locks, use.clock)
        predict, options = BackfillPredictions(ports, models, "bench"), BackfillOptions(allow_started=True)
        grade = GradePredictions(use.warehouse, use.clock)
        with timed("predictions and grades of the spring"):
            spring = predict(days(*SPRING), options)
            graded = grade(*SPRING)
        with timed("predictions of the rest of the season"):
            rest = [d for d in days(FIRST, LAST) if not SPRING[0] <= d <= SPRING[1]]
            others = predict(rest, options)
        with timed("grading the season"):
            season = grade(FIRST, LAST, regrade=True)
    rows = {
        "features of the season": sum(b.rows for b in built),
        "predictions and grades of the spring": sum(graded.outcomes.values()),
        "predictions of the rest of the season": sum(r.rows_written for r in others),
        "grading the season": season.changed,
    }
    statuses: dict[str, int] = {}
    for r in (*spring, *others):
        statuses[r.status.value] = statuses.get(r.status.value, 0) + 1
    holds = {name: seconds[name] <= bar for name, bar in BARS.items()}
    print(  # noqa: T201
        json.dumps(
            {"seconds": seconds, "rows": rows, "statuses": statuses, "bars": BARS, "holds": holds}, indent=2
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
