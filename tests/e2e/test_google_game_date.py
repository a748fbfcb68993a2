"""One game date on Google's clients and stand-ins, push included, beside the embedded backend."""

from __future__ import annotations

import os
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from backfill_jobs.local_processes import Services
from shared.application.features.build import BuildFeatures, BuildOptions
from shared.application.grading.grade import GradePredictions
from shared.application.ingestion.load import LoadFolder
from shared.application.messaging.topics import REQUEST_TOPIC
from shared.application.models.registry import Registry
from shared.application.queries.read import PredictionQueries
from shared.application.training.train import TrainModels, demo_windows
from shared.backends import Backend, BackendSettings, connect, path_variable
from shared.domain.vocabulary import RunMode
from shared.embedded import sample_league
from shared.ports import OutgoingMessage, Statement
from shared.schemas.predictions import PLAYER_PROP_PREDICTIONS, PREDICTION_ACCURACY
from shared.schemas.table import Table
from tests.e2e.google_cloud import Project

pytestmark = [pytest.mark.emulators, pytest.mark.slow]

DAY = sample_league.DEMO_DATE
PAST = timedelta(days=4 * 365)
OF_THE_RUN = {
    "prediction_id", "run_id", "feature_snapshot_id", "predicted_at", "created_at", "activated_at",
    "graded_at", "build_commit",
}  # fmt: skip
"""Columns that name a run or an instant; all others must be equal."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The real data where PROPS_REAL_DATA names it, else the sample league, schedule and results."""
    real = os.environ.get("PROPS_REAL_DATA")
    base = tmp_path_factory.mktemp("league")
    if real:
        return [recent(Path(real), base / "recent")]
    league = sample_league.generate(seasons=2)
    sample_league.write_parquet(sample_league.league_before(league, DAY), base / "before")
    sample_league.write_parquet(sample_league.results_of(league, DAY), base / "after")
    return [base / "before", base / "after"]


def recent(folder: Path, into: Path) -> Path:
    """The files of a folder without what is too old to matter: training takes three seasons."""
    into.mkdir()
    for path in sorted(folder.glob("*.parquet")):
        rows = pq.read_table(path, filters=[("game_date", ">=", DAY - PAST)])
        pq.write_table(rows, into / path.name)
    return into


def prepare(backend: Backend, folders: list[Path]) -> None:
    for folder in folders:
        LoadFolder(backend.warehouse, backend.clock)(folder)
    BuildFeatures(backend.warehouse, backend.clock, backend.documents)(
        DAY, DAY, BuildOptions(RunMode.BACKFILL)
    )


def run(services: Services, day: date, seconds: float) -> dict[str, Any]:
    asked = {"game_date": day.isoformat(), "allow_started": True}
    answer = httpx.post(f"{services.url('coordinator')}/start", json=asked, timeout=60)
    assert answer.status_code == 202, answer.text
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: dict[str, Any] = httpx.get(
            services.url("coordinator") + answer.json()["status_url"], timeout=30
        ).json()
        if found["closed_at"]:
            return found
        time.sleep(0.2)
    raise AssertionError(f"the run has not ended after {seconds:.0f} s: {found}")


def rows(backend: Backend, table: Table, by: str) -> list[dict[str, Any]]:
    sql = Statement(f"SELECT * FROM {table.full_name} WHERE game_date = @d ORDER BY {by}", {"d": DAY})
    return [
        {k: v or None if isinstance(v, list) else v for k, v in row.items() if k not in OF_THE_RUN}
        for row in backend.warehouse.query(sql).to_pylist()
    ]


def kept(backend: Backend, seconds: float) -> list[tuple[str, str]]:
    """Topic and run of the messages that were refused, once there are any."""
    sql = Statement(
        "SELECT topic, run_id FROM nba_predictions.rejected_messages WHERE rejected_date >= @d", {"d": DAY}
    )
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = backend.warehouse.query(sql).to_pylist()
        if found:
            return [(row["topic"], row["run_id"]) for row in found]
        time.sleep(0.5)
    raise AssertionError(f"nothing was kept in {seconds:.0f} s")


def test_a_game_date_gives_the_same_rows_on_both_backends(
    folders: list[Path], request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = connect(BackendSettings(props_home=tmp_path / "embedded"))
    prepare(here, folders)
    trained = TrainModels(here.warehouse, here.models, here.model_folder)
    bundles = trained(demo_windows(DAY), here.clock.now())
    models = {system: Path(b.path) for system, b in bundles.items()}
    named = {path_variable(system): str(path) for system, path in models.items()}
    with Services(here.home, named) as services:
        embedded = run(services, DAY, 60)
    GradePredictions(here.warehouse, here.clock)(DAY, DAY)

    project = Project(request, tmp_path / "google")
    there = project.backend(monkeypatch)
    project.make()
    prepare(there, folders)
    services = project.services(project.upload(there, models))
    Registry(there.warehouse).add(list(bundles.values()))
    with services:
        project.subscribe(services)
        served = run(services, DAY, 600)
        served_models = httpx.get(services.url("worker") + "/heartbeat", timeout=30).json()["models"]
        there.publisher.publish(REQUEST_TOPIC, [OutgoingMessage(b"not a job", {"run_id": served["run_id"]})])
        assert kept(there, 30) == [(REQUEST_TOPIC, served["run_id"])]
    assert [p.returncode for p in services.processes.values()] == [0, 0], "killed, for they took too long"
    GradePredictions(there.warehouse, there.clock)(DAY, DAY)

    assert (served["state"], served["progress"]) == (embedded["state"], embedded["progress"])
    assert served["outcomes"] == embedded["outcomes"]
    assert {m["sha256"] for m in served_models} == {b.manifest.sha256 for b in bundles.values()}
    for table, by in (
        (PLAYER_PROP_PREDICTIONS, "game_id, player_id, system_id"),
        (PREDICTION_ACCURACY, "game_id, player_id, system_id, counted_as"),
    ):
        assert len(rows(here, table, by)) > 300
        assert rows(there, table, by) == rows(here, table, by)
    assert PredictionQueries(there.warehouse).active_duplicates(DAY) == 0
    there.close()
