"""A CatBoost regressor behind the domain's interface: (n, k) inputs to (n,) points."""

from __future__ import annotations

import tempfile
from pathlib import Path

import catboost
import numpy as np

from shared.domain.arrays import Floats
from shared.errors import Rejected


class CatBoostModel:
    """Uses one thread per call: a slate is too small for several."""

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
        """Return (n, k + 1) points: the contribution of each of the k inputs, and last the model's mean.

        Shapley values; the sum of a row is its prediction.
        """
        pool = catboost.Pool(inputs, feature_names=self._model.feature_names_)
        return np.asarray(self._model.get_feature_importance(pool, type="ShapValues"), dtype=np.float64)


def parse_model(data: bytes, path: str, feature_names: tuple[str, ...]) -> CatBoostModel:
    """Parse the bytes of a ``.cbm`` whose inputs must be ``feature_names`` in this order; ``Rejected`` for an
    invalid file."""
    model = catboost.CatBoostRegressor()
    try:
        model.load_model(blob=data)
    except catboost.CatBoostError as exc:
        raise Rejected(f"{path}: not a readable CatBoost model of {len(data)} bytes ({exc})") from exc
    model_features = tuple(model.feature_names_)
    if model_features != feature_names:
        missing = [f for f in feature_names if f not in model_features]
        extra = [f for f in model_features if f not in feature_names]
        difference = f"missing {missing or 'none'}, unknown {extra or 'none'}"
        raise Rejected(
            f"{path}: the model has {len(model_features)} features, expected the {len(feature_names)} of its "
            f"system in order; {difference if missing or extra else 'the order differs'}"
        )
    return CatBoostModel(model)


def to_bytes(model: catboost.CatBoost) -> bytes:
    """Return the bytes of the model file, equal for equal training: time and random id are fixed, also those
    of the models in a sum."""
    metadata = model.get_metadata()
    fixed_values = {"train_finish_time": "1970-01-01T00:00:00Z", "model_guid": "0-0-0-0"}
    for key in [*fixed_values, *metadata.keys()]:
        name = key.rpartition(":")[2]
        if name in fixed_values:
            metadata[key] = fixed_values[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.cbm"
        model.save_model(str(path))
        return path.read_bytes()
