"""What a model's numbers mean is read from its file, and what does not give points is refused by its loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pytest

from shared.domain.features.contract import FEATURES, INDEX
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import Rejected
from shared.model_registry.cbm import read_metadata
from shared.model_registry.loading import LoadedModel, load_model
from shared.model_registry.losses import check_loss

STORE = DirectoryModelStore()
RNG = np.random.default_rng(3)
X = RNG.normal(12.0, 5.0, (240, len(FEATURES)))
POINTS = np.maximum(X[:, INDEX["points_avg_last_10"]], 0.5)
GROUPS = np.repeat(np.arange(24), 10)
QUIET: dict[str, Any] = {
    "iterations": 4, "depth": 3, "verbose": False, "allow_writing_files": False, "thread_count": 1,
}  # fmt: skip


def saved(folder: Path, loss: str, y: Any, group_id: Any = None, **settings: Any) -> str:
    model = catboost.CatBoost(QUIET | {"loss_function": loss} | settings)
    model.fit(catboost.Pool(X, y, feature_names=list(FEATURES), group_id=group_id))
    path = folder / "bare.cbm"
    model.save_model(str(path))
    return str(path)


@pytest.mark.parametrize(
    "loss",
    [
        "RMSE", "MAE", "Quantile:alpha=0.5", "Expectile:alpha=0.5", "Lq:q=2", "Huber:delta=2", "LogCosh",
        "MAPE", "RMSPE",
    ],
)  # fmt: skip
def test_a_loss_in_the_units_of_its_target_is_served(loss: str, tmp_path: Path) -> None:
    model = load_model(STORE, "catboost_v9", saved(tmp_path, loss, POINTS))
    assert model.model.predict(X[:3]).shape == (3,)
    assert model.warnings[0].startswith("WARNING catboost_v9: unverified-")


@pytest.mark.parametrize(
    ("loss", "target", "why"),
    [
        ("Logloss", POINTS > 12, "is a classifier"),
        ("CrossEntropy", POINTS / 100, "is a classifier"),
        ("MultiClass", (POINTS // 5).astype(int), "is a classifier"),
        ("MultiClassOneVsAll", (POINTS // 5).astype(int), "is a classifier"),
        ("YetiRank", POINTS, "is a ranker"),
        ("PairLogit", POINTS, "is a ranker"),
        ("QueryRMSE", POINTS, "is a ranker"),
        ("QuerySoftMax", POINTS, "is a ranker"),
        ("RMSEWithUncertainty", POINTS, "gives several numbers"),
        ("MultiQuantile:alpha=0.1,0.5,0.9", POINTS, "gives several numbers"),
        ("MultiRMSE", np.stack([POINTS, POINTS], axis=1), "gives several numbers"),
        ("Poisson", POINTS, "gives the logarithm"),
        ("Tweedie:variance_power=1.5", POINTS, "gives the logarithm"),
        ("LogLinQuantile", POINTS, "gives the logarithm"),
        ("Cox", POINTS, "is a survival model"),
    ],
)
def test_a_model_that_gives_no_points_is_refused_by_its_loss(
    loss: str, target: Any, why: str, tmp_path: Path
) -> None:
    ranks = why == "is a ranker"
    path = saved(tmp_path, loss, target, GROUPS if ranks else None)
    with pytest.raises(Rejected) as refused:
        load_model(STORE, "catboost_v9", path)
    said = str(refused.value)
    assert f"bare.cbm: a model of loss {loss.partition(':')[0]!r} {why}" in said
    assert "expected one real-valued output per row in points" in said


def test_a_refused_loss_is_refused_in_a_sum_and_with_a_manifest_as_well(
    tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    plain, poisson = (
        catboost.CatBoost(QUIET | {"loss_function": loss}).fit(
            catboost.Pool(X, POINTS, feature_names=list(FEATURES))
        )
        for loss in ("RMSE", "Poisson")
    )
    path = tmp_path / "sum.cbm"
    catboost.sum_models([plain, poisson]).save_model(str(path))
    with pytest.raises(Rejected, match="a model of loss 'Poisson' gives the logarithm"):
        load_model(STORE, "catboost_v9", str(path))
    catboost.sum_models([plain, plain]).save_model(str(path))
    assert load_model(STORE, "catboost_v9", str(path)).model.predict(X[:2]).shape == (2,)
    for bundle in model_paths.values():
        check_loss(bundle.read_bytes(), "bundle")


def test_a_file_that_does_not_name_its_loss_is_refused(tmp_path: Path) -> None:
    path = Path(saved(tmp_path, "RMSE", POINTS))
    data = path.read_bytes()
    assert "params" in read_metadata(data)
    path.write_bytes(data.replace(b'"loss_function":{"type":"RMSE"', b'"lost_function":{"type":"RMSE"'))
    with pytest.raises(Rejected, match="does not contain the training loss"):
        load_model(STORE, "catboost_v9", str(path))
    path.write_bytes(data.replace(b'"loss_function":{"type":"RMSE"', b'"loss_function":{"type":"NEWW"'))
    with pytest.raises(Rejected, match="a model of loss 'NEWW' is unknown"):
        load_model(STORE, "catboost_v9", str(path))


def doubt_of(tmp_path: Path, target: Any) -> LoadedModel:
    rows = np.tile(X, (4, 1))
    y = np.tile(target, 4)
    model = catboost.CatBoost(QUIET | {"iterations": 60}).fit(
        catboost.Pool(rows, y, feature_names=list(FEATURES))
    )
    path = tmp_path / "other.cbm"
    model.save_model(str(path))
    return load_model(STORE, "catboost_v9", str(path))


def test_what_typical_players_are_given_is_looked_at_when_a_model_loads(tmp_path: Path) -> None:
    assert doubt_of(tmp_path, POINTS).output_warning is None
    per_minute = doubt_of(tmp_path, POINTS / 28.0)
    assert per_minute.output_warning is not None
    assert "expected 9 to 20" in per_minute.output_warning
    assert per_minute.warnings[1].startswith("WARNING catboost_v9: unverified-")
    assert doubt_of(tmp_path, np.full(len(X), 27.0) + X[:, 0] * 0.01).output_warning is not None
