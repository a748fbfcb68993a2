"""A fortnight that was predicted and graded: what the pages of the console are read over."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from shared.application.backfill.prediction_backfill import BackfillOptions, BackfillPredictions
from shared.application.models.promotion import Promotion
from shared.application.models.registry import State
from shared.application.training.experiments import TrainExperiment
from shared.application.training.train import validate_window
from shared.embedded.model_store import DirectoryModelStore
from shared.embedded.sample_league import AFTER_GAMES
from shared.model_registry.bundle import Bundle
from shared.model_registry.loading import load_shadows
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY, made_once
from tests.trained_once import fits_once

FIRST = DAY - timedelta(days=13)
NINE, ANCHORED = "catboost_v9", "line_anchored_v1"
SYSTEMS = ("moving_average", NINE, ANCHORED, "ensemble_v1")


@pytest.fixture(scope="session")
def graded_folder(
    loaded: Path,
    results_folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Path:
    """State as on the morning after the demo's date; read it only.

    ``autumn`` of catboost_v9 is the champion by an override and served, ``spring`` its shadow on the last
    date; line_anchored_v1 has a candidate. Thirteen dates were backfilled, the last one was live.
    """
    return made_once(
        "graded", lambda folder: _grade(loaded, results_folder, folder), tmp_path_factory, request
    )


def _grade(loaded: Path, results_folder: Path, folder: Path) -> None:
    jobs = Jobs(copy_of(loaded, folder), {})
    jobs.build(FIRST, DAY)
    autumn, anchor = trained(jobs, NINE, "autumn", 40), trained(jobs, ANCHORED, "anchor", 40)
    Promotion(jobs.warehouse, DirectoryModelStore(), jobs.clock).promote(
        "autumn", "the first of the season", True
    )
    spring = trained(jobs, NINE, "spring", 35)
    jobs.registry.change_state(spring.manifest.name, State.SHADOW, "on trial")
    before = Jobs(folder, {NINE: Path(autumn.path), ANCHORED: Path(anchor.path)})
    past = [FIRST + timedelta(days=i) for i in range(13)]
    before.predictions(past, BackfillOptions(systems=SYSTEMS, allow_started=True))
    shadows = load_shadows(DirectoryModelStore(), [spring.path])
    runner = BackfillPredictions(before.predictions._ports, before.predictions._models, "test", shadows)
    runner([DAY], BackfillOptions(systems=SYSTEMS))
    after = before.at(AFTER_GAMES)
    after.reveal(results_folder)
    after.grade(FIRST, DAY)


def trained(jobs: Jobs, system: str, name: str, days_before: int) -> Bundle:
    end = DAY - timedelta(days=days_before)
    window = validate_window(system, DAY - timedelta(days=300), end, end + timedelta(days=1), FIRST)
    train = TrainExperiment(jobs.warehouse, DirectoryModelStore(), str(jobs.folder / "models"), "abc1234")
    with fits_once():
        return train(window, name, jobs.now).bundle


@pytest.fixture(scope="session")
def graded(graded_folder: Path) -> Jobs:
    """Read it only."""
    return Jobs(graded_folder, {}, AFTER_GAMES)


@pytest.fixture
def graded_copy(graded_folder: Path, tmp_path: Path) -> Jobs:
    """One to write to."""
    return Jobs(Path(shutil.copytree(graded_folder, tmp_path / "home")), {}, AFTER_GAMES)
