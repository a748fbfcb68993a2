"""Checks by its training loss that a CatBoost model outputs points.

The loss is in the metadata of the file. The loaded object may not have it: CatBoost 1.2.10 loses the loss of
a model that it loads from bytes, and then silently outputs logarithms for a Poisson model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from shared.errors import Rejected
from shared.model_registry.cbm import UnsupportedModel, read_metadata

SUPPORTED_LOSSES = ("Expectile", "Huber", "LogCosh", "Lq", "MAE", "MAPE", "Quantile", "RMSE", "RMSPE")
"""Losses whose model outputs one real number per row, in the units of its training target."""

_REFUSED: dict[str, tuple[str, ...]] = {
    "gives the logarithm of its training target": ("Poisson", "Tweedie", "LogLinQuantile"),
    "is a classifier, whose output is not points": (
        "Logloss", "CrossEntropy", "Focal", "MultiClass", "MultiClassOneVsAll", "MultiLogloss",
        "MultiCrossEntropy",
    ),
    "is a ranker, whose output only orders rows": (
        "YetiRank", "YetiRankPairwise", "PairLogit", "PairLogitPairwise", "QueryRMSE", "QuerySoftMax",
        "QueryCrossEntropy", "StochasticFilter", "StochasticRank", "LambdaMart", "GroupQuantile",
    ),
    "gives several numbers per row": (
        "RMSEWithUncertainty", "MultiQuantile", "MultiRMSE", "MultiRMSEWithMissingValues",
    ),
    "is a survival model, whose output is not points": ("Cox", "SurvivalAft"),
}  # fmt: skip


def check_loss(data: bytes, path: str) -> None:
    """Raise ``Rejected`` if the loss of a model file does not give one number of points per row."""
    for loss in _losses(data, path):
        if loss in SUPPORTED_LOSSES:
            continue
        reason = next((reason for reason, losses in _REFUSED.items() if loss in losses), "is unknown")
        raise Rejected(
            f"{path}: a model of loss {loss!r} {reason}; expected one real-valued output per row in points, "
            f"trained with {', '.join(SUPPORTED_LOSSES)}"
        )


def _losses(data: bytes, path: str) -> list[str]:
    """Return the loss of the model, or of each model in a sum."""
    try:
        metadata = read_metadata(data)
    except UnsupportedModel as exc:
        raise Rejected(f"{path}: {exc}") from exc
    losses = [_loss(v) for k, v in sorted(metadata.items()) if k.rpartition(":")[2] == "params"]
    if not losses or None in losses:
        raise Rejected(
            f"{path}: the file does not contain the training loss, so the meaning of the output is "
            "unknown; save the model with CatBoost's save_model after training"
        )
    return [loss for loss in losses if loss is not None]


def _loss(params: str) -> str | None:
    try:
        parsed = json.loads(params)
    except ValueError:
        return None
    loss = parsed.get("loss_function") if isinstance(parsed, Mapping) else None
    name = loss.get("type") if isinstance(loss, Mapping) else None
    return name if isinstance(name, str) else None
