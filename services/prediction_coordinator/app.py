"""Routes of the prediction coordinator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from msgspec import structs
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import WithJsonSchema, create_model

from services.prediction_coordinator import responses
from services.prediction_coordinator.console.site import add_console
from services.prediction_coordinator.coordinator import Coordinator
from services.prediction_coordinator.push_routes import PUSH_PATHS, add_push_routes
from shared.application.operations.readiness import CachedCheck, run_check
from shared.application.runs.expected_players import count_by_system
from shared.application.views.run_progress import count_outcomes
from shared.domain.game_dates import PATTERN
from shared.domain.vocabulary import PREDICTED
from shared.errors import Rejected
from shared.ports import ExpectedPlayer, PlayerOutcome, Run
from shared.schemas.messages import RunRequested
from shared.web.authentication import LOOPBACK_ONLY, AuthPolicy, is_authorised, protect
from shared.web.body_limits import DEFAULT_LIMITS, BodyLimits, limit_bodies
from shared.web.health import Health, Ready, readiness_response
from shared.web.openapi import DocumentedFastAPI
from shared.web.problems import install_errors
from shared.web.request_metrics import RequestMetricsMiddleware
from shared.web.strict_routes import StrictBody, refuse_unknown_input

GAME_DATE = {"type": "string", "pattern": PATTERN, "examples": ["2025-03-19", "TODAY"]}
"""JSON schema of a game date in the OpenAPI document."""

GameDate = Annotated[str, WithJsonSchema(GAME_DATE)]
"""Text of a game date in a request; ``Coordinator.date`` parses it."""


_FIELDS: dict[str, Any] = {f.name: (f.type, f.default) for f in structs.fields(RunRequested)}
del _FIELDS["schema_version"]

StartIn = create_model(
    "StartIn",
    __base__=StrictBody,
    __doc__="""``game_date`` is a date in US Eastern time: YYYY-MM-DD, TODAY, TODAY+n or TODAY-n, or TOMORROW.

    ``accept_findings`` activates systems whose batch of predictions the checks would hold.
    """,
    **_FIELDS | {"game_date": (GameDate, "TODAY"), "systems": (list[str] | None, None)},
)

MAX_RUNS = 500
"""Maximum number of runs in one response."""

MAX_DAYS = 400
"""Longest period of ``/coverage``: a season and its summer. Use ``props coverage`` for longer ones."""


def build(
    coordinator: Coordinator, auth_policy: AuthPolicy = LOOPBACK_ONLY, limits: BodyLimits = DEFAULT_LIMITS
) -> FastAPI:
    app = DocumentedFastAPI(title="prediction-coordinator", version="1")
    app.state.coordinator = coordinator
    install_errors(app)
    refuse_unknown_input(app)
    limit_bodies(app, limits.push_bytes, pushes=PUSH_PATHS)
    protect(app, auth_policy)
    app.add_middleware(RequestMetricsMiddleware, times=lambda: coordinator.metrics.requests)
    _run_routes(app, coordinator)
    add_push_routes(app, coordinator, limits.push_bytes)
    _query_routes(app, coordinator)
    _health_routes(app, coordinator)
    if coordinator.views is not None:
        add_console(app, coordinator.views, coordinator.clock, coordinator.identity)
    return app


def _run_routes(app: DocumentedFastAPI, c: Coordinator) -> None:
    @app.post(
        "/start",
        status_code=202,
        responses=app.responses(responses.Started, 400, 404, 409, 413, 415, 422, 429, 503, status=202),
    )
    def start(body: StartIn) -> dict[str, Any]:  # type: ignore[valid-type]
        """Open a run for a game date and publish one job per expected player."""
        started = c.start_run(RunRequested(**vars(body)))
        return {
            "run_id": started.run_id,
            "expected_players": started.expected_players,
            "published": started.published,
            "status_url": f"/runs/{started.run_id}",
        }

    @app.get("/runs", responses=app.responses(responses.Runs, 422, 503))
    def runs(
        game_date: GameDate | None = None, limit: Annotated[int, Query(ge=1, le=MAX_RUNS)] = 50
    ) -> dict[str, Any]:
        """The newest runs, of one game date or of all dates."""
        newest_runs = c.runs.runs(game_date=c.date(game_date) if game_date is not None else None, limit=limit)
        return {"runs": [_summary(r) for r in newest_runs]}

    @app.get("/runs/{run_id}", responses=app.responses(responses.Run, 404, 422, 503))
    def run(run_id: str) -> dict[str, Any]:
        """State, progress, and each player's outcome with its reason."""
        stored_run = c.runs.get(run_id)
        outcomes = c.runs.outcomes(run_id)
        systems = count_by_system(outcomes.values())
        counts, predicted = count_outcomes(outcomes), PREDICTED.text
        return {
            **_summary(stored_run),
            "request": dict(stored_run.request),
            "progress": {"expected": counts.expected, "done": counts.done, **counts.kinds},
            "outcomes": _by_spelling(outcomes),
            "players": [
                {**p._asdict(), "outcome": o.outcome.text if o else None} for p, o in outcomes.items()
            ],
            "rows_by_system": {s: n[predicted] for s, n in systems.items() if n[predicted]},
            "reasons_by_system": {
                s: {why: k for why, k in n.items() if why != predicted}
                for s, n in systems.items()
                if set(n) != {predicted}
            },
        }

    @app.post("/check-stalled", responses=app.responses(responses.Ended, 400, 413, 422, 503))
    def check_stalled() -> dict[str, Any]:
        """End the runs whose deadline has passed."""
        return {"ended": c.check_stalled(datetime.now(UTC))}


def _query_routes(app: DocumentedFastAPI, c: Coordinator) -> None:
    @app.get("/predictions/{game_date}", responses=app.responses(responses.ActivePredictions, 422, 503))
    def predictions(game_date: GameDate, as_of: Literal["now", "tipoff"] = "now") -> dict[str, Any]:
        """The active rows of a game date; with ``as_of=tipoff`` the rows active when their game began."""
        day = c.date(game_date)
        if as_of == "now":
            return {"game_date": day, "predictions": c.queries.predictions(day)}
        return {"game_date": day, "predictions": c.queries.predictions_at_tipoff(day, c.clock.now())}

    @app.get("/signals/{game_date}", responses=app.responses(responses.Signals, 404, 422, 503))
    def signals(game_date: GameDate) -> dict[str, Any]:
        """The signal of each system, with the results of earlier days that had the same signal."""
        day = c.date(game_date)
        return {"game_date": day, "signals": c.signals(day)}

    @app.get("/coverage", responses=app.responses(responses.Coverages, 422, 503))
    def coverage(start_date: GameDate, end_date: GameDate) -> dict[str, Any]:
        """Graded rows and rows due for grading, by system."""
        start, end = c.date(start_date, "start_date"), c.date(end_date, "end_date")
        if end < start:
            raise Rejected(f"end_date: {end}, expected {start} or later")
        if (end - start).days >= MAX_DAYS:
            raise Rejected(f"end_date: {end}, expected at most {MAX_DAYS} days from {start} on")
        return {"systems": {s: counts.plain() for s, counts in c.coverage(start, end).items()}}


def _health_routes(app: DocumentedFastAPI, c: Coordinator) -> None:
    @app.get("/health", responses=app.responses(Health))
    def health() -> dict[str, str]:
        """Service, revision and commit. Calls no store, so it responds even if the stores are unavailable."""
        return c.identity.health()

    check_runs = CachedCheck(lambda: c.runs.runs(limit=1))

    @app.get("/ready", responses=app.responses(Ready, 503))
    def ready(request: Request) -> JSONResponse:
        """503 until the stores respond. An authenticated caller also gets each check by name."""
        checks = [run_check("warehouse", c.check_stores), run_check("run store", check_runs)]
        return readiness_response(checks, is_authorised(request))

    @app.get("/heartbeat", responses=app.responses(responses.CoordinatorHeartbeat))
    def heartbeat() -> dict[str, Any]:
        """Process, start time, and the time of the last activity."""
        last = c.last_activity.isoformat() if c.last_activity else None
        return {**c.identity.heartbeat(), "models": [], "last_activity": last}

    @app.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Counts and times in the text format of Prometheus."""
        return Response(generate_latest(c.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _by_spelling(outcomes: Mapping[ExpectedPlayer, PlayerOutcome | None]) -> dict[str, str | None]:
    """Return outcomes by spelling of the player's name; equal spellings get the id appended."""
    spelling_counts = Counter(p.player_lookup for p in outcomes)
    return {
        p.player_lookup if spelling_counts[p.player_lookup] == 1 else f"{p.player_lookup} ({p.player_id})": (
            o.outcome.text if o else None
        )
        for p, o in outcomes.items()
    }


def _summary(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "game_date": run.game_date.isoformat(),
        "state": run.state.value,
        "expected_players": run.expected,
        "opened_at": run.opened_at.isoformat(),
        "closed_at": run.closed_at.isoformat() if run.closed_at else None,
        "note": run.note,
    }
