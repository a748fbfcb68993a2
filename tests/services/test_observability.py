"""Traces, logs and metrics of both services, over their ASGI interfaces with real push envelopes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.prediction_worker.app import build
from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.model_registry.loading import LoadedModel
from shared.ports import OutgoingMessage
from shared.schemas.messages import PredictionReady, decode, encode
from shared.web.request_metrics import RequestMetricsMiddleware
from tests.conftest import Logged
from tests.services.clients import envelope, pushed
from tests.services.in_memory import Bench as WorkerBench
from tests.services.test_coordinator import Bench as CoordinatorBench

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PARENT = f"00-{TRACE}-{SPAN}-01"
OTHER = f"00-{'a' * 32}-{'b' * 16}-01"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.c2VjcmV0.signature"


@pytest.fixture
def coordinator(warehouse: DuckDbWarehouse, tmp_path: Path) -> CoordinatorBench:
    return CoordinatorBench(warehouse, tmp_path)


@pytest.fixture
def worker(warehouse: DuckDbWarehouse, tmp_path: Path, models: dict[str, LoadedModel]) -> WorkerBench:
    return WorkerBench(warehouse, tmp_path, models)


def together(bench: WorkerBench, bodies: list[bytes]) -> list[httpx.Response]:
    """Several pushes at the same time, so that they share a batch."""

    async def go() -> list[httpx.Response]:
        app = build(bench.make)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await asyncio.gather(*(client.post("/predict", content=b) for b in bodies))

    return asyncio.run(go())


def test_a_trace_follows_from_start_to_complete(coordinator: CoordinatorBench, logged: Logged) -> None:
    world = coordinator.world
    asked = {"game_date": "TODAY", "systems": ["moving_average"]}
    started = coordinator.call("POST", "/start", json=asked, headers={"traceparent": PARENT}).json()
    jobs = world.outbox.sent[REQUEST_TOPIC]
    assert {tuple(sorted(j.attributes.items())) for j in jobs} == {
        (("run_id", started["run_id"]), ("traceparent", PARENT))
    }
    world.stage([world.stage.accept(pushed(j)) for j in jobs])
    outcomes = world.outbox.sent[READY_TOPIC]
    assert {o.attributes["traceparent"] for o in outcomes} == {PARENT}
    for outcome in outcomes:
        answer = coordinator.call(
            "POST", "/complete", content=pushed(outcome), headers={"traceparent": OTHER}
        )
        assert answer.status_code == 204
    (complete,) = world.outbox.sent["predictions-complete"]
    assert complete.attributes == {"run_id": started["run_id"], "traceparent": PARENT}
    lines = {line["message"].split(":")[0]: line for line in logged()}
    assert set(lines) == {"run started", "batch staged", "run ended COMPLETE"}
    for line in lines.values():
        assert line["logging.googleapis.com/trace"].endswith(TRACE)
        assert line["run_id"] == started["run_id"]
        assert line["game_date"] == "2025-03-19"
    assert lines["batch staged"]["said"] == {"moving_average": {"predicted": len(jobs)}}
    assert lines["run ended COMPLETE"]["players"] == {"predicted": len(jobs)}


def test_jobs_of_several_traces_in_one_batch_are_reported_under_their_own(
    worker: WorkerBench, logged: Logged
) -> None:
    messages = [
        OutgoingMessage(encode(job), {"traceparent": trace})
        for job, trace in zip(worker.jobs[:4], [PARENT, OTHER, OTHER, "broken"], strict=True)
    ]
    assert {a.status_code for a in together(worker, [pushed(m) for m in messages])} == {204}
    told = {
        decode(o.body, PredictionReady).player_lookup: o.attributes.get("traceparent")
        for o in worker.world.outbox.sent[READY_TOPIC]
    }
    own = [told[job.player_lookup] for job in worker.jobs[:4]]
    assert own[:3] == [PARENT, OTHER, OTHER]
    assert own[3] not in (None, PARENT, OTHER, "broken")  # that of the request, which began one
    batches = [line for line in logged() if line["message"].startswith("batch staged")]
    assert sum(b["jobs"] for b in batches) == 4
    assert len(batches) < 4


def test_a_rejected_message_is_one_warning_with_its_player_and_trace_and_without_its_body(
    worker: WorkerBench, logged: Logged
) -> None:
    body = json.dumps({**json.loads(encode(worker.job)), "feature_version": "v1"}).encode()
    assert (
        worker.call(
            "POST", "/predict", content=envelope(body, attributes={"traceparent": PARENT})
        ).status_code
        == 204
    )
    (line,) = [line for line in logged() if line["severity"] != "INFO"]
    assert line["severity"] == "WARNING"
    assert line["message"] == "message rejected: feature_version 'v1', expected 'v2_33features'"
    assert (line["kind"], line["message_id"]) == ("feature_version", "7")
    assert (line["run_id"], line["player_lookup"]) == (worker.job.run_id, worker.job.player_lookup)
    assert line["logging.googleapis.com/trace"].endswith(TRACE)
    assert worker.job.feature_hash not in json.dumps(line)
    (told,) = worker.world.outbox.sent[READY_TOPIC]
    assert told.attributes == {"run_id": worker.job.run_id, "traceparent": PARENT}


def test_a_message_that_names_itself_at_length_does_not_fill_the_log(
    worker: WorkerBench, logged: Logged
) -> None:
    names = {"player_lookup": "p" * 100_000, "systems": ["s" * 100_000]}
    body = json.dumps(json.loads(encode(worker.job)) | names).encode()
    assert worker.call("POST", "/predict", content=envelope(body)).status_code == 204
    (line,) = [line for line in logged() if line["severity"] != "INFO"]
    assert line["kind"] == "systems"
    assert len(json.dumps(line)) < 10_000


def test_an_unforeseen_failure_is_logged_with_its_stack_and_answered_without_details(
    coordinator: CoordinatorBench, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(**_: object) -> Any:
        raise KeyError("inner detail")

    monkeypatch.setattr(coordinator.world.runs, "runs", fails)
    answer = coordinator.call(
        "GET", "/runs", headers={"authorization": f"Bearer {TOKEN}", "traceparent": PARENT}
    )
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "internal error",
        "status": 500,
        "detail": f"see the log, trace {TRACE}",
    }
    (line,) = logged()
    assert line["severity"] == "ERROR"
    assert line["message"] == "unexpected error in GET /runs"
    assert "KeyError: 'inner detail'" in line["exception"]
    assert "in fails" in line["exception"]
    assert line["logging.googleapis.com/trace"].endswith(TRACE)
    assert TOKEN not in json.dumps(line)


def test_a_batch_that_fails_is_logged_once_however_many_messages_it_holds(
    worker: WorkerBench, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.errors import Unavailable

    bodies = [envelope(encode(job)) for job in worker.jobs[:20]]
    for failure, severity, status in (
        (Unavailable("the warehouse is away"), "WARNING", 503),
        (RuntimeError("unforeseen"), "ERROR", 500),
    ):

        def fails(*_: object, failure: Exception = failure) -> None:
            raise failure

        monkeypatch.setattr(worker.world.warehouse, "append", fails)
        before = len(logged())
        assert {a.status_code for a in together(worker, bodies)} == {status}
        lines = [line for line in logged()[before:] if line["severity"] != "INFO"]
        assert [line["severity"] for line in lines] == [severity]


def test_a_request_meets_what_observes_it_before_anything_of_the_framework(worker: WorkerBench) -> None:
    stack = build(worker.make).build_middleware_stack()
    assert type(stack) is RequestMetricsMiddleware


def test_requests_are_counted_by_declared_route_and_status(coordinator: CoordinatorBench) -> None:
    for path in ("/health", "/runs/none", "/runs/other", "/no/such/path", "/another"):
        coordinator.call("GET", path)
    text = coordinator.call("GET", "/metrics").text
    assert 'coordinator_request_seconds_count{route="/health",status="200"} 1.0' in text
    assert 'coordinator_request_seconds_count{route="/runs/{run_id}",status="404"} 2.0' in text
    assert 'coordinator_request_seconds_count{route="unknown",status="404"} 2.0' in text
    assert "/no/such" not in text


def test_nothing_is_logged_of_a_token_or_body(
    coordinator: CoordinatorBench, worker: WorkerBench, logged: Logged
) -> None:
    sent = {"authorization": f"Bearer {TOKEN}"}
    coordinator.call("POST", "/start", json={"game_date": "yesterday", "reason": TOKEN}, headers=sent)
    coordinator.call("POST", "/complete", content=envelope(TOKEN.encode()), headers=sent)
    coordinator.call("POST", "/pubsub/start", content=TOKEN.encode(), headers=sent)
    worker.call("POST", "/predict", content=TOKEN.encode(), headers=sent)
    worker.call("POST", "/predict", content=envelope(json.dumps({"run_id": TOKEN}).encode()), headers=sent)
    text = json.dumps(logged())
    assert len(logged()) >= 4
    assert TOKEN not in text
    assert "Bearer" not in text
