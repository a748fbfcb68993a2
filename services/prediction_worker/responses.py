"""Success responses of the worker for its OpenAPI document; responses are not validated against them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from shared.application.prediction.batch_api import NoPrediction, PredictedChance, PredictedPoints
from shared.schemas.messages import Instant
from shared.web.health import Heartbeat
from shared.web.openapi import REFERENCE, ResponseModel

PREDICTIONS = (PredictedChance, PredictedPoints, NoPrediction)
_ANY_PREDICTION = {"anyOf": [{"$ref": REFERENCE.format(name=model.__name__)} for model in PREDICTIONS]}


class Model(ResponseModel):
    """A model in memory; ``trained_on``: first and last training date, null without a manifest."""

    system_id: str
    model_id: str
    sha256: str
    path: str
    role: Literal["champion", "shadow"]
    trained_on: tuple[date, date] | None
    experiment_id: str | None
    verified: bool
    warnings: list[str]


class Models(ResponseModel):
    """``alarms``: a sentence for each model that is not the registry's champion."""

    models: list[Model]
    alarms: list[str]


class WorkerHeartbeat(Heartbeat):
    """``in_flight``: jobs under way; ``totals``: push messages by answer."""

    models: list[Model]
    alarms: list[str]
    in_flight: int
    totals: dict[str, int]
    last_activity: Instant | None


class Predictions(ResponseModel):
    """For each row, in request order: the prediction of each system, by system id."""

    predictions: list[dict[str, Annotated[Any, msgspec.Meta(extra_json_schema=_ANY_PREDICTION)]]]
