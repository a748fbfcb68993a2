from __future__ import annotations

import shutil
from pathlib import Path

import catboost
import msgspec
import numpy as np
import pytest

from shared.application.training.train import TrainModels, Window, demo_windows
from shared.domain.features.contract import FEATURES
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import Conflict, NotFound, Rejected
from shared.model_registry.bundle import Bundle, manifest_path, parse_manifest
from shared.model_registry.catboost_model import parse_model, to_bytes
from shared.model_registry.loading import load_model
from shared.schemas.messages import MAX_NUMBER
from tests.conftest import CLOCK, DAY

STORE = DirectoryModelStore()


@pytest.fixture
def bundle(model_paths: dict[str, Path], tmp_path: Path) -> Path:
    path = model_paths["catboost_v9"]
    shutil.copy(manifest_path(str(path)), tmp_path)
    return Path(shutil.copy(path, tmp_path))


def fitted(names: list[str]) -> bytes:
    x = np.random.default_rng(1).normal(size=(60, len(names)))
    model = catboost.CatBoostRegressor(iterations=3, verbose=False, allow_writing_files=False, thread_count=1)
    model.fit(catboost.Pool(x, x[:, 0], feature_names=names))
    return to_bytes(model)


def test_a_bundle_is_verified_by_hash_features_and_golden_rows(bundle: Path) -> None:
    model = load_model(STORE, "catboost_v9", str(bundle))
    assert model.verified
    assert model.manifest is not None
    assert model.manifest.train_end < DAY
    assert model.manifest.eval_start > model.manifest.train_start
    assert (
        model.model_id == f"catboost_v9-{model.manifest.train_end:%Y%m%d}-{model.sha256[:8]}" == bundle.stem
    )
    assert 8 < len(model.manifest.golden) <= 35


def test_a_service_takes_every_golden_row_of_a_trained_model(bundles: list[Bundle]) -> None:
    """A release asks the new revision for them; CatBoost splits off missing values at the lowest float32."""
    for bundle in bundles:
        features = np.array([row.features for row in bundle.manifest.golden], dtype=np.float64)
        assert np.nanmax(np.abs(features)) <= MAX_NUMBER, bundle.path
        assert np.isnan(features).all(axis=1).any()


def test_a_model_predicts_a_row_alone_as_among_others(bundle: Path) -> None:
    model = load_model(STORE, "catboost_v9", str(bundle)).model
    x = np.random.default_rng(2).normal(10, 5, (300, 33))
    x[np.random.default_rng(3).random(x.shape) < 0.1] = np.nan
    together = model.predict(x)
    assert b"".join(model.predict(row[None, :]).tobytes() for row in x) == together.tobytes()
    assert len(model.predict(x[:0])) == 0


def test_what_the_library_refuses_can_never_be_predicted() -> None:
    model = parse_model(fitted(["a", "b"]), "small.cbm", ("a", "b"))
    with pytest.raises(Rejected, match="the model refuses 3 rows"):
        model.predict(np.zeros((3, 1)))


def test_training_twice_gives_the_same_bytes(warehouse: DuckDbWarehouse, tmp_path: Path) -> None:
    (window,) = [w for w in demo_windows(DAY) if w.system_id == "catboost_v9_2026_02"]
    first, second = (
        TrainModels(warehouse, STORE, str(tmp_path / n))([window], CLOCK.now()) for n in ("a", "b")
    )
    a, b = first[window.system_id], second[window.system_id]
    assert Path(a.path).name == Path(b.path).name
    assert STORE.fetch(a.path) == STORE.fetch(b.path)


def test_a_bundle_goes_up_in_one_request(model_paths: dict[str, Path]) -> None:
    """Larger files go up in parts, for which the stand-in for Cloud Storage forgets the condition."""
    assert max(path.stat().st_size for path in model_paths.values()) < 7 * 2**20


def test_a_name_never_has_two_contents(tmp_path: Path) -> None:
    path = str(tmp_path / "folder" / "model.cbm")
    STORE.put(path, b"one")
    STORE.put(path, b"one")
    with pytest.raises(Conflict, match="another file has that name"):
        STORE.put(path, b"two")
    assert STORE.fetch(path) == b"one"
    assert [p.name for p in (tmp_path / "folder").iterdir()] == ["model.cbm"]


def test_a_window_without_games_is_refused(warehouse: DuckDbWarehouse, tmp_path: Path) -> None:
    nothing = Window("catboost_v9", DAY.replace(year=2010), DAY.replace(year=2011))
    with pytest.raises(
        Rejected, match="0 complete player-games from 2010-03-19 to 2011-03-19, expected at least"
    ):
        TrainModels(warehouse, STORE, str(tmp_path))([nothing], CLOCK.now())
    assert not list(tmp_path.glob("*.cbm"))


def test_a_bare_model_loads_unverified(bundle: Path) -> None:
    Path(manifest_path(str(bundle))).unlink()
    model = load_model(STORE, "catboost_v9", str(bundle))
    assert not model.verified
    assert model.model_id == f"unverified-{model.sha256[:8]}"


def test_what_is_not_the_model_meant_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such model file"):
        load_model(STORE, "catboost_v9", str(tmp_path / "absent.cbm"))
    with pytest.raises(Rejected, match="expected 0000"):
        load_model(STORE, "catboost_v9", str(bundle), "0000")
    with pytest.raises(Rejected, match=r"bundle of catboost_v9, expected catboost_v8"):
        load_model(STORE, "catboost_v8", str(bundle))
    with pytest.raises(Rejected, match="local files only"):
        load_model(STORE, "catboost_v9", "gs://bucket/model.cbm")


def test_a_truncated_or_foreign_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.cbm"
    cut.write_bytes(bundle.read_bytes()[:2000])
    with pytest.raises(Rejected, match="not a readable CatBoost model of 2000 bytes"):
        load_model(STORE, "catboost_v9", str(cut))
    data = bytearray(bundle.read_bytes())
    data[-1] ^= 1
    bundle.write_bytes(bytes(data))
    with pytest.raises(Rejected, match="its manifest says"):
        load_model(STORE, "catboost_v9", str(bundle))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([*FEATURES[:-1], "height"], r"missing \['ppm_avg_last_10'\], unknown \['height'\]"),
        ([FEATURES[1], FEATURES[0], *FEATURES[2:]], "the order differs"),
        (list(FEATURES[:30]), "the model has 30 features, expected the 33 of its system"),
        ([*FEATURES, "a", "b", "c"], "the model has 36 features"),
    ],
)
def test_a_model_of_other_features_is_refused_with_the_difference(
    names: list[str], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "other.cbm"
    path.write_bytes(fitted(names))
    with pytest.raises(Rejected, match=words):
        load_model(STORE, "catboost_v9", str(path))


def test_a_golden_row_that_comes_out_differently_is_refused(bundle: Path) -> None:
    beside = Path(manifest_path(str(bundle)))
    manifest = parse_manifest(beside.read_bytes(), "m")
    wrong = msgspec.structs.replace(manifest.golden[0], expected=manifest.golden[0].expected + 0.5)
    beside.write_bytes(msgspec.json.encode(msgspec.structs.replace(manifest, golden=[wrong])))
    with pytest.raises(Rejected, match="golden row"):
        load_model(STORE, "catboost_v9", str(bundle))
    beside.write_bytes(b"{}")
    with pytest.raises(Rejected, match="not a model manifest"):
        load_model(STORE, "catboost_v9", str(bundle))
