"""A fortnight that was predicted and graded: what the pages of the console are read over."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from shared.application.experiments import TrainExperiment
from shared.application.prediction_backfill import BackfillOptions, BackfillPredictions
from shared.application.registry import State
from shared.application.training import checked
from shared.embedded.model_store import DirectoryModelStore
from shared.embedded.sample_league import AFTER_GAMES
from shared.model_registry.loading import load_shadows
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY

FIRST = DAY - timedelta(days=13)
NINE, ANCHORED = "catboost_v9", "line_anchored_v1"
SYSTEMS = ("moving_average", NINE, ANCHORED, "ensemble_v1")


@pytest.fixture(scope="session")
def graded_folder(loaded: Path, results_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State as on the morning after the demo's date; read it only.

    ``autumn`` of catboost_v9 is the champion by an override and served, ``spring`` its shadow on the last
    date; line_anchored_v1 has a candidate. Thirteen dates were backfilled, the last one was live.
    """
    before = Jobs(copy_of(loaded, tmp_path_factory.mktemp("graded")), {})
    before.build(FIRST, DAY)
    ends = {"autumn": (NINE, 40), "spring": (NINE, 35), "anchor": (ANCHORED, 40)}
    train = TrainExperiment(before.warehouse, DirectoryModelStore(), str(before.folder / "models"), "abc1234")
    ids = {}
    for name, (system, back) in ends.items():
        end = DAY - timedelta(days=back)
        window = checked(system, DAY - timedelta(days=300), end, end + timedelta(days=1), FIRST)
        ids[name] = train(window, name, before.now).bundle.manifest.name
    before.registry.move(ids["autumn"], State.CHAMPION, "the first of the season", overridden=True)
    past = [FIRST + timedelta(days=i) for i in range(13)]
    before.registry.move(ids["spring"], State.BLOCKED, "not on trial yet")
    before.predictions(past, BackfillOptions(systems=SYSTEMS, allow_started=True))
    shadows = load_shadows(DirectoryModelStore(), [before.registry.find("spring")["path"]])
    runner = BackfillPredictions(before.predictions._ports, before.predictions._models, "test", shadows)
    runner([DAY], BackfillOptions(systems=SYSTEMS))
    before.change(
        "UPDATE nba_predictions.model_registry SET state = 'shadow' WHERE model_id = @m", m=ids["spring"]
    )
    after = before.at(AFTER_GAMES)
    after.reveal(results_folder)
    after.grade(FIRST, DAY)
    return before.folder


@pytest.fixture(scope="session")
def graded(graded_folder: Path) -> Jobs:
    """Read it only."""
    return Jobs(graded_folder, {}, AFTER_GAMES)


@pytest.fixture
def graded_copy(graded_folder: Path, tmp_path: Path) -> Jobs:
    """One to write to."""
    return Jobs(Path(shutil.copytree(graded_folder, tmp_path / "home")), {}, AFTER_GAMES)
