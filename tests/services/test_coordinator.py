from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from services.prediction_coordinator.app import build
from services.prediction_coordinator.console.views import Ports, build_views
from services.prediction_coordinator.coordinator import Coordinator
from services.prediction_coordinator.stalled_run_watcher import StalledRunWatcher
from shared.application.grading.coverage import GradingCoverage
from shared.application.grading.signals import SignalReport
from shared.application.messaging.rejected import KeepRejected
from shared.application.operations.readiness import StoreCheck
from shared.application.queries.read import PredictionQueries
from shared.embedded.broker.store import MessageStore
from shared.embedded.dead_letters import BrokerDeadLetters
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import Unavailable
from shared.ports import Statement
from shared.schemas.messages import PredictionReady, encode
from shared.web.health import Identity
from shared.web.micro_batching import MicroBatcher
from tests.application.jobs import InProcess
from tests.conftest import CLOCK, DAY
from tests.services.clients import Client, envelope
from tests.services.console.reading import Page


class Bench:
    def __init__(self, warehouse: DuckDbWarehouse, folder: Path, max_per_hour: int | None = None) -> None:
        self.world = InProcess(warehouse, folder, max_per_hour=max_per_hour)
        self.app = build(
            Coordinator(
                identity=Identity("prediction-coordinator"),
                start=self.world.start_run,
                record=self.world.record,
                completions=MicroBatcher(self.world.record.record_all, ThreadPoolExecutor(1)),
                check_stalled=self.world.check_stalled,
                keep_rejected=KeepRejected(warehouse, "prediction-coordinator"),
                signals=SignalReport(warehouse),
                coverage=GradingCoverage(warehouse, CLOCK),
                queries=PredictionQueries(warehouse),
                runs=self.world.runs,
                clock=CLOCK,
                check_stores=StoreCheck(warehouse),
                views=build_views(
                    Ports(
                        warehouse,
                        self.world.runs,
                        SqliteDocuments(folder / "documents.sqlite"),
                        DirectoryModelStore(),
                        CLOCK,
                        self.world.start_run,
                        BrokerDeadLetters(
                            MessageStore(folder / "broker.sqlite"), folder, "http://127.0.0.1:9"
                        ),
                    )
                ),
            )
        )

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(Client(self.app).call(method, path, **more))


@pytest.fixture
def bench(warehouse: DuckDbWarehouse, tmp_path: Path) -> Bench:
    return Bench(warehouse, tmp_path)


def test_a_run_over_http_from_start_to_its_predictions(bench: Bench) -> None:
    started = bench.call("POST", "/start", json={"game_date": "TODAY", "systems": ["moving_average"]})
    assert started.status_code == 202
    body = started.json()
    again = bench.call("POST", "/start", json={"game_date": DAY.isoformat()})
    assert again.status_code == 409
    assert again.json()["holder"] == body["run_id"]
    bench.world.work(bench.world.take_jobs())
    for ready in bench.world.reports():
        assert bench.call("POST", "/complete", content=envelope(encode(ready))).status_code == 204
    run = bench.call("GET", body["status_url"]).json()
    assert run["state"] == "COMPLETE"
    assert run["progress"] == {
        "expected": run["progress"]["expected"],
        "done": run["progress"]["expected"],
        "predicted": body["expected_players"],
    }
    assert run["rows_by_system"] == {"moving_average": body["expected_players"]}
    rows = bench.call("GET", f"/predictions/{DAY}").json()["predictions"]
    assert len(rows) == body["expected_players"]
    assert {r["is_active"] for r in rows} == {True}
    assert bench.call("GET", "/runs").json()["runs"][0]["run_id"] == body["run_id"]


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"game_date": "2025-07-01"}, 404, "no games in the schedule"),
        ({"game_date": "2025-03-18"}, 404, "have started"),
        ({"game_date": "2025-03-20"}, 503, "props features build --dates 2025-03-20"),
        ({"game_date": "yesterday"}, 422, "expected YYYY-MM-DD"),
        ({"game_date": 5}, 422, "game_date"),
        ({"systems": ["x"]}, 422, "'x'"),
        ({"reason": "x" * 501}, 422, "at most 500"),
        ({"reason": "two\nlines"}, 422, "printable"),
    ],
)
def test_a_start_that_cannot_be_says_what_came_and_what_was_wanted(
    bench: Bench, asked: dict[str, Any], status: int, words: str
) -> None:
    answer = bench.call("POST", "/start", json=asked)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"game_date": "2025-07-01"}, 404),
        ({"game_date": "2025-03-18"}, 404),
        ({"game_date": "2025-03-20"}, 503),
        ({"systems": ["x"]}, 422),
    ],
)
def test_a_refused_start_is_no_run_and_the_newest_run_stays_the_newest(
    bench: Bench, asked: dict[str, Any], status: int
) -> None:
    done = bench.world.run(systems=["moving_average"])
    answer = bench.call("POST", "/start", json=asked)
    assert answer.status_code == status, answer.text
    assert [r["run_id"] for r in bench.call("GET", "/runs").json()["runs"]] == [done.run_id]
    push = json.dumps({"game_date": "TODAY", **asked}).encode()
    pushed = bench.call("POST", "/pubsub/start", content=envelope(push))
    assert pushed.status_code == (503 if status == 503 else 204)
    assert [r.run_id for r in bench.world.runs.runs()] == [done.run_id]
    assert f"{done.run_id} ✓ Complete" in Page(bench.call("GET", "/").text).text


def test_a_start_that_meets_a_run_under_way_leaves_only_that_one(bench: Bench) -> None:
    started = bench.world.start(systems=["moving_average"])
    for path, status in (("/start", 409), ("/console/runs", 403)):
        assert bench.call("POST", path, json={"game_date": "TODAY"}).status_code == status
    assert [r.run_id for r in bench.world.runs.runs()] == [started.run_id]


def test_pushes_that_can_never_succeed_are_kept_and_acknowledged(bench: Bench) -> None:
    stray = encode(PredictionReady(1, "no-such-run", "p", "predicted", {}))
    for path, body in (
        ("/complete", b"not json"),
        ("/complete", envelope(stray)),
        ("/complete", b"x" * 2_000_000),
        ("/complete", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        ("/pubsub/start", envelope(b'{"game_date": "2025-07-01"}')),
        ("/pubsub/start", envelope(b'{"game_date": 1}')),
    ):
        assert bench.call("POST", path, content=body).status_code == 204
    kept = bench.world.rows("SELECT reason FROM nba_predictions.rejected_messages")
    assert len(kept) == 6
    assert any("no-such-run" in r["reason"] for r in kept)


def test_a_push_starts_a_run_and_asks_for_repetition_only_where_that_may_help(bench: Bench) -> None:
    wanted = msgspec.json.encode({"game_date": DAY.isoformat(), "systems": ["moving_average"]})
    assert bench.call("POST", "/pubsub/start", content=envelope(wanted)).status_code == 204
    assert len(bench.world.runs.runs()) == 1
    early = msgspec.json.encode({"game_date": "2025-03-20"})
    assert bench.call("POST", "/pubsub/start", content=envelope(early)).status_code == 503


def test_questions_about_the_service(bench: Bench) -> None:
    assert bench.call("GET", "/health").json()["service"] == "prediction-coordinator"
    ready = bench.call("GET", "/ready").json()
    assert ready["status"] == "ready"
    assert [(c["name"], c["status"]) for c in ready["checks"]] == [
        ("warehouse", "passed"),
        ("run store", "passed"),
    ]
    assert bench.call("GET", "/heartbeat").json()["instance"]
    assert "coordinator_messages" in bench.call("GET", "/metrics").text
    assert bench.call("GET", "/runs/none").status_code == 404
    assert bench.call("POST", "/check-stalled").json() == {"ended": []}
    start = bench.call("GET", "/openapi.json").json()["paths"]["/start"]["post"]["responses"]
    assert {"202", "404", "409", "422", "503"} <= set(start)


def test_signals_and_coverage_over_http(bench: Bench) -> None:
    none = bench.call("GET", f"/signals/{DAY}")
    assert (none.status_code, "no signal" in none.json()["detail"]) == (404, True)
    bench.world.run(systems=["moving_average"])
    (row,) = bench.call("GET", f"/signals/{DAY}").json()["signals"]
    assert (row["system_id"], row["evidence"]) == ("moving_average", [])
    span = {"start_date": DAY.isoformat(), "end_date": DAY.isoformat()}
    found = bench.call("GET", "/coverage", params=span).json()["systems"]["moving_average"]
    assert (found["level"], found["coverage"]) == ("NOT_DUE", None)
    assert found["predictions"] == sum(found["undue"].values()) > 50
    backwards = bench.call("GET", "/coverage", params=span | {"end_date": "2025-03-01"})
    assert (backwards.status_code, "expected 2025-03-19 or later" in backwards.json()["detail"]) == (
        422,
        True,
    )
    ages = bench.call("GET", "/coverage", params=span | {"start_date": "2015-10-01"})
    assert (ages.status_code, "at most 400 days" in ages.json()["detail"]) == (422, True)


def test_the_service_looks_for_stalled_runs_itself_and_bears_a_store_that_is_away() -> None:
    asked: list[datetime] = []
    three = threading.Event()

    def check(now: datetime) -> None:
        asked.append(now)
        if len(asked) == 1:
            raise Unavailable("the store is away")
        if len(asked) == 3:
            three.set()

    with StalledRunWatcher(check, 0.01):
        assert three.wait(10)
    assert all(now.tzinfo is UTC for now in asked)
    with StalledRunWatcher(check, 0):
        assert "stalled-runs" not in {t.name for t in threading.enumerate()}


def test_two_players_of_one_name_are_both_listed_and_each_has_a_page(bench: Bench) -> None:
    chosen = bench.world.rows(
        "SELECT player_id FROM nba_predictions.ml_feature_store_v2 ORDER BY player_id LIMIT 2"
    )
    ids = [r["player_id"] for r in chosen]
    for table in (
        "nba_predictions.ml_feature_store_v2",
        "nba_analytics.upcoming_player_game_context",
        "nba_analytics.player_game_summary",
    ):
        change = f"UPDATE {table} SET player_lookup = 'jonasalder' WHERE player_id IN ({ids[0]}, {ids[1]})"
        bench.world.warehouse.transact([Statement(change)])
    body = {"game_date": "TODAY", "systems": ["moving_average"]}
    url = bench.call("POST", "/start", json=body).json()["status_url"]
    bench.world.work(bench.world.take_jobs())
    for ready in bench.world.reports():
        assert bench.call("POST", "/complete", content=envelope(encode(ready))).status_code == 204
    run = bench.call("GET", url).json()
    listed = [p for p in run["players"] if p["player_lookup"] == "jonasalder"]
    assert [(p["player_id"], p["outcome"]) for p in listed] == [(i, "predicted") for i in ids]
    assert [p for p in run["outcomes"] if p.startswith("jonasalder")] == [f"jonasalder ({i})" for i in ids]
    page = bench.call("GET", "/console/players/jonasalder")
    assert page.status_code == 200
    assert [f'href="/console/players/{i}"' in page.text for i in ids] == [True, True]
    refused = bench.call("GET", "/console/players/jonasalder.csv")
    assert refused.status_code == 422
    assert all(str(i) in refused.text for i in ids)
    for i in ids:
        rows = bench.call("GET", f"/console/players/{i}.csv?table=said").text.splitlines()
        assert len(rows) == 2  # the head, and the one row of the one system
