"""Coordinator, worker and broker as processes: a game date, collisions, kills and repeated delivery."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from backfill_jobs.local_processes import Services, free_port
from shared.backends import path_variable
from shared.embedded import sample_league
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import Unavailable
from shared.ports import Statement
from tests.conftest import DAY


@contextmanager
def services(loaded: Path, folder: Path, models: dict[str, Path], **more: str) -> Iterator[Services]:
    if not (folder / "warehouse.duckdb").exists():
        shutil.copy(loaded, folder / "warehouse.duckdb")
    environment = {path_variable(s): str(p) for s, p in models.items()}
    environment |= {"PROPS_NOW": sample_league.DEMO_NOW.isoformat(), **more}
    with Services(folder, environment) as running:
        yield running


@pytest.fixture
def running(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Iterator[Services]:
    with services(loaded, tmp_path, model_paths) as up:
        yield up


def start(up: Services, **asked: Any) -> httpx.Response:
    return httpx.post(f"{up.url('coordinator')}/start", json={"game_date": "TODAY", **asked}, timeout=30)


def end(up: Services, run_id: str, seconds: float = 30.0) -> dict[str, Any]:
    last = time.monotonic() + seconds
    while time.monotonic() < last:
        run: dict[str, Any] = httpx.get(f"{up.url('coordinator')}/runs/{run_id}", timeout=10).json()
        if run["closed_at"]:
            return run
        time.sleep(0.05)
    raise AssertionError(f"{run_id} has not ended: {run['progress']}")


def duplicates(folder: Path) -> int:
    sql = (
        "SELECT game_id FROM nba_predictions.player_prop_predictions WHERE game_date = @d AND is_active "
        "GROUP BY game_id, player_id, system_id HAVING COUNT(*) > 1"
    )
    return DuckDbWarehouse(folder / "warehouse.duckdb").query(Statement(sql, {"d": DAY})).num_rows


def active(folder: Path) -> list[dict[str, Any]]:
    sql = "SELECT * FROM nba_predictions.player_prop_predictions WHERE game_date = @d AND is_active"
    return list(DuckDbWarehouse(folder / "warehouse.duckdb").query(Statement(sql, {"d": DAY})).to_pylist())


def test_two_starts_at_once_one_wins_and_a_forced_run_supersedes_it(
    running: Services, tmp_path: Path
) -> None:
    answers: list[httpx.Response] = []
    both = [threading.Thread(target=lambda: answers.append(start(running))) for _ in range(2)]
    for t in both:
        t.start()
    for t in both:
        t.join()
    won, lost = sorted(answers, key=lambda a: a.status_code)
    assert (won.status_code, lost.status_code) == (202, 409)
    assert lost.json()["holder"] == won.json()["run_id"]
    first = end(running, won.json()["run_id"])
    assert first["state"] == "COMPLETE"
    before = active(tmp_path)
    second = end(running, start(running, force=True).json()["run_id"])
    assert second["state"] == "COMPLETE"
    rows = active(tmp_path)
    assert {r["run_id"] for r in rows} == {second["run_id"]}
    assert len(rows) == len(before)
    assert duplicates(tmp_path) == 0
    beat = httpx.get(f"{running.url('worker')}/heartbeat").json()
    assert beat["totals"]["stored"] == first["expected_players"] + second["expected_players"]


def test_a_worker_killed_in_the_middle_loses_nothing(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    with services(loaded, tmp_path, model_paths) as up:
        run_id = start(up).json()["run_id"]
        up.processes["worker"].kill()
        up.processes["worker"].wait()
        up.restart("worker")
        run = end(up, run_id)
        assert run["state"] == "COMPLETE"
        assert run["progress"]["predicted"] == run["expected_players"]
    assert duplicates(tmp_path) == 0


def test_a_coordinator_killed_in_the_middle_finishes_after_its_return(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    with services(loaded, tmp_path, model_paths) as up:
        run_id = start(up).json()["run_id"]
        up.processes["coordinator"].kill()
        up.processes["coordinator"].wait()
        up.restart("coordinator")
        run = end(up, run_id)
        assert run["progress"]["predicted"] == run["expected_players"]
    assert duplicates(tmp_path) == 0


def test_every_message_delivered_twice_and_answers_lost_change_nothing(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    shutil.copy(loaded, tmp_path / "warehouse.duckdb")
    environment = {path_variable(s): str(p) for s, p in model_paths.items()}
    environment["PROPS_NOW"] = sample_league.DEMO_NOW.isoformat()
    faults = ["--duplicate-every", "1", "--drop-response-every", "5"]
    with Services(tmp_path, environment, broker_arguments=faults) as up:
        run = end(up, start(up).json()["run_id"])
        assert run["state"] == "COMPLETE"
    rows = active(tmp_path)
    assert duplicates(tmp_path) == 0
    assert len(rows) == sum(run["rows_by_system"].values())


def test_a_model_that_is_not_there_keeps_the_worker_from_being_ready(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backfill_jobs.local_processes.START_SECONDS", 12.0)
    absent = tmp_path / "absent.cbm"
    wanted = rf"worker is not ready.*catboost_v9: {absent}: no such model file"
    up = services(loaded, tmp_path, model_paths, CATBOOST_V9_MODEL_PATH=str(absent))
    with pytest.raises(Unavailable, match=wanted):
        up.__enter__()
    broken = tmp_path / "broken.cbm"
    broken.write_bytes(b"CBM1" + b"x" * 100)
    with pytest.raises(Unavailable, match=r"worker ended.*(?s:.*)not a readable CatBoost model"):
        services(loaded, tmp_path, model_paths, CATBOOST_V9_MODEL_PATH=str(broken)).__enter__()


def test_a_port_in_use_is_named_and_nothing_is_left_running(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        services = Services(tmp_path, {}, {"worker": port, "coordinator": free_port()})
        with pytest.raises(Unavailable, match=f"worker: port {port} on 127.0.0.1 is in use"):
            services.start()
    assert services.processes == {}


def test_services_say_in_their_heartbeat_that_they_run_and_that_they_stopped(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    documents = SqliteDocuments(tmp_path / "documents.sqlite")

    def said() -> dict[str, str]:
        return {name: d["status"] for name, d in documents.get_all("processor_heartbeats").items()}

    with services(loaded, tmp_path, model_paths):
        assert said() == {"prediction-coordinator": "running", "prediction-worker": "running"}
    assert said() == {"prediction-coordinator": "stopped", "prediction-worker": "stopped"}
