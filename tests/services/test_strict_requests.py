"""Requests that say something unknown or ambiguous are refused, and the answer names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from shared.domain.game_dates import FIRST, LAST
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import Malformed, Rejected
from shared.schemas.rows import read_rows
from shared.schemas.strict_json import parse_json
from tests.conftest import DAY
from tests.domain.batches import STAR
from tests.services import in_memory
from tests.services.clients import envelope
from tests.services.console.test_console import OURS
from tests.services.test_coordinator import Bench

JSON = {"content-type": "application/json"}


@pytest.fixture
def bench(warehouse: DuckDbWarehouse, tmp_path: Path) -> Bench:
    return Bench(warehouse, tmp_path)


@pytest.fixture
def worker(warehouse: DuckDbWarehouse, tmp_path: Path) -> in_memory.Bench:
    return in_memory.Bench(warehouse, tmp_path / "worker", {})


def refused(answer: httpx.Response, *words: str, status: int = 422) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    for word in words:
        assert word in answer.json()["detail"], answer.json()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"game_date": "TODAY", "allow_stared": True, "force": True}, ["body.allow_stared: unknown field"]),
        ({"gamedate": "TODAY", "sytems": []}, ["body.gamedate", "body.sytems"]),
        ({"systems": []}, ["systems: none, expected some of"]),
        ({"systems": ["catboost_v99"]}, ["'catboost_v99'"]),
        ({"systems": "moving_average"}, ["systems"]),
        ({"systems": [1]}, ["systems"]),
        ({"force": 1}, ["body.force: 1"]),
        ({"force": "yes"}, ["body.force: 'yes'"]),
        ({"min_minutes": True}, ["body.min_minutes: True"]),
        ({"min_minutes": "8"}, ["body.min_minutes: '8'"]),
        ({"min_minutes": -1}, ["body.min_minutes: -1"]),
        ({"min_minutes": 1e300}, ["body.min_minutes: 1e+300"]),
        ({"game_date": 0}, ["body.game_date: 0"]),
        ({"game_date": None}, ["body.game_date: None"]),
        ({"game_date": "0"}, ["game_date: '0', expected YYYY-MM-DD, TODAY"]),
        ({"game_date": "20250319"}, ["game_date: '20250319', expected YYYY-MM-DD"]),
        ({"game_date": "0001-01-01"}, [f"'0001-01-01' is not between {FIRST} and {LAST}"]),
        ({"game_date": "9999-12-31"}, [f"'9999-12-31' is not between {FIRST} and {LAST}"]),
        ({"game_date": "TODAY+999999999"}, ["'TODAY+999999999' is not between"]),
        ([], ["body"]),
        (None, ["body"]),
        ("TODAY", ["body"]),
    ],
)
def test_a_start_that_is_not_understood_whole_starts_nothing(
    bench: Bench, body: object, words: list[str]
) -> None:
    refused(bench.call("POST", "/start", json=body), *words)
    assert bench.world.runs.runs() == []


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"", JSON, 422, "body: missing, expected a JSON object"),
        (b"", {}, 422, "body: missing, expected a JSON object"),
        (b'{"game_date": "TODAY"}', {}, 415, "content-type: missing, expected application/json"),
        (b'{"game_date": "TODAY"}', {"content-type": "text/plain"}, 415, "content-type: 'text/plain'"),
        (b"\xff\xfe", JSON, 400, "byte 0 is not UTF-8"),
        (b"[" * 100_000, JSON, 400, "nested too deeply"),
        (b'{"min_minutes": NaN}', JSON, 422, "body.min_minutes: nan"),
        (b'{"min_minutes": -Infinity}', JSON, 422, "body.min_minutes: -inf"),
        (b'{"force": false, "force": true}', JSON, 422, "'force' is given twice"),
        (b'{"game_date": TODAY}', JSON, 400, "expected JSON"),
        (b'{"min_minutes": ' + b"9" * 5000 + b"}", JSON, 400, "body"),
    ],
)
def test_a_body_that_is_no_json_object_is_one_clear_answer(
    bench: Bench, content: bytes, headers: dict[str, str], status: int, words: str
) -> None:
    refused(bench.call("POST", "/start", content=content, headers=headers), words, status=status)
    assert bench.world.runs.runs() == []


def test_a_start_takes_every_form_of_a_date(bench: Bench) -> None:
    for text in ("TOMORROW", "TODAY+1", "2025-03-20"):
        answer = bench.call("POST", "/start", json={"game_date": text})
        assert "props features build --dates 2025-03-20" in answer.json()["detail"]


def test_a_request_without_a_body_takes_none(bench: Bench) -> None:
    refused(bench.call("POST", "/check-stalled", json={"game_date": "TODAY"}), "unknown 'game_date'")
    refused(bench.call("POST", "/check-stalled", json=[1]), "takes none")
    for body in (b"", b"{}"):
        assert bench.call("POST", "/check-stalled", content=body).json() == {"ended": []}


@pytest.mark.parametrize(
    "payload",
    [
        b'{"game_date": "TODAY", "allow_stared": true, "force": true}',
        b'{"game_date": "TODAY", "force": false, "force": true}',
        b'{"game_date": "TODAY", "force": 1}',
        b'{"game_date": "TODAY", "schema_version": 2, "new": 1}',
    ],
)
def test_a_pushed_run_request_with_a_typing_error_is_kept_and_starts_nothing(
    bench: Bench, payload: bytes
) -> None:
    assert bench.call("POST", "/pubsub/start", content=envelope(payload)).status_code == 204
    assert bench.world.runs.runs() == []
    (kept,) = bench.world.rows("SELECT reason FROM nba_predictions.rejected_messages")
    assert any(
        name in kept["reason"] for name in ("allow_stared", "'force' is given twice", "$.force", "new")
    )


def test_push_addresses_and_envelopes_may_hold_what_the_broker_adds(bench: Bench) -> None:
    asked = envelope(b'{"game_date": "TODAY", "systems": ["moving_average"], "schema_version": 1}')
    pushed = json.dumps(json.loads(asked) | {"subscription": "s", "deliveryAttempt": 3, "new": {}}).encode()
    assert bench.call("POST", "/pubsub/start?token=abc", content=pushed).status_code == 204
    assert len(bench.world.runs.runs()) == 1


BAD_DATES = ("0", "0001-01-01", "9999-12-31", "2025-02-30", "20250319", "1742342400", "x" * 3000)


def addresses(bench: Bench) -> list[tuple[str, str]]:
    """Every GET route that takes dates, each with one that is wrong."""
    found = []
    for route in bench.app.routes:
        if not isinstance(route, APIRoute) or "GET" not in (route.methods or ()):
            continue
        path = route.path.replace("{prediction_id}", "none").replace("{player_lookup}", "none")
        if "{game_date}" in path:
            found += [(path.replace("{game_date}", bad), "game_date") for bad in BAD_DATES]
        names = [p.alias for p in route.dependant.query_params]
        dates = {"date", "before", "game_date", "start_date", "end_date"}.intersection(names)
        others = "".join(f"&{n}=moving_average" for n in ("system",) if n in names)
        others += "&table=absent" if path == "/console/features.csv" else ""
        for name in sorted(dates):
            rest = others + "".join(f"&{other}={DAY}" for other in sorted(dates - {name}))
            found += [(f"{path}?{name}={bad}{rest}", name) for bad in BAD_DATES]
    return found


def test_a_wrong_date_is_named_on_every_page_and_route(bench: Bench) -> None:
    asked = addresses(bench)
    assert len({path.partition("?")[0] for path, _ in asked}) > 15
    for path, name in asked:
        answer = bench.call("GET", path)
        assert answer.status_code == 422, (path[:80], answer.text[:200])
        assert f"{name}: " in answer.text, path[:80]


def test_an_unknown_or_repeated_query_parameter_is_named_on_every_route(bench: Bench) -> None:
    asked = 0
    for route in bench.app.routes:
        if not isinstance(route, APIRoute) or route.path in ("/complete", "/pubsub/start"):
            continue
        path = route.path.replace("{game_date}", str(DAY)).replace("{rest:path}", "x")
        for method in route.methods or ():
            headers = OURS if path.startswith("/console") else {}
            answer = bench.call(method, f"{path}?dat=2025-03-19", headers=headers)
            assert answer.status_code == 422, (path, answer.text[:200])
            assert "unknown &#39;dat&#39;" in answer.text or "unknown 'dat'" in answer.text
            asked += 1
    assert asked > 30
    refused(bench.call("GET", "/runs?limit=1&limit=2"), "'limit' is given twice")


def test_dates_count_from_today_in_addresses_as_on_the_command_line(bench: Bench) -> None:
    assert bench.call("GET", "/predictions/TODAY").json()["game_date"] == DAY.isoformat()
    assert bench.call("GET", "/predictions/TODAY-1").json()["game_date"] == "2025-03-18"
    assert "2025-03-20" in bench.call("GET", "/?date=TOMORROW").text


@pytest.mark.parametrize("limit", ["0", "-1", "501", "1000000000", "1e3", "true", ""])
def test_a_limit_beyond_its_bounds_is_refused(bench: Bench, limit: str) -> None:
    refused(bench.call("GET", f"/runs?limit={limit}"), "query.limit")
    assert bench.call("GET", f"/console/runs?limit={limit}").status_code == 422


def test_the_document_says_that_unknown_fields_are_refused(bench: Bench, worker: in_memory.Bench) -> None:
    start = bench.call("GET", "/openapi.json").json()["components"]["schemas"]["StartIn"]
    assert start["additionalProperties"] is False
    assert "TODAY" in start["properties"]["game_date"]["pattern"]
    batch = worker.call("GET", "/openapi.json").json()["components"]["schemas"]
    assert batch["BatchIn"]["additionalProperties"] is batch["RowIn"]["additionalProperties"] is False


ROW = {"features": {"pct_paint": 0.5}, "line": 20.5}
LIST = {"features": [0.5, 1.0], "line": 20.5}
COLUMNS = {"columns": ["pct_paint", "back_to_back"]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"rows": [ROW], "system": ["moving_average"]}, "body.system: unknown field"),
        ({"rows": [ROW | {"lines": 20.5}]}, "body.rows.0.lines: unknown field"),
        ({"rows": [{"features": {"pct_pain": 0.5}}]}, "body.rows.0.features.pct_pain: unknown field"),
        ({"rows": [LIST], **COLUMNS, "system": []}, "body.system: unknown field"),
        ({"rows": [LIST, LIST | {"lines": 20.5}], **COLUMNS}, "body.rows.1.lines: unknown field"),
        ({"rows": [ROW], "systems": []}, "systems"),
        ({"rows": [LIST], **COLUMNS, "systems": []}, "systems"),
        ({"rows": [{"features": {"pct_paint": True}}]}, "pct_paint"),
        ({"rows": [{"features": {"pct_paint": "0.5"}}]}, "pct_paint"),
        ({"rows": [ROW | {"line": "20.5"}]}, "line"),
        ({"rows": [ROW | {"line": False}]}, "line"),
        ({"rows": [ROW | {"over_price": -110.0}]}, "over_price"),
        ({"rows": [LIST | {"over_price": "-110"}], **COLUMNS}, "over_price"),
    ],
)
def test_a_batch_with_an_unknown_field_is_refused_by_every_reader(
    worker: in_memory.Bench, body: dict[str, Any], words: str
) -> None:
    refused(worker.call("POST", "/predict/batch", json=body), words)


def test_an_unknown_field_is_refused_even_if_it_is_null() -> None:
    good: list[dict[str, Any]] = [{"rows": [{"features": STAR}]}, {"rows": [LIST], **COLUMNS}]
    for body in good:
        assert read_rows(json.dumps(body).encode()) is not None
        with pytest.raises(Rejected, match=r"body.system: unknown field"):
            read_rows(json.dumps(body | {"system": None}).encode())
        rows = [row | {"lines": None} for row in body["rows"]]
        with pytest.raises(Rejected, match=r"body.rows.0.lines: unknown field"):
            read_rows(json.dumps(body | {"rows": rows}).encode())


def test_parameters_of_a_batch_are_not_passed_over(worker: in_memory.Bench) -> None:
    refused(worker.call("POST", "/predict/batch?systems=moving_average", json={"rows": [ROW]}), "'systems'")
    arrow = {"content-type": "application/vnd.apache.arrow.stream"}
    answer = worker.call("POST", "/predict/batch?system=moving_average", content=b"", headers=arrow)
    refused(answer, "query: unknown 'system'; expected some of systems")


def test_a_batch_without_content_type_or_with_a_field_twice(worker: in_memory.Bench) -> None:
    text = json.dumps({"rows": [ROW]})
    refused(worker.call("POST", "/predict/batch", content=text), "content-type: missing", status=415)
    twice = text.replace('"line": 20.5', '"line": 20.5, "line": 30.5')
    for content_type in ("application/json", "application/json; charset=utf-8"):
        answer = worker.call("POST", "/predict/batch", content=twice, headers={"content-type": content_type})
        refused(answer, "'line' is given twice")


def test_json_is_read_as_the_standard_has_it() -> None:
    assert parse_json(b'{"a": [1, 2.5, null, true, "x"], "b": {"a": {}}}')["a"] == [1, 2.5, None, True, "x"]
    with pytest.raises(Rejected, match="'a' is given twice"):
        parse_json(b'{"b": {"a": 1, "a": 1}}')
    with pytest.raises(Malformed):
        parse_json(b'"\xc3"')
