"""Routes of the prediction worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Receive, Scope, Send

from services.prediction_worker.metrics import WorkerMetrics
from services.prediction_worker.responses import PREDICTIONS, Models, Predictions, WorkerHeartbeat
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
from shared.domain.vocabulary import Role
from shared.model_registry.loading import LoadedModel
from shared.schemas.messages import PredictionRequest
from shared.schemas.rows import BatchIn, read_rows
from shared.web.app import FastPathRoutes, send_content
from shared.web.authentication import LOOPBACK_ONLY, AuthPolicy, is_authorised, protect
from shared.web.body_limits import DEFAULT_LIMITS, BodyLimits, limit_bodies
from shared.web.health import Health, Identity, Ready, readiness_response
from shared.web.micro_batching import MicroBatcher
from shared.web.openapi import DocumentedFastAPI
from shared.web.problems import install_errors, problem_responses
from shared.web.push import handle_push, push_route
from shared.web.request_metrics import RequestMetricsMiddleware
from shared.web.strict_routes import check_is_json, refuse_unknown, refuse_unknown_input


@dataclass
class Worker:
    """The parts the worker's routes use; ``missing`` holds why a system has no model."""

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


ARROW, JSON = MEDIA_TYPE.encode(), b"application/json"

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_SYSTEMS = {
    "name": "systems",
    "in": "query",
    "required": False,
    "description": "For an Arrow stream: the systems to run, comma-separated; default: all systems",
    "schema": {"type": "string"},
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

    app = DocumentedFastAPI(title="prediction-worker", version="1", lifespan=lifespan)
    install_errors(app)
    refuse_unknown_input(app)
    _predictions(app, limits.push_bytes)
    limit_bodies(app, limits.push_bytes, {"/predict/batch": limits.batch_bytes}, pushes=["/predict"])
    protect(app, auth_policy)
    app.add_middleware(RequestMetricsMiddleware, times=lambda: app.state.worker.metrics.requests)
    _status_routes(app)
    return app


async def _predict_batch(worker: Worker, scope: Scope, body: bytes) -> tuple[bytes, bytes]:
    """Return the predictions for the rows of a request, and their media type; concurrent requests in JSON
    share one batch."""
    content_type = next((bytes(value) for name, value in scope["headers"] if name == b"content-type"), b"")
    parameters = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    if content_type == ARROW:
        refuse_unknown("query", parameters, ("systems",))
        return await _predict_stream(worker.predict_rows, body, parameters.get("systems")), ARROW
    refuse_unknown("query", parameters, ())
    check_is_json(body, content_type.decode("latin-1"))
    request = worker.predict_rows.build_request(read_rows(body))
    if BATCHING_PAYS_UP_TO_ROWS < len(request) <= MAX_INLINE_ROWS:
        worker.predict_rows.predict_together([request])
    else:
        await worker.row_batcher.submit(request)
    return msgspec.json.encode({"predictions": request.predictions}), JSON


async def _predict_stream(predict_rows: PredictRows, body: bytes, systems: list[str] | None) -> bytes:
    """Return the predictions for an Arrow stream as an Arrow stream; raise ``Rejected`` if it is invalid."""
    features, context = read_stream(body)
    request = BatchRequest(
        features, context, predict_rows.resolve_systems(",".join(systems).split(",") if systems else None)
    )
    if len(request) <= MAX_INLINE_ROWS:
        return write_stream(predict_rows.predict_columns(request))
    return await run_in_threadpool(lambda: write_stream(predict_rows.predict_columns(request)))


def _predictions(app: DocumentedFastAPI, max_bytes: int) -> None:
    @push_route(app, "/predict", PredictionRequest)
    def predict(receive: Receive) -> Awaitable[None]:
        """Predict one player's job. 204: staged, or stored as a message that can never succeed."""
        worker: Worker = app.state.worker
        return handle_push(
            receive, max_bytes, worker.accept, worker.submit, worker.stage.refuse, worker.metrics.pushes
        )

    arrow = {MEDIA_TYPE: _BYTES}
    rows, predictions = app.json_of(BatchIn), app.json_of(Predictions, *PREDICTIONS)

    @app.post(
        "/predict/batch",
        responses=problem_responses(400, 413, 415, 422) | {200: {"content": predictions["content"] | arrow}},
        openapi_extra={
            "requestBody": {"required": True, "content": rows["content"] | arrow},
            "parameters": [_SYSTEMS],
        },
    )
    async def predict_batch(request: Request) -> Response:
        """Predict rows of features, named in each row or once in columns; nothing is written.

        An uncompressed Arrow stream is faster for many rows: one column of numbers per feature, and one each
        for line, over_price, under_price, league_def_rating and days_rest, null for a missing value; the
        systems are a query parameter. The response is then an Arrow stream: row, system_id, and one column
        per field of a prediction.
        """
        body, media_type = await _predict_batch(app.state.worker, request.scope, await request.body())
        return Response(body, media_type=media_type.decode())

    async def send_batch(scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()  # the whole body: its size has been checked
        await send_content(send, *await _predict_batch(app.state.worker, scope, message.get("body", b"")))

    app.add_middleware(FastPathRoutes, handlers={"/predict": predict, "/predict/batch": send_batch})


def _status_routes(app: DocumentedFastAPI) -> None:
    @app.get("/health", responses=app.responses(Health))
    def health(request: Request) -> dict[str, str]:
        """Service, revision and commit. Calls no store, so it responds even if the stores are unavailable."""
        return _worker(request).identity.health()

    @app.get("/ready", responses=app.responses(Ready, 503))
    def ready(request: Request) -> JSONResponse:
        """503 until every required model is loaded and verified and the stores respond. An authenticated
        caller also gets each check by name."""
        worker = _worker(request)
        checks = [run_check("warehouse", worker.check_stores), *model_checks(worker.models, worker.missing)]
        worker.alarms()
        return readiness_response(checks, is_authorised(request))

    @app.get("/heartbeat", responses=app.responses(WorkerHeartbeat))
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

    @app.get("/models", responses=app.responses(Models))
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
