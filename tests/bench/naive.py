"""The worker of the old shape, as the side to compare with: one message, one DataFrame, one write.

FastAPI with a pydantic envelope and job, a one-row DataFrame for each message, the formulas for one row, rows as
pydantic models, and a write of its own. Its predictions are the product's, which a test holds; its speed is what
most tutorials would give.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Literal

import catboost
import pandas as pd
from fastapi import FastAPI, Response
from pydantic import BaseModel

from shared.domain.features.contract import FEATURES
from tests.bench.naive_systems import SYSTEMS, Told, forecast


class Quote(BaseModel):
    value: float
    book: str
    quote_id: str
    precision: str
    over_price: int | None = None
    under_price: int | None = None
    captured_at: datetime | None = None


class Job(BaseModel):
    run_id: str
    game_date: date
    game_id: str
    player_lookup: str
    player_id: int
    team_abbr: str
    opponent_team_abbr: str
    systems: list[str]
    mode: Literal["LIVE", "BACKFILL"]
    as_of: datetime
    feature_version: str
    feature_snapshot_id: str
    feature_hash: str
    feature_quality_score: float
    features: list[float | None]
    league_def_rating: float | None
    days_rest: float | None
    recent: list[float]
    line: Quote | None = None
    tipoff: datetime | None = None


class PushMessage(BaseModel):
    data: str
    messageId: str  # noqa: N815  Pub/Sub's name
    attributes: dict[str, str] = {}


class Push(BaseModel):
    message: PushMessage


class Row(BaseModel):
    """The columns of the product's staging table."""

    prediction_id: str
    run_id: str
    system_id: str
    role: str
    player_lookup: str
    player_id: int
    game_date: date
    game_id: str
    team_abbr: str
    opponent_team_abbr: str
    raw_prediction: float
    predicted_points: float
    confidence_score: float
    recommendation: str
    has_prop_line: bool
    current_points_line: float | None
    line_margin: float | None
    line_quote_id: str | None
    sportsbook: str | None
    line_over_price: int | None
    line_under_price: int | None
    line_captured_at: datetime | None
    line_precision: str | None
    model_id: str | None
    model_sha256: str | None
    feature_version: str
    feature_snapshot_id: str
    feature_hash: str
    feature_quality_score: float
    missing_inputs: str | None
    prediction_run_mode: str
    prediction_made_before_game: bool
    as_of: datetime
    predicted_at: datetime
    build_commit: str | None
    prob_over: float | None = None
    interval_low: float | None = None
    interval_high: float | None = None
    expected_value: float | None = None
    kelly_fraction: float | None = None
    no_bet_reason: str | None = None
    created_at: datetime


class Naive:
    """``write`` takes the bytes of one message's rows, and blocks as long as a store would."""

    def __init__(self, model_paths: dict[str, str], write: Callable[[bytes], None]) -> None:
        self._models = {s: _load(path) for s, path in model_paths.items()}
        self._write = write

    def predict(self, push: Push) -> list[Row]:
        """Predict one player's job, write its rows, say how it ended."""
        job = Job.model_validate_json(base64.b64decode(push.message.data))
        features = dict(zip(FEATURES, job.features, strict=True))
        frame = pd.DataFrame([features], columns=list(FEATURES)).astype(float)
        models = {s: float(model.predict(frame)[0]) for s, model in self._models.items()}
        told = forecast(job, features, models)
        rows = [_row(job, system, told[system]) for system in SYSTEMS if told[system].points is not None]
        self._write(json.dumps([row.model_dump(mode="json") for row in rows]).encode())
        systems = {system: told[system].reason or "predicted" for system in SYSTEMS}
        json.dumps({"run_id": job.run_id, "player_lookup": job.player_lookup, "systems": systems})
        return rows


def _load(path: str) -> catboost.CatBoostRegressor:
    model = catboost.CatBoostRegressor()
    model.load_model(path)
    return model


def _row(job: Job, system: str, told: Told) -> Row:
    points, line = round(told.points or 0.0, 1), job.line
    now = datetime.now(UTC)
    margin = None if line is None else round(points - line.value, 2)
    worth = margin is not None and abs(margin) >= told.min_edge and told.confidence >= told.min_confidence
    side = "OVER" if margin and margin > 0 else "UNDER"
    identity = json.dumps([job.run_id, job.game_id, job.player_lookup, system]).encode()
    return Row(
        **job.model_dump(include=Row.model_fields.keys() & Job.model_fields.keys()),
        prediction_id=hashlib.sha256(identity).hexdigest()[:32],
        system_id=system,
        role="champion",
        raw_prediction=told.raw,
        predicted_points=points,
        confidence_score=round(told.confidence, 2),
        recommendation="NO_LINE" if line is None else side if worth and margin else "PASS",
        has_prop_line=line is not None,
        current_points_line=line.value if line else None,
        line_margin=margin,
        line_quote_id=line.quote_id if line else None,
        sportsbook=line.book if line else None,
        line_over_price=line.over_price if line else None,
        line_under_price=line.under_price if line else None,
        line_captured_at=line.captured_at if line else None,
        line_precision=line.precision if line else None,
        model_id=None,
        model_sha256=None,
        missing_inputs=",".join(told.missing) or None,
        prediction_run_mode=job.mode,
        prediction_made_before_game=job.tipoff is None or now < job.tipoff,
        predicted_at=now,
        build_commit="bench",
        created_at=now,
    )


def build(model_paths: dict[str, str], sink_seconds: float) -> FastAPI:
    """The service; ``sink_seconds`` is what a write takes."""
    naive = Naive(model_paths, lambda _: time.sleep(sink_seconds) if sink_seconds else None)
    app = FastAPI()

    @app.post("/predict", status_code=204, response_class=Response)
    def predict(push: Push) -> Response:
        naive.predict(push)
        return Response(status_code=204)

    return app
