"""Routes of the prediction worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import parse_qs

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field
from starlette.types import ASGIApp, Receive, Scope, Send

from services.prediction_worker.metrics import WorkerMetrics
from shared.application.models.champion_check import ChampionAlarms, describe_model
from shared.application.operations.readiness import model_checks, run_check
from shared.application.prediction.arrow_codec import MEDIA_TYPE, read_stream, write_stream
from shared.application.prediction.batch_api import (
    BATCHING_PAYS_UP_TO_ROWS,
    MAX_INLINE_ROWS,
    BatchRequest,
    PredictRows,
)
from shared.application.prediction.stage import Job, StageJobs
from shared.domain.game_dates import shorten
from shared.domain.vocabulary import Role
from shared.errors import Rejected
from shared.model_registry.loading import LoadedModel
from shared.schemas.messages import MAX_NUMBER, MIN_ODDS, PredictionRequest
from shared.schemas.rows import MAX_ROWS, read_rows
from shared.web.app import FastPathRoutes, send_content
from shared.web.authentication import LOOPBACK_ONLY, AuthPolicy, is_authorised, protect
from shared.web.body_limits import DEFAULT_LIMITS, BodyLimits, limit_bodies, replay_first
from shared.web.health import Identity, readiness_response
from shared.web.micro_batching import MicroBatcher
from shared.web.openapi import DocumentedFastAPI, ResponseModels
from shared.web.problems import install_errors, problem_responses
from shared.web.push import handle_push, push_app, push_route
from shared.web.request_metrics import RequestMetricsMiddleware
from shared.web.strict_routes import StrictBody, refuse_unknown_input


def _answers() -> ResponseModels:
    """Import the models only when a client requests the OpenAPI document, which keeps the start fast."""
    from services.prediction_worker.responses import ANSWERS

    return ANSWERS


@dataclass
class Worker:
    """What the worker's routes use; ``missing`` holds the reason for each system without its model."""

    identity: Identity
    stage: StageJobs
    predict_rows: PredictRows
    job_batcher: MicroBatcher[Job]
    row_batcher: MicroBatcher[BatchRequest]
    models: dict[str, LoadedModel]
    shadows: list[LoadedModel]
    missing: dict[str, str]
    alarms: ChampionAlarms
    check_stores: Callable[[], None]
    close: Callable[[], None]
    metrics: WorkerMetrics = field(default_factory=WorkerMetrics)
    last_activity: datetime | None = None

    def __post_init__(self) -> None:
        self.metrics.watch(lambda: self.job_batcher.waiting, lambda: len(self.alarms.last))
        self.metrics.identify(self.described())

    def described(self) -> list[dict[str, Any]]:
        """Return every model in memory, champions first."""
        champions = [describe_model(m, Role.CHAMPION) for m in self.models.values()]
        return champions + [describe_model(m, Role.SHADOW) for m in self.shadows]

    async def accept(self, body: bytes) -> Job:
        return self.stage.accept(body)

    async def submit(self, job: Job) -> None:
        await self.job_batcher.submit(job)
        self.last_activity = datetime.now(UTC)


Number = Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER, allow_inf_nan=False)]
Price = (
    Annotated[int, Field(ge=MIN_ODDS, le=MAX_NUMBER)] | Annotated[int, Field(ge=-MAX_NUMBER, le=-MIN_ODDS)]
)


class RowIn(StrictBody):
    """One row to predict: features by name (absent or null is missing) or as a list in the order of the
    request's columns, a line in points, American odds.

    In addition to the 33 features, the system ``line_anchored_v1`` uses the features of ``CONTEXT``.
    """

    features: dict[str, Number | None] | list[Number | None]
    line: Number | None = None
    over_price: Price | None = None
    under_price: Price | None = None
    league_def_rating: Number | None = None
    days_rest: Number | None = None


class BatchIn(StrictBody):
    rows: list[RowIn] = Field(min_length=1, max_length=MAX_ROWS)
    systems: Annotated[list[str], Field(min_length=1)] | None = None
    columns: list[str] | None = None


ARROW, JSON = MEDIA_TYPE.encode(), b"application/json"

_BYTES = {"schema": {"type": "string", "format": "binary"}}

_ARROW_OPENAPI: dict[str, Any] = {
    "requestBody": {"content": {MEDIA_TYPE: _BYTES}},
    "responses": {"200": {"content": {MEDIA_TYPE: _BYTES}}},
    "parameters": [
        {
            "name": "systems",
            "in": "query",
            "required": False,
            "description": "For an Arrow stream: the systems to run, comma-separated; default: all systems",
            "schema": {"type": "string"},
        }
    ],
}


def build(
    make: Callable[[], Worker], auth_policy: AuthPolicy = LOOPBACK_ONLY, limits: BodyLimits = DEFAULT_LIMITS
) -> FastAPI:
    """Return the application; ``make`` builds its worker once, when the process starts to serve."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.worker = await asyncio.to_thread(make)
        yield
        app.state.worker.close()

    app = DocumentedFastAPI(_answers, title="prediction-worker", version="1", lifespan=lifespan)
    install_errors(app)
    refuse_unknown_input(app)
    _predictions(app, limits.push_bytes)
    limit_bodies(app, limits.push_bytes, {"/predict/batch": limits.batch_bytes}, pushes=["/predict"])
    protect(app, auth_policy)
    app.add_middleware(RequestMetricsMiddleware, times=lambda: app.state.worker.metrics.requests)
    _status_routes(app)
    return app


class BatchHandler:
    """Handles ``POST /predict/batch`` for valid rows; concurrent requests share one batch. ``fallback`` gets
    all other requests, and reports what is invalid."""

    def __init__(self, app: FastAPI, fallback: ASGIApp) -> None:
        self._app, self._fallback = app, fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        worker: Worker = self._app.state.worker
        message = await receive()
        content_type = _content_type(scope)
        if content_type == ARROW:
            body, query = message.get("body", b""), scope["query_string"]
            await send_content(send, await _predict_stream(worker.predict_rows, body, query), ARROW)
            return
        is_json = content_type == JSON and not scope["query_string"]
        rows = read_rows(message.get("body", b"")) if is_json else None
        request = worker.predict_rows.build_request(rows) if rows is not None else None
        if request is None:
            await self._fallback(scope, replay_first(message, receive), send)
            return
        if BATCHING_PAYS_UP_TO_ROWS < len(request) <= MAX_INLINE_ROWS:
            worker.predict_rows.predict_together([request])
        else:
            await worker.row_batcher.submit(request)
        await send_content(send, msgspec.json.encode({"predictions": request.predictions}), JSON)


async def _predict_stream(predict_rows: PredictRows, body: bytes, query: bytes) -> bytes:
    """Return the predictions for an Arrow stream as an Arrow stream; raise ``Rejected`` if it is invalid."""
    systems = _parameters(query).get("systems")
    features, context = read_stream(body)
    request = BatchRequest(
        features, context, predict_rows.resolve_systems(",".join(systems).split(",") if systems else None)
    )
    if len(request) <= MAX_INLINE_ROWS:
        return write_stream(predict_rows.predict_columns(request))
    return await run_in_threadpool(lambda: write_stream(predict_rows.predict_columns(request)))


def _parameters(query: bytes) -> dict[str, list[str]]:
    """Return the query parameters of an Arrow stream; ``Rejected`` names an unknown parameter."""
    parameters = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    unknown = sorted(parameters.keys() - {"systems"})
    if unknown:
        raise Rejected(f"query: unknown parameter {shorten(unknown[0])}; the only parameter is systems")
    return parameters


def _content_type(scope: Scope) -> bytes:
    return next((bytes(value) for name, value in scope["headers"] if name == b"content-type"), b"")


def _predictions(app: FastAPI, max_bytes: int) -> None:
    @push_route(app, "/predict", PredictionRequest)
    def predict(receive: Receive) -> Awaitable[None]:
        """Predict one player's job. 204: staged, or stored as a message that can never succeed."""
        worker: Worker = app.state.worker
        return handle_push(
            receive, max_bytes, worker.accept, worker.submit, worker.stage.refuse, worker.metrics.pushes
        )

    @app.post("/predict/batch", responses=problem_responses(400, 413, 415, 422), openapi_extra=_ARROW_OPENAPI)
    def predict_batch(batch: BatchIn, request: Request) -> Response:
        """Predict rows of features, named in each row or once in columns; nothing is written.

        An uncompressed Arrow stream is faster for many rows: one column of numbers per feature, and one each
        for line, over_price, under_price, league_def_rating and days_rest, null for a missing value; the
        systems are a query parameter. The response is then an Arrow stream: row, system_id, and one column
        per field of a prediction.
        """
        worker: Worker = request.app.state.worker
        rows = [r.model_dump() for r in batch.rows]
        predictions = worker.predict_rows(rows, batch.systems, batch.columns)
        return Response(msgspec.json.encode({"predictions": predictions}), media_type="application/json")

    handlers: dict[str, Callable[[ASGIApp], ASGIApp]] = {
        "/predict": lambda _: push_app(predict),
        "/predict/batch": partial(BatchHandler, app),
    }
    app.add_middleware(FastPathRoutes, handlers=handlers)


def _status_routes(app: FastAPI) -> None:
    @app.get("/health")
    def health(request: Request) -> dict[str, str]:
        """Service, revision and commit. Calls no store, so it responds even if the stores are unavailable."""
        return _worker(request).identity.health()

    @app.get("/ready", responses=problem_responses(503))
    def ready(request: Request) -> JSONResponse:
        """503 until every required model is loaded and verified and the stores respond. An authenticated
        caller also gets each check by name."""
        worker = _worker(request)
        checks = [run_check("warehouse", worker.check_stores), *model_checks(worker.models, worker.missing)]
        worker.alarms()
        return readiness_response(checks, is_authorised(request))

    @app.get("/heartbeat")
    def heartbeat(request: Request) -> dict[str, Any]:
        """Process, start time, models, alarms, counts, and the time of the last activity."""
        worker = _worker(request)
        last = worker.last_activity
        return {
            **worker.identity.heartbeat(),
            "models": worker.described(),
            "alarms": worker.alarms.last,
            "in_flight": worker.job_batcher.in_flight,
            "totals": worker.metrics.totals(),
            "last_activity": last.isoformat() if last else None,
        }

    @app.get("/models")
    def models(request: Request) -> dict[str, Any]:
        """The loaded models, with an alarm for each one that is not the registry's champion."""
        worker = _worker(request)
        return {"models": worker.described(), "alarms": worker.alarms()}

    @app.get("/metrics", response_class=Response)
    def metrics(request: Request) -> Response:
        """Counts and times in the text format of Prometheus."""
        return Response(generate_latest(_worker(request).metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _worker(request: Request) -> Worker:
    worker: Worker = request.app.state.worker
    return worker
