"""What the numbers of a CatBoost model mean, by the loss that it was trained with.

The file says it in its metadata. The loaded object does not always: CatBoost 1.2.10 forgets the loss of a
model that it loads from bytes, and then gives logarithms for a Poisson model without a word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from shared.errors import Rejected
from shared.model_registry.cbm import UnsupportedModel, read_metadata

IN_UNITS_OF_THE_TARGET = frozenset(
    {"RMSE", "MAE", "Quantile", "Expectile", "Lq", "Huber", "LogCosh", "MAPE", "RMSPE"}
)
"""Losses whose model gives one real number for each row, in the units of what it was trained on."""

_OTHERS: dict[str, frozenset[str]] = {
    "gives the logarithm of what it was trained on": frozenset({"Poisson", "Tweedie", "LogLinQuantile"}),
    "is a classifier, whose output is no number of points": frozenset(
        {"Logloss", "CrossEntropy", "Focal", "MultiClass", "MultiClassOneVsAll", "MultiLogloss"}
        | {"MultiCrossEntropy"}
    ),
    "is a ranker, whose output only orders rows": frozenset(
        {"YetiRank", "YetiRankPairwise", "PairLogit", "PairLogitPairwise", "QueryRMSE", "QuerySoftMax"}
        | {"QueryCrossEntropy", "StochasticFilter", "StochasticRank", "LambdaMart", "GroupQuantile"}
    ),
    "gives several numbers for each row": frozenset(
        {"RMSEWithUncertainty", "MultiQuantile", "MultiRMSE", "MultiRMSEWithMissingValues"}
    ),
    "is a survival model, whose output is no number of points": frozenset({"Cox", "SurvivalAft"}),
}


def check_loss(data: bytes, path: str) -> None:
    """``Rejected`` for a model file that does not give one number of points for each row, by its loss."""
    for loss in _losses(data, path):
        if loss in IN_UNITS_OF_THE_TARGET:
            continue
        why = next((why for why, losses in _OTHERS.items() if loss in losses), "is not known here")
        raise Rejected(
            f"{path}: a model of loss {loss!r} {why}; wanted one real-valued output per row in points, "
            f"trained with {', '.join(sorted(IN_UNITS_OF_THE_TARGET))}"
        )


def _losses(data: bytes, path: str) -> list[str]:
    """The loss of the model, or of each model that it is the sum of."""
    try:
        metadata = read_metadata(data)
    except UnsupportedModel as exc:
        raise Rejected(f"{path}: {exc}") from exc
    found = [_loss(v) for k, v in sorted(metadata.items()) if k.rpartition(":")[2] == "params"]
    if not found or None in found:
        raise Rejected(
            f"{path}: the file does not say with which loss its model was trained, so that nobody can tell "
            "what its numbers mean; save it with CatBoost's save_model after training"
        )
    return [loss for loss in found if loss is not None]


def _loss(params: str) -> str | None:
    try:
        parsed = json.loads(params)
    except ValueError:
        return None
    loss = parsed.get("loss_function") if isinstance(parsed, Mapping) else None
    name = loss.get("type") if isinstance(loss, Mapping) else None
    return name if isinstance(name, str) else None
