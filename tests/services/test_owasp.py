"""One test for each item of the OWASP API Security Top 10 of 2023 that applies; SECURITY.md says which do not."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from services.prediction_coordinator.app import build as build_coordinator
from services.prediction_worker.app import build as build_worker
from shared.application.runs.rate_limit import check_rate
from shared.domain.vocabulary import RunState
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import TooMany
from shared.ports import Run
from shared.schemas.messages import PredictionReady, encode
from shared.web.authentication import PUBLIC_PATHS, AuthPolicy
from shared.web.body_limits import BodyLimits
from shared.web.id_tokens import TokenPolicy
from tests.conftest import DAY
from tests.domain.batches import STAR
from tests.services import in_memory, test_coordinator
from tests.services.clients import ask, envelope
from tests.services.issuer import AUDIENCE, CALLER, ISSUER, Key, bearer

TRUST = TokenPolicy(frozenset({AUDIENCE}), frozenset({CALLER}), frozenset({ISSUER}))
JSON = {"content-type": "application/json"}
DOCUMENTS = {"/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect"}


@pytest.fixture
def coordinator(warehouse: DuckDbWarehouse, tmp_path: Path) -> test_coordinator.Bench:
    return test_coordinator.Bench(warehouse, tmp_path)


@pytest.fixture
def worker(warehouse: DuckDbWarehouse, tmp_path: Path) -> in_memory.Bench:
    """Without trained models, which these tests do not need; its run is not the coordinator's."""
    return in_memory.Bench(warehouse, tmp_path / "worker", {})


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path, with something in the place of a parameter."""
    for route in app.routes:
        for method in getattr(route, "methods", None) or ["GET"]:
            path = str(getattr(route, "path", ""))
            yield method, re.sub(r"{run_id}", "none", path.replace("{game_date}", DAY.isoformat()))


def closed(
    coordinator: test_coordinator.Bench, worker: in_memory.Bench, trust: TokenPolicy = TRUST
) -> list[FastAPI]:
    auth_policy = AuthPolicy(trust)
    return [
        build_coordinator(coordinator.app.state.coordinator, auth_policy),
        build_worker(worker.make, auth_policy),
    ]


def test_no_route_of_either_service_answers_without_a_token(
    coordinator: test_coordinator.Bench, worker: in_memory.Bench
) -> None:
    """API2:2023 Broken Authentication."""
    asked = 0
    for app in closed(coordinator, worker):
        for method, path in [*routes(app), ("GET", "/nothing"), ("DELETE", "/start"), ("GET", "//health")]:
            answer = ask(app, method, path)
            assert (answer.status_code == 401) == (path not in PUBLIC_PATHS), (method, path, answer.text)
            asked += 1
    assert asked > 25


def test_properties_that_are_not_a_callers_are_not_taken_from_him(
    coordinator: test_coordinator.Bench,
) -> None:
    """API3:2023 Broken Object Property Level Authorization."""
    mine = {"job": "backfill", "in_sample": True, "run_id": "mine", "state": "COMPLETE", "mode": "BACKFILL"}
    asked = {"game_date": "TODAY", "systems": ["moving_average"]}
    refused = coordinator.call("POST", "/start", json=asked | mine)
    assert refused.status_code == 422
    assert all(f"body.{name}: unknown field" in refused.json()["detail"] for name in mine)
    run_id = coordinator.call("POST", "/start", json=asked).json()["run_id"]
    run = coordinator.world.runs.get(run_id)
    assert (run.request["job"], run.request["in_sample"], run.request["mode"]) == (None, False, "LIVE")
    assert run.state is RunState.PUBLISHED


def test_no_body_is_longer_than_its_limit(
    coordinator: test_coordinator.Bench, worker: in_memory.Bench
) -> None:
    """API4:2023 Unrestricted Resource Consumption: bytes."""
    limits = BodyLimits(push_bytes=1000, batch_bytes=5000)
    apps = [
        build_coordinator(coordinator.app.state.coordinator, limits=limits),
        build_worker(worker.make, limits=limits),
    ]
    posts = [(app, path) for app in apps for method, path in routes(app) if method == "POST"]
    assert len(posts) == 8
    for app, path in posts:
        body = b"x" * (5001 if path == "/predict/batch" else 1001)
        kept = path in ("/predict", "/complete", "/pubsub/start")
        for sent in (body, in_parts(body)):
            answer = ask(app, "POST", path, content=sent, headers=JSON)
            assert answer.status_code == (204 if kept else 413), (path, answer.text)
        assert ask(app, "POST", path, content=body[:-1], headers=JSON).status_code != 413
    reasons = coordinator.world.rows("SELECT reason FROM nba_predictions.rejected_messages")
    assert sum("body of more than 1000 bytes" in r["reason"] for r in reasons) == 6


async def in_parts(body: bytes) -> Any:
    """Sent in chunks, without a length told beforehand."""
    for start in range(0, len(body), 100):
        yield body[start : start + 100]


def test_a_length_that_is_a_lie_is_not_believed(worker: in_memory.Bench) -> None:
    """API4:2023 Unrestricted Resource Consumption: a short Content-Length before a long body."""
    app = build_worker(worker.make, limits=BodyLimits(batch_bytes=1000))
    for told in ("10", "-1", "x", ""):
        answer = ask(
            app, "POST", "/predict/batch", content=b"x" * 1001, headers=JSON | {"content-length": told}
        )
        assert answer.status_code == 413


def test_a_body_that_says_it_is_too_long_is_not_read(worker: in_memory.Bench) -> None:
    """API4:2023 Unrestricted Resource Consumption: the answer comes before the body."""
    read: list[bytes] = []

    async def endless() -> Any:
        read.append(b"x")
        yield b"x"

    told = JSON | {"content-length": str(10**12)}
    answer = worker.call("POST", "/predict/batch", content=endless(), headers=told)
    assert (answer.status_code, read) == (413, [])


def test_no_batch_and_no_span_is_longer_than_its_limit(
    coordinator: test_coordinator.Bench, worker: in_memory.Bench
) -> None:
    """API4:2023 Unrestricted Resource Consumption: rows and dates."""
    rows = {"rows": [{"features": {}}] * 5001}
    assert worker.call("POST", "/predict/batch", json=rows).status_code == 422
    span = {"start_date": "1900-01-01", "end_date": "2100-01-01"}
    assert coordinator.call("GET", "/coverage", params=span).status_code == 422
    assert coordinator.call("GET", "/runs", params={"limit": 10**9}).status_code == 422


def test_who_may_come_in_is_a_list_and_no_route_is_left_out_of_it(
    coordinator: test_coordinator.Bench, worker: in_memory.Bench, key: Key
) -> None:
    """API5:2023 Broken Function Level Authorization."""
    stranger = bearer(key.mint(email="stranger@project.example"))
    for app in closed(coordinator, worker):
        for method, path in routes(app):
            answer = ask(app, method, path, headers=stranger)
            assert (answer.status_code == 403) == (path not in PUBLIC_PATHS), (method, path, answer.text)
    assert ask(
        closed(coordinator, worker)[0], "POST", "/check-stalled", headers=bearer(key.mint())
    ).json() == {"ended": []}


def test_runs_have_a_rate(warehouse: DuckDbWarehouse, tmp_path: Path) -> None:
    """API6:2023 Unrestricted Access to Sensitive Business Flows: a run costs money and replaces what is shown."""
    bench = test_coordinator.Bench(warehouse, tmp_path, max_per_hour=1)
    for status in (404, 202, 429):  # a start that is refused is no run
        asked = {"game_date": "2025-07-01"} if status == 404 else {"game_date": "TODAY"}
        answer = bench.call("POST", "/start", json=asked)
        assert answer.status_code == status, answer.text
    assert 3590 <= int(answer.headers["retry-after"]) <= 3600
    assert len(bench.world.runs.runs()) == 1
    push = msgspec.json.encode({"game_date": "TODAY"})
    again = bench.call("POST", "/pubsub/start", content=envelope(push))
    assert (again.status_code, "at most 1" in again.json()["detail"]) == (503, True)


def test_runs_of_jobs_neither_count_nor_are_counted(warehouse: DuckDbWarehouse, tmp_path: Path) -> None:
    """API6:2023: a season is predicted without a limit, and services are not kept from their work by it."""
    world = test_coordinator.Bench(warehouse, tmp_path, max_per_hour=1).world
    now = datetime.now(UTC)
    for n in range(9):
        opened = now - timedelta(minutes=50 - n)
        day = DAY - timedelta(days=n + 1)
        world.runs.open(Run(f"job-{n}", day, RunState.CREATED, opened, 0, {"job": "backfill"}))
    check_rate(world.runs, 1, now)
    world.runs.open(Run("old", DAY, RunState.CREATED, now - timedelta(minutes=61), 0, {"job": None}))
    check_rate(world.runs, 1, now)
    tomorrow = DAY + timedelta(days=1)
    world.runs.open(Run("served", tomorrow, RunState.CREATED, now - timedelta(minutes=55), 0, {"job": None}))
    with pytest.raises(TooMany) as refused:
        check_rate(world.runs, 1, now)
    assert refused.value.retry_after == 300
    check_rate(world.runs, 1, now + timedelta(minutes=6))


LURES = {
    "model_path": "gs://bucket/model.cbm",
    "CATBOOST_V9_MODEL_PATH": "/etc/passwd",
    "shadow_model_paths": ["http://169.254.169.254/computeMetadata/v1/"],
    "model_sha256": "0" * 64,
    "callback_url": "https://site.example/",
    "certs_url": "http://site.example/certs",
}


@pytest.fixture
def nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whatever was connected to, looked up or read as a model; it stays empty."""
    seen: list[object] = []

    def note(*what: object) -> None:
        seen.append(what)
        raise OSError("blocked")

    monkeypatch.setattr(socket.socket, "connect", note)
    monkeypatch.setattr(socket.socket, "connect_ex", note)
    monkeypatch.setattr(socket, "getaddrinfo", note)
    monkeypatch.setattr(DirectoryModelStore, "fetch", note)
    return seen


def test_nothing_that_a_message_names_is_fetched(
    worker: in_memory.Bench, nothing_is_fetched: list[object]
) -> None:
    """API7:2023 Server Side Request Forgery: paths and URLs in a message are text, wherever they stand."""
    job = msgspec.to_builtins(worker.job)
    plain = worker.push(msgspec.json.encode(job))
    lured = worker.push(msgspec.json.encode(job | LURES | {"feature_snapshot_id": "gs://bucket/rows"}))
    assert (plain.status_code, lured.status_code) == (204, 204)
    rows = worker.world.rows(
        "SELECT system_id, raw_prediction, model_sha256 FROM nba_predictions.prediction_staging ORDER BY system_id"
    )
    assert rows[::2] == rows[1::2]
    assert len(rows) > 0
    named = worker.push(msgspec.json.encode(job | {"systems": ["gs://bucket/model.cbm"]}))
    assert named.status_code == 204
    assert "gs://bucket/model.cbm" in worker.rejected()[0]["reason"]
    assert nothing_is_fetched == []


def test_nothing_that_a_request_names_is_fetched(
    coordinator: test_coordinator.Bench, worker: in_memory.Bench, nothing_is_fetched: list[object]
) -> None:
    """API7:2023 Server Side Request Forgery: the same of the routes that are called directly."""
    row = {"features": STAR | {"vegas_points_line": 21.5}, "line": 21.5}
    plain = worker.call("POST", "/predict/batch", json={"rows": [row]})
    assert plain.status_code == 200
    for asked in (
        LURES,
        {"rows": [row | LURES]},
        {"systems": ["https://site.example/m.cbm"]},
        {"rows": [{"features": {"gs://bucket/m": 1.0}}]},
    ):
        assert worker.call("POST", "/predict/batch", json={"rows": [row]} | asked).status_code == 422
    started = coordinator.call("POST", "/start", json={"game_date": "TODAY", "reason": "gs://bucket/m"})
    assert started.status_code == 202
    lured = coordinator.call("POST", "/start", json={"game_date": "TODAY", **LURES})
    assert lured.status_code == 422
    assert coordinator.call("GET", "/runs/gs:%2F%2Fbucket%2Fm").status_code == 404
    assert nothing_is_fetched == []


def test_answers_give_nothing_away(
    coordinator: test_coordinator.Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """API8:2023 Security Misconfiguration: no stack trace, no foreign origin, no method beyond the documented."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("inside")

    plain = coordinator.call("GET", "/runs", headers={"Origin": "http://127.0.0.1"})
    assert not [name for name in plain.headers if name.startswith("access-control")]
    assert coordinator.call("OPTIONS", "/start").status_code == 405
    assert coordinator.call("TRACE", "/start").status_code == 405
    monkeypatch.setattr(coordinator.world.runs, "runs", broken)
    answer = coordinator.call("GET", "/runs")
    assert (answer.status_code, "inside" in answer.text, "Traceback" in answer.text) == (500, False, False)
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_route_is_in_the_document_and_in_no_other(
    coordinator: test_coordinator.Bench, worker: in_memory.Bench
) -> None:
    """API9:2023 Improper Inventory Management."""
    for app in closed(coordinator, worker):
        served = {r.path for r in app.routes if isinstance(r, APIRoute) and r.include_in_schema}
        assert served == set(app.openapi()["paths"])
        pages = {r.path for r in app.routes if isinstance(r, APIRoute)} - served
        assert all(path == "/" or path.startswith("/console/") for path in pages)
        others = {str(getattr(r, "path", "")) for r in app.routes} - served - pages
        assert others == DOCUMENTS
        for path, operations in app.openapi()["paths"].items():
            for operation in operations.values():
                assert ("security" in operation) == (path not in PUBLIC_PATHS)


def test_what_other_services_send_is_checked_like_what_strangers_send(
    coordinator: test_coordinator.Bench, worker: in_memory.Bench
) -> None:
    """API10:2023 Unsafe Consumption of APIs: a message of the other service proves nothing by where it is from."""
    job = msgspec.to_builtins(worker.job)
    assert worker.push(msgspec.json.encode(job | {"feature_hash": "0" * 16})).status_code == 204
    assert "hash" in worker.rejected()[0]["reason"]
    run_id = coordinator.call("POST", "/start", json={"game_date": "TODAY"}).json()["run_id"]
    expected = coordinator.world.runs.outcomes(run_id)
    for stray in (
        PredictionReady(1, "another-run", next(iter(expected)).player_lookup, "predicted", {}),
        PredictionReady(1, run_id, "nobody", "predicted", {}),
    ):
        assert coordinator.call("POST", "/complete", content=envelope(encode(stray))).status_code == 204
    assert set(coordinator.world.runs.outcomes(run_id).values()) == {None}
    assert coordinator.world.runs.get(run_id).state is RunState.PUBLISHED
