"""What docs/costs.md says is computed, and what it is computed from is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra import costs, fetch_costs
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.model_registry.loading import LoadedModel
from tests.bench.traffic import measure


@pytest.fixture
def measured(
    warehouse: DuckDbWarehouse, models: dict[str, LoadedModel], results_folder: Path, tmp_path: Path
) -> dict[str, Any]:
    return measure(warehouse, models, results_folder, tmp_path)


def test_the_page_holds_todays_tables() -> None:
    text = costs.PAGE.read_text(encoding="utf-8")
    assert costs.page(text) == text, "python -m infra.costs --write"


def test_another_price_is_another_page(monkeypatch: pytest.MonkeyPatch) -> None:
    text = costs.PAGE.read_text(encoding="utf-8")
    monkeypatch.setitem(costs.PRICES, "builds", costs.Price(0.017, "minutes"))
    assert costs.page(text) != text


def test_what_is_free_is_used_up_once() -> None:
    reads = [costs.Line("Firestore", what, "document reads", 1.0, 1.0) for what in ("one", "another")]
    assert costs.costs([1.0, 1.0], reads) == pytest.approx([0.0, 0.5 * 0.38])


def test_bytes_and_tables_are_as_measured(measured: dict[str, Any]) -> None:
    near = {"rel": 0.05}
    assert measured["request_bytes"] == pytest.approx(costs.REQUEST_BYTES, **near)
    assert measured["ready_bytes"] == pytest.approx(costs.READY_BYTES, **near)
    weights = {table: measured["bytes_per_row"][table] for table in costs.BYTES_PER_ROW}
    assert weights == pytest.approx(costs.BYTES_PER_ROW, **near)
    tables = {job: of["tables"] for job, of in measured["jobs"].items()}
    assert tables == pytest.approx(costs.TABLES_READ, **near)
    answered = measured["jobs"]["features"]["answered_bytes"] / measured["players"]
    assert answered == pytest.approx(costs.FEATURE_HISTORY_BYTES, **near)
    assert max(measured["rows_per_player"].values()) <= costs.SYSTEMS
    assert measured["run_bytes_per_player"] == 60


def test_what_terraform_declares_is_counted() -> None:
    assert costs.declared_schedules() >= 14
    assert costs.declared_conditions() >= 14
    fetches = fetch_costs.declared_fetches()
    assert fetches.keys() == fetch_costs.RESPONSES.keys() == fetch_costs.RESPONSE_BYTES.keys()
    assert fetches == {"fetch-boxscores": 2, "fetch-injuries": 6, "fetch-odds": 5, "fetch-schedule": 2}


def test_the_credits_are_those_of_the_schedule_and_the_budget() -> None:
    assert fetch_costs.declared_credits() == fetch_costs.Credits(
        fetches=5, budget=15, attempts=2, month=5 * 15 * 31
    )


def test_a_fetch_of_odds_without_a_budget_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("jobs.tf", "schedule.tf"):
        text = (fetch_costs.FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(', "--budget", "15"', ""), encoding="utf-8")
    monkeypatch.setattr(fetch_costs, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="fetch-odds has no retries or no --budget, expected both"):
        fetch_costs.declared_credits()
