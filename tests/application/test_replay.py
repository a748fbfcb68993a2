from __future__ import annotations

from pathlib import Path

import pytest

from shared.application.backfill.prediction_backfill import BackfillOptions
from shared.application.prediction.replay import Replay
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import NotFound
from shared.model_registry.bundle import Bundle
from tests.application.test_prediction_backfill import BUT_V8
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY


@pytest.fixture
def here(loaded: Path, tmp_path: Path, model_paths: dict[str, Path], bundles: list[Bundle]) -> Jobs:
    jobs = Jobs(copy_of(loaded, tmp_path), model_paths)
    jobs.registry.add(bundles)
    jobs.predict(systems=BUT_V8)
    return jobs


def replay(jobs: Jobs) -> Replay:
    return Replay(jobs.warehouse, DirectoryModelStore())


def one_of_each(jobs: Jobs) -> dict[str, str]:
    return {r["system_id"]: r["prediction_id"] for r in jobs.active()}


def test_every_systems_prediction_comes_out_again_bit_for_bit(here: Jobs) -> None:
    ids = one_of_each(here)
    assert set(ids) == set(BUT_V8)
    assert {s: replay(here)(i).differences for s, i in ids.items()} == {s: {} for s in BUT_V8}


def test_the_terms_of_every_system_add_up_to_its_prediction(here: Jobs) -> None:
    for system, prediction_id in one_of_each(here).items():
        told = replay(here).explain(prediction_id)
        assert told["sum"] == pytest.approx(told["prediction"]["raw_prediction"], abs=1e-6), system
        assert not told["clamped"]
        assert len(told["features"]) == 33
        assert told["features"]["vegas_points_line"]["source"] in ("exact", "missing")
        assert (told["model"]["model_id"] is None) == (system not in MODEL_SYSTEMS)


def test_what_was_changed_since_is_named(here: Jobs) -> None:
    ids = one_of_each(here)
    here.change(
        "UPDATE nba_predictions.player_prop_predictions SET raw_prediction = raw_prediction + 0.001 "
        "WHERE game_date = @d AND prediction_id = @p",
        d=DAY,
        p=ids["catboost_v9"],
    )
    told = replay(here)(ids["catboost_v9"])
    assert not told.is_equal
    assert set(told.differences) == {"raw_prediction"}


def test_what_is_gone_is_said(here: Jobs) -> None:
    ids = one_of_each(here)
    with pytest.raises(NotFound, match="'nothing' is not stored"):
        replay(here)("nothing")
    here.change("DELETE FROM nba_predictions.model_registry WHERE system_id = 'catboost_v9'")
    with pytest.raises(NotFound, match=r"sha256 .* is not registered"):
        replay(here)(ids["catboost_v9"])
    here.change("DELETE FROM nba_predictions.ml_feature_store_v2 WHERE game_date = @d", d=DAY)
    with pytest.raises(NotFound, match="has no row of"):
        replay(here)(ids["moving_average"])


def test_an_in_sample_row_is_replayed_with_the_models_it_had(here: Jobs) -> None:
    here.predictions([DAY], BackfillOptions(systems=BUT_V8, in_sample=True))
    rows = here.rows("SELECT * FROM nba_predictions.player_prop_predictions WHERE role = 'in_sample'")
    ids = {r["system_id"]: r["prediction_id"] for r in rows}
    assert replay(here)(ids["ensemble_v1"]).is_equal
    assert replay(here)(ids["catboost_v9"]).is_equal
