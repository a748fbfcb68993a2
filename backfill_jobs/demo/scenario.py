"""One game date from start to finish: load, features, models, services, run, results, grades."""

from __future__ import annotations

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
from shared.application.grading.grade import GradePredictions
from shared.application.ingestion.load import LoadFolder
from shared.application.messaging.events import Progress
from shared.application.models.registry import Registry
from shared.application.queries.read import PredictionQueries
from shared.application.training.train import TrainModels, demo_windows
from shared.backends import BackendSettings, connect, path_variable
from shared.domain.vocabulary import RunMode
from shared.embedded import sample_league
from shared.errors import AppError, NotFound, Rejected, Unavailable
from shared.warehouse.schedule import games_between

SHOWN_SYSTEM = "catboost_v9"
"""System of the tables of players and of the charts."""

RUN_SECONDS = 120.0
FAILURES: dict[int, type[AppError]] = {404: NotFound, 422: Rejected, 503: Unavailable}


@dataclass(frozen=True)
class Scenario:
    """Inputs of a demo; ``now`` and ``after`` set the clock before and after the games (None: real time)."""

    game_date: date
    data: Path
    results: Path | None
    mode: RunMode
    now: datetime | None
    after: datetime | None


@dataclass
class Outcome:
    """Data of the tables, the report and ``--json``."""

    game_date: date
    games: list[dict[str, Any]]
    run: dict[str, Any]
    predictions: list[dict[str, Any]]
    accuracy: list[dict[str, Any]]
    active_duplicates: int
    seconds: dict[str, float] = field(default_factory=dict)


def sample_scenario(home: Path) -> Scenario:
    """Return the inputs for the sample league: before its first tip-off, then after its last game."""
    league = sample_league.generate()
    day = sample_league.DEMO_DATE
    sample_league.write_parquet(sample_league.league_before(league, day), home / "before")
    sample_league.write_parquet(sample_league.results_of(league, day), home / "after")
    return Scenario(
        day, home / "before", home / "after", RunMode.LIVE, sample_league.DEMO_NOW, sample_league.AFTER_GAMES
    )


class Demo:
    """Runs a scenario in its own state folder."""

    def __init__(self, home: Path, progress: Progress) -> None:
        self.home = home
        self.progress = progress
        self.seconds: dict[str, float] = {}

    def prepare(self, scenario: Scenario) -> dict[str, str]:
        """Load, build features and train; return the environment of the services."""
        settings = self._settings(scenario.now)
        backend = connect(settings)
        with self._timed("load"):
            LoadFolder(backend.warehouse, backend.clock)(scenario.data, self.progress)
        if games_between(backend.warehouse, scenario.game_date, scenario.game_date).num_rows == 0:
            raise NotFound(f"{scenario.game_date}: no games in {scenario.data}")
        with self._timed("features"):
            BuildFeatures(backend.warehouse, backend.clock, backend.documents)(
                scenario.game_date, scenario.game_date, BuildOptions(scenario.mode), self.progress
            )
        with self._timed("train"):
            train = TrainModels(backend.warehouse, backend.models, backend.model_folder)
            bundles = train(demo_windows(scenario.game_date), backend.clock.now(), self.progress)
            Registry(backend.warehouse).add(list(bundles.values()))
        environment = {path_variable(system): bundle.path for system, bundle in bundles.items()}
        if scenario.now is not None:
            environment["PROPS_NOW"] = scenario.now.isoformat()
        return environment

    def run(self, scenario: Scenario, services: Services) -> dict[str, Any]:
        """Start the run over HTTP and poll it until it has ended; return its last response."""
        base, allow_started = services.url("coordinator"), scenario.mode is RunMode.BACKFILL
        body = {"game_date": scenario.game_date.isoformat(), "allow_started": allow_started}
        with self._timed("run"), httpx.Client(base_url=base, timeout=60.0) as client:
            response = client.post("/start", json=body)
            if response.status_code != 202:
                error = FAILURES.get(response.status_code, Unavailable)
                raise error(str(response.json().get("detail", response.text)))
            return self._poll(client, response.json()["status_url"])

    def _poll(self, client: httpx.Client, url: str) -> dict[str, Any]:
        end = time.monotonic() + RUN_SECONDS
        while time.monotonic() < end:
            run: dict[str, Any] = client.get(url).json()
            self.progress("run", run["progress"]["done"], run["progress"]["expected"])
            if run["closed_at"] is not None:
                return run
            time.sleep(0.05)
        raise Unavailable(f"the run at {url} is still running after {RUN_SECONDS:.0f} s")

    def grade(self, scenario: Scenario, run: dict[str, Any]) -> Outcome:
        """Load the results and grade; a real past date already has its results."""
        backend = connect(self._settings(scenario.after))
        day = scenario.game_date
        with self._timed("grade"):
            if scenario.results is not None:
                LoadFolder(backend.warehouse, backend.clock)(scenario.results, self.progress)
            GradePredictions(backend.warehouse, backend.clock)(day, day)
        queries = PredictionQueries(backend.warehouse)
        return Outcome(
            game_date=day,
            games=games_between(backend.warehouse, day, day).to_pylist(),
            run=run,
            predictions=queries.predictions(day),
            accuracy=queries.accuracy(day, day),
            active_duplicates=queries.active_duplicates(day),
            seconds=dict(self.seconds),
        )

    def _settings(self, now: datetime | None) -> BackendSettings:
        return BackendSettings(props_home=self.home, props_now=now.isoformat() if now else None)

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        started_at = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - started_at, 3)
