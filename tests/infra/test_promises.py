"""The promises of ``infra/slo.tf`` are counted from what the coordinator really logs."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.ports import Statement
from tests.application.jobs import InProcess
from tests.conftest import CLOCK, DAY, Logged

SLO = Path(__file__).parents[2] / "infra" / "slo.tf"
Condition = tuple[str, str, str]


def conditions(text: str) -> list[Condition]:
    """Field, comparison and value of each ``jsonPayload`` condition."""
    return re.findall(r'jsonPayload\.(\w+)(<=|=)"?(\w+)', text.replace("\\", ""))


def counts() -> dict[str, list[Condition]]:
    """The conditions of each metric, those of all live runs included."""
    text = SLO.read_text(encoding="utf-8")
    live = re.findall(r"live_runs = join\((.*?)\]\)", text, re.DOTALL)
    named = dict(re.findall(r"^ +(on_time|without_missing) +=(.*)$", text, re.MULTILINE))
    return {name: conditions(live[0] + more) for name, more in ({"ended": ""} | named).items()}


def holds(line: dict[str, Any], wanted: list[Condition]) -> bool:
    """As Cloud Logging compares; a field that is not there never holds."""
    return all(
        field in line
        and (float(line[field]) <= float(value) if comparison == "<=" else str(line[field]) == value)
        for field, comparison, value in wanted
    )


def ended(logged: Logged) -> dict[str, Any]:
    (line,) = [line for line in logged() if line.get("event") == "run_ended"]
    return line


@pytest.fixture
def world(warehouse: DuckDbWarehouse, tmp_path: Path) -> InProcess:
    return InProcess(warehouse, tmp_path)


def counted(line: dict[str, Any]) -> set[str]:
    return {name for name, wanted in counts().items() if holds(line, wanted)}


def test_a_run_that_ends_well_is_counted_by_every_filter(world: InProcess, logged: Logged) -> None:
    assert {name: len(wanted) for name, wanted in counts().items()} == {
        "ended": 2, "on_time": 5, "without_missing": 3,
    }  # fmt: skip
    world.run(systems=["moving_average"])
    line = ended(logged)
    assert {field for wanted in counts().values() for field, _, _ in wanted} <= set(line)
    assert (line["mode"], line["state"], line["missing"], line["games_begun"]) == ("LIVE", "COMPLETE", 0, 0)
    assert counted(line) == {"ended", "on_time", "without_missing"}
    for field in ("event", "mode", "state", "seconds", "games_begun", "missing"):
        without = {name: value for name, value in line.items() if name != field}
        assert counted(without) < counted(line)


def test_a_player_on_whom_nobody_reported_is_missing_and_one_who_failed_is_not(
    world: InProcess, logged: Logged
) -> None:
    started = world.start(systems=["moving_average"])
    silent, failed, *others = world.take_jobs()
    world.work(others)
    reports = world.reports()
    for ready in [*reports, *[type(reports[0])(1, started.run_id, failed.player_lookup, "failed:test", {})]]:
        world.record(ready)
    assert world.check_stalled(datetime.now(UTC) + timedelta(minutes=16)) == [started.run_id]
    line = ended(logged)
    assert (line["missing"], line["players"]["failed"]) == (1, 2)
    assert counted(line) == {"ended", "on_time"}
    assert silent.player_lookup not in {r.player_lookup for r in reports}


def test_rows_that_came_into_use_after_a_tip_off_are_not_on_time(world: InProcess, logged: Logged) -> None:
    world.start(systems=["moving_average"])
    world.work(world.take_jobs())
    (game, *_) = world.rows(f"SELECT game_id FROM nba_reference.nba_schedule WHERE game_date = DATE '{DAY}'")
    begin = "UPDATE nba_reference.nba_schedule SET game_start_utc = @now WHERE game_date = @day AND game_id = @game"
    world.warehouse.transact([Statement(begin, {"now": CLOCK.now(), "day": DAY, "game": game["game_id"]})])
    for ready in world.reports():
        world.record(ready)
    line = ended(logged)
    assert (line["state"], line["games_begun"]) == ("COMPLETE", 1)
    assert counted(line) == {"ended", "without_missing"}
