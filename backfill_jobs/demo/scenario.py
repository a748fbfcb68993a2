"""One game date from start to finish: load, features, models, services, run, results, grades."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx

from backfill_jobs.local_processes import Services
from shared.application.features.build import BuildFeatures, BuildOptions
from shared.application.features.slate_inputs import Mode
from shared.application.grading.grade import GradePredictions
from shared.application.ingestion.load import LoadFolder
from shared.application.messaging.events import Progress
from shared.application.models.registry import Registry
from shared.application.queries.read import PredictionQueries
from shared.application.training.train import TrainModels, demo_windows
from shared.backends import BackendSettings, connect, path_variable
from shared.embedded import sample_league
from shared.errors import AppError, NotFound, Rejected, Unavailable
from shared.warehouse.schedule import games_between

RUN_SECONDS = 120.0
FAILURES: dict[int, type[AppError]] = {404: NotFound, 422: Rejected, 503: Unavailable}


@dataclass(frozen=True)
class Stage:
    """What is played: ``now`` and ``after`` fix the clock before and after the games (None: the real one)."""

    game_date: date
    data: Path
    results: Path | None
    mode: Mode
    now: datetime | None
    after: datetime | None


@dataclass
class Outcome:
    """Everything that the tables, the report and ``--json`` show."""

    game_date: date
    games: list[dict[str, Any]]
    run: dict[str, Any]
    predictions: list[dict[str, Any]]
    accuracy: list[dict[str, Any]]
    active_duplicates: int
    seconds: dict[str, float] = field(default_factory=dict)


def sample_stage(home: Path) -> Stage:
    """The sample league, live: before its first tip-off, then after its last game."""
    league = sample_league.generate()
    day = sample_league.DEMO_DATE
    sample_league.write_parquet(sample_league.league_before(league, day), home / "before")
    sample_league.write_parquet(sample_league.results_of(league, day), home / "after")
    return Stage(
        day, home / "before", home / "after", Mode.LIVE, sample_league.DEMO_NOW, sample_league.AFTER_GAMES
    )


class Demo:
    """Plays a stage in a state folder of its own; what an earlier demo left there goes first."""

    def __init__(self, home: Path, progress: Progress) -> None:
        self.home = home
        self._progress = progress
        self.seconds: dict[str, float] = {}

    def prepare(self, stage: Stage) -> dict[str, str]:
        """Load, build features and train; gives the environment of the services."""
        settings = self._settings(stage.now)
        backend = connect(settings)
        with self._timed("load"):
            LoadFolder(backend.warehouse, backend.clock)(stage.data, self._progress)
        if games_between(backend.warehouse, stage.game_date, stage.game_date).num_rows == 0:
            raise NotFound(f"{stage.game_date}: no games in {stage.data}")
        with self._timed("features"):
            BuildFeatures(backend.warehouse, backend.clock, backend.documents)(
                stage.game_date, stage.game_date, BuildOptions(stage.mode), self._progress
            )
        with self._timed("train"):
            train = TrainModels(backend.warehouse, backend.models, backend.model_folder)
            bundles = train(demo_windows(stage.game_date), backend.clock.now(), self._progress)
            Registry(backend.warehouse).add(list(bundles.values()))
        environment = {path_variable(system): bundle.path for system, bundle in bundles.items()}
        if stage.now is not None:
            environment["PROPS_NOW"] = stage.now.isoformat()
        return environment

    def run(self, stage: Stage, services: Services) -> dict[str, Any]:
        """Trigger the run over HTTP and follow it to its end."""
        base = services.url("coordinator")
        asked = {"game_date": stage.game_date.isoformat(), "allow_started": stage.mode is Mode.BACKFILL}
        with self._timed("run"), httpx.Client(base_url=base, timeout=60.0) as client:
            answer = client.post("/start", json=asked)
            if answer.status_code != 202:
                kind = FAILURES.get(answer.status_code, Unavailable)
                raise kind(str(answer.json().get("detail", answer.text)))
            return self._follow(client, answer.json()["status_url"])

    def _follow(self, client: httpx.Client, url: str) -> dict[str, Any]:
        end = time.monotonic() + RUN_SECONDS
        while time.monotonic() < end:
            run: dict[str, Any] = client.get(url).json()
            self._progress("run", run["progress"]["done"], run["progress"]["expected"])
            if run["closed_at"] is not None:
                return run
            time.sleep(0.05)
        raise Unavailable(f"the run at {url} has not ended after {RUN_SECONDS:.0f} s")

    def grade(self, stage: Stage, run: dict[str, Any]) -> Outcome:
        """Reveal the results and grade; a real past date has its results already."""
        backend = connect(self._settings(stage.after))
        day = stage.game_date
        with self._timed("grade"):
            if stage.results is not None:
                LoadFolder(backend.warehouse, backend.clock)(stage.results, self._progress)
            GradePredictions(backend.warehouse, backend.clock)(day, day)
        ask = PredictionQueries(backend.warehouse)
        return Outcome(
            game_date=day,
            games=games_between(backend.warehouse, day, day).to_pylist(),
            run=run,
            predictions=ask.predictions(day),
            accuracy=ask.accuracy(day, day),
            active_duplicates=ask.active_duplicates(day),
            seconds=dict(self.seconds),
        )

    def follow_with(self, progress: Progress) -> None:
        self._progress = progress

    def clear(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def _settings(self, now: datetime | None) -> BackendSettings:
        fixed = now.isoformat() if now else None
        return BackendSettings(props_home=self.home, props_now=fixed)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - begun, 3)
