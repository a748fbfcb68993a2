"""A CatBoost regressor as the domain sees it: (n, k) inputs in, (n,) points out."""

from __future__ import annotations

import tempfile
from pathlib import Path

import catboost
import numpy as np
from numpy.typing import NDArray

from shared.errors import Rejected

Floats = NDArray[np.float64]


class CatBoostModel:
    """One thread a call: a slate is too small to share out."""

    def __init__(self, model: catboost.CatBoostRegressor) -> None:
        self._model = model

    @property
    def trees(self) -> int:
        return int(self._model.tree_count_)

    def predict(self, inputs: Floats) -> Floats:
        if not len(inputs):
            return np.zeros(0)
        try:
            return np.asarray(self._model.predict(inputs, thread_count=1), dtype=np.float64)
        except catboost.CatBoostError as exc:
            raise Rejected(f"the model refuses {inputs.shape[0]} rows: {exc}") from exc

    def contributions(self, inputs: Floats) -> Floats:
        """(n, k + 1) points: what each of the k inputs adds to the last column, the model's mean.

        Shapley values; a row's sum is its prediction.
        """
        pool = catboost.Pool(inputs, feature_names=self._model.feature_names_)
        return np.asarray(self._model.get_feature_importance(pool, type="ShapValues"), dtype=np.float64)


def parse_model(data: bytes, path: str, wanted: tuple[str, ...]) -> CatBoostModel:
    """A model from the bytes of a ``.cbm``, whose inputs are ``wanted``, in order; ``Rejected`` names what
    is wrong with the file."""
    model = catboost.CatBoostRegressor()
    try:
        model.load_model(blob=data)
    except catboost.CatBoostError as exc:
        raise Rejected(f"{path}: not a readable CatBoost model of {len(data)} bytes ({exc})") from exc
    found = tuple(model.feature_names_)
    if found != wanted:
        missing = [f for f in wanted if f not in found]
        extra = [f for f in found if f not in wanted]
        difference = f"missing {missing or 'none'}, unknown {extra or 'none'}"
        raise Rejected(
            f"{path}: the model has {len(found)} features, wanted the {len(wanted)} of its system in "
            f"order; {difference if missing or extra else 'the order differs'}"
        )
    return CatBoostModel(model)


def to_bytes(model: catboost.CatBoost) -> bytes:
    """The file's bytes, the same for the same training: time and random id are set to fixed values, also
    those of the models that a sum is made of."""
    metadata = model.get_metadata()
    fixed = {"train_finish_time": "1970-01-01T00:00:00Z", "model_guid": "0-0-0-0"}
    for key in [*fixed, *metadata.keys()]:
        plain = key.rpartition(":")[2]
        if plain in fixed:
            metadata[key] = fixed[plain]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.cbm"
        model.save_model(str(path))
        return path.read_bytes()
