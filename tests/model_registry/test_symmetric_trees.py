"""CatBoost is the referee: what numpy gives for its models must be its own answer, to the last bit."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import catboost
import numpy as np
import pytest

from shared.domain.arrays import Floats
from shared.domain.systems.catalog import TRAINED
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import Rejected
from shared.model_registry import symmetric_trees
from shared.model_registry.catboost_model import CatBoostModel, to_bytes
from shared.model_registry.cbm import UnsupportedModel, read_metadata, read_trees
from shared.model_registry.golden import edge_rows, golden_rows, split_outcomes
from shared.model_registry.loading import load_model
from shared.model_registry.symmetric_trees import SymmetricTrees

STORE = DirectoryModelStore()


def inputs(n: int, k: int, seed: int) -> Floats:
    """Numbers of all sizes, some missing, some infinite, some exactly those that float32 holds."""
    rng = np.random.default_rng(seed)
    x = rng.normal(10.0, 10.0, (n, k)) * 10.0 ** rng.integers(-3, 3, (n, k))
    x[rng.random(x.shape) < 0.1] = np.nan
    x[rng.random(x.shape) < 0.01] = np.inf
    return np.where(rng.random(x.shape) < 0.3, x.astype(np.float32), x)


def fitted(x: Floats, y: Floats, **settings: object) -> bytes:
    model = catboost.CatBoostRegressor(
        verbose=False, allow_writing_files=False, thread_count=1, **{"iterations": 40, "depth": 6} | settings
    )
    model.fit(catboost.Pool(x, y))
    return to_bytes(model)


def by_catboost(data: bytes, x: Floats) -> Floats:
    model = catboost.CatBoostRegressor()
    model.load_model(blob=data)
    return np.asarray(model.predict(x, thread_count=1), dtype=np.float64)


@pytest.mark.parametrize("system", ["catboost_v9", "catboost_v9_2026_02", "line_anchored_v1"])
def test_models_that_serve_give_what_catboost_gives(model_paths: dict[str, Path], system: str) -> None:
    plain = load_model(STORE, system, str(model_paths[system])).model
    library = load_model(STORE, system, str(model_paths[system]), use_catboost=True).model
    assert isinstance(plain, SymmetricTrees)
    assert isinstance(library, CatBoostModel)
    assert plain.trees == library.trees
    x = inputs(3000, len(TRAINED[system].inputs), 1)
    assert plain.predict(x).tobytes() == library.predict(x).tobytes()
    for n in range(1, 20):
        assert plain.predict(x[:n]).tobytes() == library.predict(x[:n]).tobytes()


@pytest.mark.parametrize(
    "settings",
    [
        {"nan_mode": "Min"},
        {"nan_mode": "Max"},
        {"depth": 1, "iterations": 3},
        {"depth": 8, "iterations": 10},
        {"boost_from_average": False},
        {"loss_function": "MAE"},
        {"border_count": 1024},
    ],
    ids=str,
)
def test_what_training_may_set_changes_nothing_of_that(settings: dict[str, object]) -> None:
    x = inputs(500, 7, 2)
    x[np.isinf(x)] = 1.0
    data = fitted(x, np.nan_to_num(x[:, 0]) + x.shape[1], **settings)
    model = SymmetricTrees(read_trees(data))
    borders = np.resize(read_trees(data).border.astype(np.float64), (300, 7))
    for asked in (x, inputs(1000, 7, 3), borders, np.full((3, 7), np.nan)):
        assert model.predict(asked).tobytes() == by_catboost(data, asked).tobytes()


def deep(depth: int) -> tuple[Floats, bytes]:
    """What a model of that depth was fitted on, and its file."""
    x = inputs(800, 20, depth)
    x[np.isinf(x)] = 1.0
    y = np.nan_to_num(x) @ np.linspace(-1.0, 1.0, 20)
    return x, fitted(x, y, depth=depth, iterations=4, border_count=16)


@pytest.mark.slow
@pytest.mark.parametrize("depth", range(1, 17))
def test_every_depth_gives_what_catboost_gives(depth: int) -> None:
    """A leaf of a tree of more than eight levels has a place that no byte holds."""
    x = inputs(1500, 20, depth)
    x[np.isinf(x)] = 1.0
    y = np.nan_to_num(x) @ np.linspace(-1.0, 1.0, 20)
    data = fitted(x, y, depth=depth, iterations=5, border_count=16)
    trees = read_trees(data)
    assert trees.sizes.max() == depth
    model = SymmetricTrees(trees)
    for asked in (x, inputs(400, 20, 99), edge_rows(trees), x[:1], x[:2]):
        assert model.predict(asked).tobytes() == by_catboost(data, asked).tobytes()
    library = catboost.CatBoostRegressor()
    library.load_model(blob=data)
    wanted = library.get_feature_importance(catboost.Pool(x[:2]), type="ShapValues")
    np.testing.assert_allclose(model.contributions(x[:2]), wanted, atol=1e-8)


@pytest.mark.parametrize("depth", [6, 9, 12, 16])
def test_golden_rows_see_both_sides_of_every_split(depth: int) -> None:
    x, data = deep(depth)
    trees = read_trees(data)
    rows = golden_rows(x, trees)
    assert len(rows) <= 35
    seen, reachable = (split_outcomes(trees, some).any(axis=0) for some in (rows, x))
    assert reachable.all()
    assert seen.all()


@pytest.mark.parametrize("depth", [9, 10, 13, 16])
def test_a_reader_that_loses_a_bit_of_a_leafs_place_is_seen_by_the_golden_rows(depth: int) -> None:
    x, data = deep(depth)
    trees = read_trees(data)
    golden = golden_rows(x, trees)
    wanted = by_catboost(data, golden)
    assert SymmetricTrees(trees).predict(golden).tobytes() == wanted.tobytes()
    narrow = SymmetricTrees(trees)
    narrow._index_type = np.dtype(np.uint8)
    assert (narrow.predict(golden) != wanted).any()


def test_trees_of_a_single_leaf_are_a_constant() -> None:
    trees = read_trees(fitted(np.arange(40.0).reshape(-1, 2), np.arange(20.0), iterations=2))
    leaves = np.array([1.5, 2.0])
    stumps = replace(
        trees, sizes=np.zeros(2, np.int32), splits=np.zeros(0, np.int32), leaves=leaves, bias=1.0, scale=1.0
    )
    assert SymmetricTrees(stumps).predict(np.zeros((3, 2))).tolist() == [4.5] * 3
    assert SymmetricTrees(stumps).predict(np.zeros((1, 2))).tolist() == [4.5]


def test_a_sum_of_models_is_one_model() -> None:
    x = inputs(400, 5, 4)
    x[np.isinf(x)] = 1.0
    y = np.nan_to_num(x[:, 1])
    parts = []
    for loss in ("RMSE", "MAE"):
        part = catboost.CatBoostRegressor(
            iterations=20, loss_function=loss, verbose=False, allow_writing_files=False, thread_count=1
        )
        parts.append(part.fit(catboost.Pool(x, y)))
    data = to_bytes(catboost.sum_models(parts, weights=[0.5, 0.5]))
    assert SymmetricTrees(read_trees(data)).predict(x).tobytes() == by_catboost(data, x).tobytes()


def test_the_order_of_adding_up_is_seen_in_the_last_bits(
    model_paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it not, the tests above would prove less than they say."""
    trees = read_trees(model_paths["catboost_v9"].read_bytes())
    x = inputs(500, 33, 5)
    right = SymmetricTrees(trees).predict(x)
    repeat = np.repeat
    monkeypatch.setattr(symmetric_trees.np, "repeat", lambda a, *_, **__: repeat(a, 1, axis=0))
    alone = np.concatenate([SymmetricTrees(trees).predict(row[None, :]) for row in x])
    assert np.abs(alone - right).max() < 1e-9
    assert (alone != right).any()


def test_another_number_of_columns_is_refused(model_paths: dict[str, Path]) -> None:
    model = SymmetricTrees(read_trees(model_paths["catboost_v9"].read_bytes()))
    with pytest.raises(Rejected, match=r"shape \(2, 32\), expected \(n, 33\)"):
        model.predict(np.zeros((2, 32)))


@pytest.mark.parametrize("settings", [{"grow_policy": "Depthwise"}, {"loss_function": "MultiRMSE"}], ids=str)
def test_a_model_of_another_kind_is_left_to_catboost(settings: dict[str, object]) -> None:
    x = np.random.default_rng(6).normal(size=(200, 4))
    y = x[:, :2] if "MultiRMSE" in settings.values() else x[:, 0]
    with pytest.raises(UnsupportedModel, match=r"non-symmetric|several outputs"):
        read_trees(fitted(x, y, iterations=5, **settings))


def test_categories_are_left_to_catboost() -> None:
    x = np.array([["a", 1.0], ["b", 2.0], ["a", 3.0], ["c", 4.0]] * 10, dtype=object)
    model = catboost.CatBoostRegressor(iterations=3, verbose=False, allow_writing_files=False, thread_count=1)
    model.fit(catboost.Pool(x, np.arange(40.0), cat_features=[0]))
    with pytest.raises(UnsupportedModel, match=r"further parts|categorical"):
        read_trees(to_bytes(model))


def test_no_length_of_a_cut_file_reads(model_paths: dict[str, Path]) -> None:
    data = model_paths["catboost_v9"].read_bytes()
    for length in [*range(0, 200), *range(200, len(data) - 8, 4099)]:
        with pytest.raises(UnsupportedModel):
            SymmetricTrees(read_trees(data[:length]))


def test_changed_bytes_are_read_or_refused(model_paths: dict[str, Path]) -> None:
    data, dice, refused = model_paths["catboost_v9"].read_bytes(), random.Random(1), 0
    places = [*range(400), *range(len(data) - 4000, len(data))]
    for _ in range(1500):
        changed = bytearray(data)
        for _ in range(dice.choice((1, 1, 2, 4, 16))):
            changed[dice.choice(places)] = dice.choice((0, 1, 0x7F, 0x80, 0xFF))
        for read in (read_trees, read_metadata):
            try:
                read(bytes(changed))
            except UnsupportedModel:
                refused += 1
    assert 0 < refused < 3000


def test_golden_rows_decide_who_predicts(
    model_paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(model_paths["catboost_v9"])
    right = SymmetricTrees.predict
    monkeypatch.setattr(SymmetricTrees, "predict", lambda self, x: np.nextafter(right(self, x), np.inf))
    assert isinstance(load_model(STORE, "catboost_v9", path).model, CatBoostModel)


def test_a_model_loads_without_catboost(model_paths: dict[str, Path]) -> None:
    code = (
        "import sys\n"
        "from shared.embedded.model_store import DirectoryModelStore\n"
        "from shared.model_registry.loading import load_model\n"
        "load_model(DirectoryModelStore(), 'catboost_v9', sys.argv[1])\n"
        "print(*{'catboost', 'pandas', 'scipy'} & set(sys.modules))\n"
    )
    path = str(model_paths["catboost_v9"])
    told = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == ""


@pytest.mark.parametrize("system", ["catboost_v9", "line_anchored_v1"])
def test_what_each_input_adds_is_what_catboost_says(model_paths: dict[str, Path], system: str) -> None:
    plain = load_model(STORE, system, str(model_paths[system])).model
    library = load_model(STORE, system, str(model_paths[system]), use_catboost=True).model
    assert isinstance(plain, SymmetricTrees)
    assert isinstance(library, CatBoostModel)
    x = inputs(20, len(TRAINED[system].inputs), 5)
    x[np.isinf(x)] = 1.0
    told = plain.contributions(x)
    np.testing.assert_allclose(told, library.contributions(x), atol=1e-9)
    np.testing.assert_allclose(told.sum(axis=-1), plain.predict(x), atol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {"nan_mode": "Max"},
        {"depth": 1, "iterations": 3},
        {"depth": 8, "iterations": 10},
        {"boost_from_average": False},
        {"loss_function": "MAE"},
    ],
    ids=str,
)
def test_shares_follow_catboost_whatever_training_set(settings: dict[str, object]) -> None:
    x = inputs(400, 6, 6)
    x[np.isinf(x)] = 1.0
    data = fitted(x, np.nan_to_num(x[:, 0]) * np.sign(np.nan_to_num(x[:, 1])), **settings)
    library = catboost.CatBoostRegressor()
    library.load_model(blob=data)
    wanted = library.get_feature_importance(catboost.Pool(x[:8]), type="ShapValues")
    np.testing.assert_allclose(SymmetricTrees(read_trees(data)).contributions(x[:8]), wanted, atol=1e-8)


def test_a_file_without_weights_predicts_and_does_not_explain() -> None:
    x = np.arange(40.0).reshape(-1, 2)
    trees = replace(read_trees(fitted(x, x[:, 0])), weights=np.zeros(0))
    model = SymmetricTrees(trees)
    assert model.predict(x).shape == (20,)
    with pytest.raises(Rejected, match="the model file has no leaf weights"):
        model.contributions(x)


def test_a_program_without_catboost_refuses_what_only_catboost_reads(
    model_paths: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare.cbm"  # without its manifest there are no golden rows to prove another reader by
    bare.write_bytes(model_paths["catboost_v9"].read_bytes())
    monkeypatch.setitem(sys.modules, "shared.model_registry.catboost_model", None)
    with pytest.raises(Rejected, match="only CatBoost can read this model, and it is not installed here"):
        load_model(STORE, "catboost_v9", str(bare))
