"""What an operator finds after a run of real processes: log lines of one trace, and metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx

from shared.embedded.broker.store import MessageStore
from tests.e2e.test_game_date import end, services

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"

WORKER = (
    "worker_messages_total",
    "worker_predictions_total",
    "worker_staged_rows_total",
    "worker_shadow_rows_total",
    "worker_batch_jobs_count",
    "worker_batch_seconds_count",
    "worker_append_seconds_count",
    "worker_report_seconds_count",
    "worker_model_seconds_count",
    "worker_request_seconds_count",
    "worker_queue_depth",
    "worker_model_info",
    "worker_model_alarms",
)
COORDINATOR = (
    "coordinator_messages_total",
    "coordinator_runs_total",
    "coordinator_run_seconds_count",
    "coordinator_players_total",
    "coordinator_publish_seconds_count",
    "coordinator_activation_seconds_count",
    "coordinator_rows_activated_total",
    "coordinator_rows_superseded_total",
    "coordinator_stalled_runs_total",
    "coordinator_last_complete_run_timestamp_seconds",
    "coordinator_request_seconds_count",
)


def samples(text: str) -> dict[str, float]:
    """Value by sample name with its labels."""
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def lines_of(folder: Path, name: str) -> list[dict[str, Any]]:
    text = (folder / "logs" / f"{name}.log").read_text()
    return [json.loads(line) for line in text.splitlines()]


def test_a_run_leaves_its_trace_in_every_log_and_its_figures_in_the_metrics(
    loaded: Path, tmp_path: Path, model_paths: dict[str, Path]
) -> None:
    with services(loaded, tmp_path, model_paths, GCP_PROJECT_ID="a-project", BUILD_COMMIT="abc123") as up:
        asked = httpx.post(
            f"{up.url('coordinator')}/start",
            json={"game_date": "TODAY"},
            headers={"traceparent": PARENT},
            timeout=30,
        ).json()
        run = end(up, asked["run_id"])
        worker = samples(httpx.get(f"{up.url('worker')}/metrics").text)
        coordinator = samples(httpx.get(f"{up.url('coordinator')}/metrics").text)
    players, rows = run["expected_players"], sum(run["rows_by_system"].values())
    for wanted, found in ((WORKER, worker), (COORDINATOR, coordinator)):
        assert [name for name in wanted if not any(s.partition("{")[0] == name for s in found)] == []
        assert not [s for s in found if asked["run_id"] in s or "player_lookup" in s]
    assert worker["worker_staged_rows_total"] == rows
    assert worker["worker_batch_jobs_sum"] == players
    assert worker['worker_predictions_total{outcome="predicted",system="catboost_v9"}'] == players
    assert worker['worker_messages_total{answer="stored"}'] == players
    assert worker["worker_queue_depth"] == 0
    assert sum(v for s, v in worker.items() if s.startswith("worker_model_info")) == len(model_paths)
    assert coordinator['coordinator_runs_total{mode="LIVE",state="COMPLETE"}'] == 1
    assert coordinator['coordinator_players_total{outcome="predicted"}'] == players
    assert coordinator["coordinator_rows_activated_total"] == rows

    said = {name: lines_of(tmp_path, name) for name in ("coordinator", "worker", "broker")}
    for name, lines in said.items():
        assert {line["commit"] for line in lines} == {"abc123"}
        assert [line["severity"] for line in lines if line["severity"] != "INFO"] == []
        assert lines[0]["message"].startswith("started on port"), name
        assert lines[-1]["message"] == "stopped", name
    models = next(line["models"] for line in said["worker"] if "models" in line)
    assert {m["system_id"] for m in models} == set(model_paths)
    batches = [line for line in said["worker"] if line["message"].startswith("batch staged")]
    assert sum(b["jobs"] for b in batches) == players
    assert len(said["worker"]) == len(batches) + 2  # nothing is logged for each player
    for line in (*batches, *said["coordinator"][1:-1]):
        assert line["logging.googleapis.com/trace"] == f"projects/a-project/traces/{TRACE}"
        assert line["run_id"] == asked["run_id"]
    assert [line["message"].split(":")[0] for line in said["coordinator"][1:-1]] == [
        "run started",
        "run ended COMPLETE",
    ]
    (complete,) = MessageStore(tmp_path / "broker.sqlite").pending("predictions-complete")
    assert complete.attributes == {"run_id": asked["run_id"], "traceparent": PARENT}
