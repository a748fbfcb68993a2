from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from shared.application.models.registry import Registry, State
from shared.application.operations.deployments import Deployment, Deployments
from shared.application.operations.heartbeats import Heartbeats
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.model_registry.bundle import Bundle
from tests.conftest import DAY
from tests.services.console.reading import Page
from tests.services.test_coordinator import Bench

MODELS = "Models in the worker's memory and the registry's champions"
MESSAGES = "Unhandled messages"


@pytest.fixture
def beats(tmp_path: Path) -> Heartbeats:
    return Heartbeats(SqliteDocuments(tmp_path / "documents.sqlite"))


def health(bench: Bench) -> Page:
    return Page(bench.call("GET", "/console/health").text)


def test_where_nothing_has_run_yet_every_part_says_so(bench: Bench) -> None:
    page = health(bench)
    assert "All" not in page.text
    assert "No problem so far: 4 checks passed, 3 could not be checked." in page.text
    assert "No service has sent a heartbeat yet" in page.text
    assert "None in the last 30 days" in page.text
    assert "There are no releases yet" in page.text
    assert {row[1] for row in page.table(MODELS)} == {"off"}
    assert [row[:2] for row in page.table("Stores and their response times")] == [
        [name, "✓ OK"] for name in ("warehouse", "run store", "documents")
    ]


def test_a_service_that_fell_silent_is_named_with_what_starts_it(bench: Bench, tmp_path: Path) -> None:
    documents = SqliteDocuments(tmp_path / "documents.sqlite")
    long_ago = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    beat = {"status": "running", "last_heartbeat": long_ago, "commit": "abc"}
    documents.merge("processor_heartbeats", "prediction-worker", beat)
    page = health(bench)
    assert "1 critical. First: heartbeat, prediction-worker: running, last beat" in page.text
    assert "props serve for 1 finding" in page.text
    ((name, status, age, commit, deployed),) = page.table("Services and their last heartbeat")
    assert (name, status, commit, deployed) == ("prediction-worker", "running", "abc", "–")
    assert age.endswith(" h ago")


def test_a_model_that_serves_although_another_is_champion_is_drift(
    bench: Bench, warehouse: DuckDbWarehouse, beats: Heartbeats, bundles: list[Bundle]
) -> None:
    registry = Registry(warehouse)
    registry.add(bundles)
    one = next(b.manifest for b in bundles if b.manifest.system_id == "catboost_v9")
    registry.change_state(one.name, State.CHAMPION, "the first")
    beats.beat("prediction-worker", {"models": {"catboost_v9": one.sha256, "catboost_v8": "f" * 64}})
    rows = {row[0]: row[1:] for row in health(bench).table(MODELS)}
    assert rows["catboost_v9"] == [one.name, one.name, "–", "✓ OK"]
    assert rows["catboost_v8"] == ["sha256 ffffffffffff", "none", "–", "–"]
    beats.beat("prediction-worker", {"models": {"catboost_v9": "0" * 64}})
    page = health(bench)
    assert {row[0]: row[4] for row in page.table(MODELS)}["catboost_v9"] == "✕ Critical"
    assert f"catboost_v9 serves sha256 000000000000, the champion is {one.name}" in page.text


def test_one_file_of_two_systems_has_the_name_that_each_system_registered(
    bench: Bench, warehouse: DuckDbWarehouse, beats: Heartbeats, bundles: list[Bundle]
) -> None:
    registry = Registry(warehouse)
    one = next(b for b in bundles if b.manifest.system_id == "catboost_v9")
    manifest = msgspec.structs.replace(one.manifest, name="catboost_v8-same", system_id="catboost_v8")
    registry.add([one, Bundle(one.path, manifest)])
    sha256 = one.manifest.sha256
    beats.beat("prediction-worker", {"models": {"catboost_v9": sha256, "catboost_v8": sha256}})
    serves = {row[0]: row[1] for row in health(bench).table(MODELS)}
    assert serves["catboost_v9"] == one.manifest.name
    assert serves["catboost_v8"] == "catboost_v8-same"


def test_what_was_deployed_last_stands_beside_what_runs(
    bench: Bench, warehouse: DuckDbWarehouse, beats: Heartbeats
) -> None:
    done = Deployment("d1", "prediction-worker", "deploy", "succeeded", "new-commit", "me@example.com")
    Deployments(warehouse).record(done, datetime(2025, 3, 18, tzinfo=UTC))
    beats.beat("prediction-worker", {"models": {}, "commit": "old-commit"})
    page = health(bench)
    ((_, _, _, runs, deployed),) = page.table("Services and their last heartbeat")
    assert (runs, deployed) == ("old-commit", "new-commit differs")
    assert page.table("Deployments and their outcomes")[0][1:4] == [
        "prediction-worker",
        "deploy succeeded",
        "new-commit",
    ]


def test_a_message_that_was_refused_is_shown_with_the_command_that_shows_it_whole(bench: Bench) -> None:
    bench.call("POST", "/complete", content=b"not json")
    page = health(bench)
    ((name, _, topic, _, why, command),) = page.table(MESSAGES)
    assert topic == "prediction-ready"
    assert "JSON" in why
    assert command == f"props deadletters show {name}"
    assert "1 rejected by a service" in page.text


def test_features_are_told_with_what_is_missing_and_why(bench: Bench) -> None:
    short = Page(bench.call("GET", "/console/parts/features").text)
    assert "ready" in short.text
    assert "115 of 115" in short.text
    tomorrow = Page(bench.call("GET", "/console/features?date=2025-03-20&wait=true").text)
    absent = tomorrow.table("Expected players without features")
    assert {why for _, _, why in absent} == {"never_built"}
    rows = csv.DictReader(
        bench.call("GET", "/console/features.csv?table=absent&date=2025-03-20").text.splitlines()
    )
    assert [r["player_lookup"] for r in rows] == [row[0] for row in absent]
    later = bench.call("GET", "/console/features?date=2025-03-21").text
    assert 'hx-get="/console/features?date=2025-03-21&amp;wait=true"' in later
    whole = Page(bench.call("GET", f"/console/features?date={DAY}").text)
    assert "every expected player has features" in whole.text


@pytest.mark.parametrize("table", ["services", "served", "messages", "deployments"])
def test_every_table_is_had_as_csv(bench: Bench, table: str) -> None:
    answer = bench.call("GET", f"/console/health.csv?table={table}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert len(list(csv.DictReader(answer.text.splitlines()))) == (4 if table == "served" else 0)


def test_a_store_that_is_away_is_a_critical_finding_and_the_others_are_shown(
    bench: Bench, tmp_path: Path, beats: Heartbeats
) -> None:
    beats.beat("prediction-worker", {"models": {}})
    (tmp_path / "warehouse.duckdb").rename(tmp_path / "elsewhere")
    (tmp_path / "warehouse.duckdb").mkdir()
    answer = bench.call("GET", "/console/health")
    page = Page(answer.text)
    assert answer.status_code == 503
    assert [row[1] for row in page.table("Stores and their response times")] == ["✕ Critical", "✓ OK", "✓ OK"]
    assert "1 critical. First: store, warehouse:" in page.text
    assert [row[0] for row in page.table("Services and their last heartbeat")] == ["prediction-worker"]
    assert page.text.count("Unknown: the warehouse does not respond.") == 2
    assert bench.call("GET", "/console/health.csv?table=served").status_code == 503
