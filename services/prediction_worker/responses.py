"""Success responses of the worker for its OpenAPI document; responses are not validated against them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from shared.application.prediction import batch_api
from shared.web.health import Health, Heartbeat, Ready
from shared.web.openapi import ResponseModel, ResponseModels, response_model_of

NoPrediction = response_model_of(batch_api.NoPrediction, "NoPrediction")
PredictedPoints = response_model_of(batch_api.PredictedPoints, "PredictedPoints")
PredictedChance = response_model_of(batch_api.PredictedChance, "PredictedChance")


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


class WorkerHeartbeat(Heartbeat, Models):
    """``in_flight``: jobs under way; ``totals``: push messages by answer."""

    in_flight: int
    totals: dict[str, int]
    last_activity: datetime | None


class Predictions(ResponseModel):
    """For each row, in request order: the prediction of each system, by system id."""

    predictions: list[dict[str, PredictedChance | PredictedPoints | NoPrediction]]  # type: ignore[valid-type]


ANSWERS: ResponseModels = {
    "POST /predict/batch": Predictions,
    "GET /health": Health,
    "GET /ready": Ready,
    "GET /heartbeat": WorkerHeartbeat,
    "GET /models": Models,
}
