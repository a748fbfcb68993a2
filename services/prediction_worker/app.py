"""Routes of the prediction worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
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
from shared.application.prediction.arrow_codec import MEDIA_TYPE, read_stream, written
from shared.application.prediction.batch_api import ALONE, FEW, Asked, PredictRows
from shared.application.prediction.stage import Job, StageJobs
from shared.application.prediction.staging_rows import CHAMPION, SHADOW
from shared.domain.game_dates import shorten
from shared.errors import Rejected, Unavailable
from shared.model_registry.loading import LoadedModel
from shared.schemas.messages import LARGEST, LEAST_PRICE
from shared.schemas.rows import MOST_ROWS, read_rows
from shared.web.app import (
    Identity,
    PlainPosts,
    bounded_body,
    content,
    install_errors,
    no_content,
    push_body,
    ready_answer,
    responses,
)
from shared.web.authentication import THIS_MACHINE, Entrance, authorised, protect
from shared.web.body_limits import DEFAULTS, Limits, bound_bodies, first
from shared.web.micro_batching import Coalescer
from shared.web.openapi import Answers, Documented
from shared.web.request_metrics import Observed
from shared.web.strict_routes import StrictBody, refuse_unknown_input


def _answers() -> Answers:
    """Made when somebody asks for the document, not when the process starts."""
    from services.prediction_worker.responses import ANSWERS

    return ANSWERS


@dataclass
class Worker:
    """What the routes call; ``models`` and ``failures`` are filled when the models have loaded."""

    identity: Identity
    stage: StageJobs
    predict_rows: PredictRows
    coalescer: Coalescer[Job]
    questions: Coalescer[Asked]
    models: dict[str, LoadedModel]
    shadows: list[LoadedModel]
    missing: dict[str, str]
    alarms: ChampionAlarms
    check_stores: Callable[[], None]
    close: Callable[[], None]
    metrics: WorkerMetrics = field(default_factory=WorkerMetrics)
    last_activity: datetime | None = None

    def __post_init__(self) -> None:
        self.metrics.watch(lambda: self.coalescer.waiting, lambda: len(self.alarms.last))
        self.metrics.identify(self.described())

    def described(self) -> list[dict[str, Any]]:
        """Every model in memory."""
        champions = [describe_model(m, CHAMPION) for m in self.models.values()]
        return champions + [describe_model(m, SHADOW) for m in self.shadows]


Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Price = (
    Annotated[int, Field(ge=LEAST_PRICE, le=LARGEST)] | Annotated[int, Field(ge=-LARGEST, le=-LEAST_PRICE)]
)


class RowIn(StrictBody):
    """One row to predict: features by name (absent or null is missing) or as a list in the order of the
    request's columns, a line in points, American odds.

    Beside the 33 features come those of ``CONTEXT``, which the anchored line wants.
    """

    features: dict[str, Number | None] | list[Number | None]
    line: Number | None = None
    over_price: Price | None = None
    under_price: Price | None = None
    league_def_rating: Number | None = None
    days_rest: Number | None = None


class BatchIn(StrictBody):
    rows: list[RowIn] = Field(min_length=1, max_length=MOST_ROWS)
    systems: Annotated[list[str], Field(min_length=1)] | None = None
    columns: list[str] | None = None


ARROW, JSON = MEDIA_TYPE.encode(), b"application/json"

_BYTES = {"schema": {"type": "string", "format": "binary"}}

_AS_ARROW: dict[str, Any] = {
    "requestBody": {"content": {MEDIA_TYPE: _BYTES}},
    "responses": {"200": {"content": {MEDIA_TYPE: _BYTES}}},
    "parameters": [
        {
            "name": "systems",
            "in": "query",
            "required": False,
            "description": "Of an Arrow stream: systems to run, with commas between them; absent for all",
            "schema": {"type": "string"},
        }
    ],
}


def build(
    make: Callable[[], Worker], entrance: Entrance = THIS_MACHINE, limits: Limits = DEFAULTS
) -> FastAPI:
    """The application; ``make`` wires it once, when the process starts to serve."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.worker = await asyncio.to_thread(make)
        yield
        app.state.worker.close()

    app = Documented(_answers, title="prediction-worker", version="1", lifespan=lifespan)
    install_errors(app)
    refuse_unknown_input(app)
    _predictions(app, limits.push_bytes)
    bound_bodies(app, limits.push_bytes, {"/predict/batch": limits.batch_bytes}, pushes=["/predict"])
    protect(app, entrance)
    app.add_middleware(Observed, times=lambda: app.state.worker.metrics.requests)
    _questions(app)
    return app


class TakePush:
    """One player's job from a push: stored, or kept as a message that can never succeed."""

    def __init__(self, app: FastAPI, most_bytes: int) -> None:
        self._app, self._most_bytes = app, most_bytes

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await self.take(receive)
        await no_content(send)

    async def take(self, receive: Receive) -> None:
        """``Unavailable`` where it is to come again."""
        worker: Worker = self._app.state.worker
        body = b""
        try:
            body = await bounded_body(receive, self._most_bytes)
            job = worker.stage.accept(body)
        except Rejected as exc:
            await run_in_threadpool(worker.stage.refuse, body, str(exc))
            worker.metrics.rejected.inc()
            return
        try:
            await worker.coalescer.submit(job)
        except Unavailable:
            worker.metrics.unavailable.inc()
            raise
        worker.metrics.stored.inc()
        worker.last_activity = datetime.now(UTC)


class TakeRows:
    """``POST /predict/batch`` for rows that are right in form; ``others`` gets all others, and says what is
    wrong with them. Callers who come together are answered together."""

    def __init__(self, app: FastAPI, others: ASGIApp) -> None:
        self._app, self._others = app, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        worker: Worker = self._app.state.worker
        message = await receive()
        kind = _content_type(scope)
        if kind == ARROW:
            answer = await _streamed(worker.predict_rows, message.get("body", b""), scope["query_string"])
            await content(send, answer, ARROW)
            return
        plain = kind == JSON and not scope["query_string"]  # only an Arrow stream has parameters
        rows = read_rows(message.get("body", b"")) if plain else None
        asked = worker.predict_rows.read(rows) if rows is not None else None
        if asked is None:
            await self._others(scope, first(message, receive), send)
            return
        if ALONE < len(asked) <= FEW:
            worker.predict_rows.several([asked])
        else:
            await worker.questions.submit(asked)
        await content(send, msgspec.json.encode({"predictions": asked.answers}), JSON)


async def _streamed(predict_rows: PredictRows, body: bytes, query: bytes) -> bytes:
    """The answer to rows as an Arrow stream; ``Rejected`` says what is wrong with them."""
    named = _parameters(query).get("systems")
    features, beside = read_stream(body)
    asked = Asked(features, beside, predict_rows.wanted(",".join(named).split(",") if named else None))
    if len(asked) <= FEW:
        return written(predict_rows.columns(asked))
    return await run_in_threadpool(lambda: written(predict_rows.columns(asked)))


def _parameters(query: bytes) -> dict[str, list[str]]:
    """The query of an Arrow stream; ``Rejected`` names a parameter that it does not have."""
    given = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    unknown = sorted(given.keys() - {"systems"})
    if unknown:
        raise Rejected(f"query: unknown {shorten(unknown[0])}; wanted systems or none")
    return given


def _content_type(scope: Scope) -> bytes:
    return next((bytes(value) for name, value in scope["headers"] if name == b"content-type"), b"")


def _predictions(app: FastAPI, most_bytes: int) -> None:
    push = TakePush(app, most_bytes)

    @app.post(
        "/predict",
        status_code=204,
        response_class=Response,
        responses=responses(503),
        openapi_extra=push_body("PredictionRequest"),
    )
    async def predict(request: Request) -> Response:
        """Predict one player's job. 204: stored, or kept as a message that can never succeed."""
        await push.take(request.receive)
        return Response(status_code=204)

    @app.post("/predict/batch", responses=responses(400, 413, 415, 422), openapi_extra=_AS_ARROW)
    def predict_batch(batch: BatchIn, request: Request) -> Response:
        """Predict rows of features, named in each row or once in columns; nothing is written.

        Many rows are predicted sooner as an Arrow stream, not compressed: a column of numbers for each
        feature, and for line, over_price, under_price, league_def_rating and days_rest, null where there is
        none; the systems stand in the address. The answer is an Arrow stream then: row, system_id, and a
        column for each thing that is said.
        """
        worker: Worker = request.app.state.worker
        rows = [r.model_dump() for r in batch.rows]
        answer = worker.predict_rows(rows, batch.systems, batch.columns)
        return Response(msgspec.json.encode({"predictions": answer}), media_type="application/json")

    answers: dict[str, Callable[[ASGIApp], ASGIApp]] = {
        "/predict": lambda _: push,
        "/predict/batch": partial(TakeRows, app),
    }
    app.add_middleware(PlainPosts, answers=answers)


def _questions(app: FastAPI) -> None:
    @app.get("/health")
    def health(request: Request) -> dict[str, str]:
        """Service, revision and commit; asks nothing else, so it answers while stores do not."""
        return _worker(request).identity.health()

    @app.get("/ready", responses=responses(503))
    def ready(request: Request) -> JSONResponse:
        """503 until every required model is loaded and verified and the stores answer; each check by name
        for a caller who may come in."""
        worker = _worker(request)
        checks = [run_check("warehouse", worker.check_stores), *model_checks(worker.models, worker.missing)]
        worker.alarms()
        return ready_answer(checks, authorised(request))

    @app.get("/heartbeat")
    def heartbeat(request: Request) -> dict[str, Any]:
        """Which process this is, since when, its models, and what it last did."""
        worker = _worker(request)
        last = worker.last_activity
        return {
            **worker.identity.heartbeat(),
            "models": worker.described(),
            "alarms": worker.alarms.last,
            "in_flight": worker.coalescer.in_flight,
            "totals": worker.metrics.totals(),
            "last_activity": last.isoformat() if last else None,
        }

    @app.get("/models")
    def models(request: Request) -> dict[str, Any]:
        """What runs here; an alarm for each model that is not the registry's champion."""
        worker = _worker(request)
        return {"models": worker.described(), "alarms": worker.alarms()}

    @app.get("/metrics", response_class=Response)
    def metrics(request: Request) -> Response:
        """Counts and times in the text format of Prometheus."""
        return Response(generate_latest(_worker(request).metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _worker(request: Request) -> Worker:
    worker: Worker = request.app.state.worker
    return worker
