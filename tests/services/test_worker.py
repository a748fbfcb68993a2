from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.prediction_worker.app import build
from shared.application.models.registry import Registry, State
from shared.application.prediction.job_batch import pack_inputs
from shared.application.prediction.predict import Predict
from shared.application.prediction.stage import Job
from shared.embedded.model_store import DirectoryModelStore
from shared.errors import Unavailable
from shared.model_registry.bundle import read_bundle
from shared.ports import Statement
from shared.schemas.messages import PredictionReady, PredictionRequest, decode, encode
from tests.conftest import CLOCK
from tests.services.clients import Client, envelope
from tests.services.in_memory import Bench


def test_a_good_message_is_stored_then_reported_then_acknowledged(bench: Bench) -> None:
    assert bench.push(encode(bench.job)).status_code == 204
    staged = bench.world.rows("SELECT * FROM nba_predictions.prediction_staging")
    assert {r["player_lookup"] for r in staged} == {bench.job.player_lookup}
    (ready,) = bench.world.reports()
    assert ready.outcome == "predicted"
    assert ready.systems["catboost_v8"] == "no_model"
    assert sum(v == "predicted" for v in ready.systems.values()) == len(staged)


def altered(job: PredictionRequest, **fields: Any) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(job), **fields})


def with_price(price: int) -> dict[str, Any]:
    return {"value": 20.5, "book": "draftkings", "quote_id": "q", "precision": "quote", "over_price": price}


def with_feature(job: PredictionRequest, text: str) -> bytes:
    values = ["null" if v is None else repr(v) for v in job.features]
    plain = json.loads(encode(job))
    plain["features"] = "HERE"
    return json.dumps(plain).replace('"HERE"', f"[{', '.join([text, *values[1:]])}]").encode()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (lambda j: altered(j, schema_version=9), "schema_version 9, expected 1"),
        (lambda j: altered(j, features=j.features[:30]), "30 values, expected 33"),
        (lambda j: altered(j, features=[*j.features, 1.0]), "34 values, expected 33"),
        (lambda j: with_feature(j, "NaN"), "PredictionRequest"),
        (lambda j: with_feature(j, "Infinity"), "PredictionRequest"),
        (lambda j: with_feature(j, "1e999"), "points_avg_last_5|out of range"),
        (lambda j: altered(j, features=[j.features[0] + 1.0, *j.features[1:]]), "hash"),
        (lambda j: altered(j, systems=["catboost_v7"]), "'catboost_v7' is unknown"),
        (lambda j: altered(j, feature_version="v1"), "feature_version 'v1'"),
        (lambda j: altered(j, recent=[1.0, 2.0]), "recent: 2 numbers"),
        (lambda j: altered(j, game_date="19.3.2025"), "Invalid RFC3339 encoded date - at `$.game_date`"),
        (lambda j: altered(j, player_lookup=5), "player_lookup"),
        (lambda j: altered(j, tipoff="2025-03-19T19:00:00"), "tipoff|timezone"),
        (lambda j: altered(j, recent=[1e308] * 10), "recent"),
        (lambda j: altered(j, line=with_price(0)), "price 0, expected American odds"),
        (lambda j: altered(j, line=with_price(10**9)), "over_price"),
        (lambda _: b"{}", "missing required field"),
        (lambda _: b"\xff\xfe", "PredictionRequest"),
    ],
)
def test_a_message_that_can_never_succeed_is_kept_with_its_reason_and_acknowledged(
    bench: Bench, payload: Any, reason: str
) -> None:
    body = payload(bench.job)
    assert bench.push(body).status_code == 204
    (row,) = bench.rejected()
    assert any(part in row["reason"] for part in reason.split("|")), row["reason"]
    assert row["message_id"] == "7"
    assert row["body"].encode() == envelope(body)
    assert not bench.world.rows("SELECT * FROM nba_predictions.prediction_staging")
    if b"player_lookup" in body and b'"player_lookup":5' not in body:
        (ready,) = bench.world.reports()
        assert (ready.run_id, ready.outcome) == (bench.job.run_id, "failed:rejected_message")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"not json", "expected JSON with message.data"),
        (b'{"message": {"data": "***"}}', "not base64"),
        (b'{"other": 1}', "message"),
        (b"", "push envelope"),
        (b"x" * 10_000_000, "expected at most"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "recursion"),
        (envelope(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), "recursion"),
    ],
    ids=["json", "base64", "shape", "empty", "10 MB", "deep envelope", "deep message"],
)
def test_a_malformed_envelope_is_kept_and_acknowledged(bench: Bench, body: bytes, reason: str) -> None:
    assert bench.call("POST", "/predict", content=body).status_code == 204
    (row,) = bench.rejected()
    assert reason in row["reason"]


def test_when_the_store_is_away_the_message_is_to_come_again(bench: Bench, monkeypatch: Any) -> None:
    def away(*_: object) -> None:
        raise Unavailable("the warehouse is away")

    monkeypatch.setattr(bench.world.warehouse, "append", away)
    answer = bench.push(encode(bench.job))
    assert answer.status_code == 503
    assert answer.json()["detail"] == "the warehouse is away"
    assert answer.headers["content-type"] == "application/problem+json"


def test_one_bad_row_does_not_take_its_batch_along(bench: Bench, monkeypatch: Any) -> None:
    poison = bench.jobs[3].player_lookup
    whole = Predict.predict_columns

    def fails_on_poison(self: Predict, jobs: Any) -> Any:
        if bench.jobs[3].player_id in [player for _, _, player in jobs.keys]:
            raise ValueError("cannot be predicted")
        return whole(self, jobs)

    monkeypatch.setattr(Predict, "predict_columns", fails_on_poison)
    bench.world.stage([Job(j, pack_inputs(j), envelope(encode(j))) for j in bench.jobs[:6]])
    ready = {r.player_lookup: r.outcome for r in bench.world.reports()}
    assert ready.pop(poison) == "failed:rejected_message"
    assert list(ready.values()) == ["predicted"] * 5


def test_ready_only_with_every_required_model(bench: Bench) -> None:
    ready = bench.call("GET", "/ready").json()
    assert ready["status"] == "ready"
    checks = {c["name"]: c for c in ready["checks"]}
    assert set(checks) == {"warehouse", *(f"model:{s}" for s in bench.models)}
    assert {c["status"] for c in checks.values()} == {"passed"}
    assert checks["warehouse"]["ms"] > 0
    bench.missing["catboost_v8"] = "no model path is set"
    answer = bench.call("GET", "/ready")
    assert answer.status_code == 503
    assert answer.json()["detail"] == "model:catboost_v8: no model path is set"
    assert answer.json()["checks"][-1]["status"] == "failed"
    assert bench.call("GET", "/health").json()["service"] == "prediction-worker"


def test_the_heartbeat_names_the_models_that_run(bench: Bench) -> None:
    beat = bench.call("GET", "/heartbeat").json()
    assert {m["sha256"] for m in beat["models"]} == {m.sha256 for m in bench.models.values()}
    assert all(m["verified"] for m in bench.call("GET", "/models").json()["models"])
    assert "worker_messages" in bench.call("GET", "/metrics").text
    paths = bench.call("GET", "/openapi.json").json()["paths"]
    assert "204" in paths["/predict"]["post"]["responses"]
    assert "503" in paths["/predict"]["post"]["responses"]


def test_a_model_that_is_not_the_champion_raises_an_alarm(bench: Bench) -> None:
    assert bench.call("GET", "/models").json()["alarms"] == []
    other = bench.models["catboost_v9_2026_02"]
    registry = Registry(bench.world.warehouse)
    registry.add([read_bundle(DirectoryModelStore(), m.path) for m in bench.models.values()])
    registry.change_state(other.model_id, State.CHAMPION, "test")
    assert bench.call("GET", "/models").json()["alarms"] == []
    bench.world.warehouse.transact(
        [
            Statement(
                "UPDATE nba_predictions.model_registry SET sha256 = 'another', model_id = 'better' "
                "WHERE system_id = 'catboost_v9_2026_02'",
                {},
            )
        ]
    )
    client = Client(build(bench.make))
    (alarm,) = asyncio.run(client.call("GET", "/models")).json()["alarms"]
    assert alarm == f"catboost_v9_2026_02 serves {other.model_id}, the champion is better"
    said = asyncio.run(client.call("GET", "/models")).json()["models"]
    assert all(len(m["experiment_id"]) == 16 for m in said)


def test_a_ready_message_can_be_read_back() -> None:
    ready = PredictionReady(1, "r", "p", "predicted", {"moving_average": "predicted"})
    assert decode(encode(ready), PredictionReady) == ready


def test_a_model_is_never_used_for_a_date_that_it_was_trained_on(bench: Bench) -> None:
    monthly = bench.models["catboost_v9_2026_02"].manifest
    newest = bench.models["catboost_v9"].manifest
    assert monthly is not None
    assert newest is not None
    between = monthly.train_end + timedelta(days=1)
    assert between < newest.train_end
    mixed = [bench.jobs[0], msgspec.structs.replace(bench.jobs[1], game_date=between)]
    got = Predict(bench.models)(mixed, CLOCK.now())
    assert got.outcomes[0]["catboost_v9"] == "predicted"
    assert got.outcomes[1]["catboost_v9"] == "in_sample"
    assert got.outcomes[1]["catboost_v9_2026_02"] == "predicted"
    ensemble = [r for r in got.rows.to_pylist() if r["system_id"] == "ensemble_v1"]
    by_player = {r["player_lookup"]: r["missing_inputs"] for r in ensemble}
    assert "member:catboost_v9" not in (by_player[mixed[0].player_lookup] or "")
    assert "member:catboost_v9" in by_player[mixed[1].player_lookup]
