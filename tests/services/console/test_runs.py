from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.schemas.messages import MAX_REASON_CHARACTERS
from tests.conftest import DAY
from tests.services.console.reading import Page
from tests.services.test_coordinator import Bench

OURS = {"sec-fetch-site": "same-origin"}
ASKED = {"game_date": "TODAY", "min_minutes": "8", "systems": ["moving_average", "similarity_balanced_v1"]}


def send(bench: Bench, **fields: Any) -> httpx.Response:
    return bench.call("POST", "/console/runs", data=ASKED | fields, headers=OURS)


def start(bench: Bench, **fields: Any) -> str:
    """The id of a run that the form has started."""
    answer = send(bench, **fields)
    assert answer.status_code == 303, Page(answer.text).text
    return answer.headers["location"].rpartition("/")[2]


def finish(bench: Bench) -> None:
    bench.world.work(bench.world.take_jobs())
    for ready in bench.world.reports():
        bench.world.record(ready)


def test_the_form_starts_the_run_that_it_describes(bench: Bench) -> None:
    run_id = start(bench, force="1", min_minutes="10.5", reason="new injuries")
    asked = bench.world.runs.get(run_id).request
    assert (asked["force"], asked["skip_mlfs_check"], asked["mode"]) == (True, False, "LIVE")
    assert (asked["min_minutes"], asked["systems"]) == (10.5, ["moving_average", "similarity_balanced_v1"])
    assert asked["reason"] == "new injuries (this machine, console)"
    every = send(bench, systems=[])
    assert every.status_code == 409


def test_a_run_is_watched_until_it_ends(bench: Bench) -> None:
    run_id = start(bench)
    page = bench.call("GET", f"/console/runs/{run_id}")
    assert 'hx-trigger="every 1s"' in page.text
    told = Page(page.text)
    assert "0 of 115 players have an outcome" in told.text
    assert {row[2] for row in told.table("Outcome of every expected player")} == {"… pending"}
    assert "Ends at the latest" in told.text
    finish(bench)
    page = bench.call("GET", f"/console/runs/{run_id}")
    assert 'hx-trigger="every' not in page.text
    told = Page(page.text)
    assert "115 of 115 expected players predicted" in told.text
    assert {row[2] for row in told.table("Outcome of every expected player")} == {"✓ predicted"}
    systems = {row[0]: row[1:] for row in told.table("Rows of each system, and reasons for missing rows")}
    assert systems["moving_average"] == ["115", "–"]
    rows, why = systems["similarity_balanced_v1"]
    assert why == f"too_few_similar_games ({115 - int(rows)})"


def test_a_run_says_what_it_replaced_by_whom_it_was_replaced_and_why(bench: Bench) -> None:
    first = start(bench)
    finish(bench)
    second = start(bench, force="1", reason="the line moved")
    finish(bench)
    caption, why = "Superseded rows", "the line moved (this machine, console)"
    ((of, by, rows, reason, _),) = Page(bench.call("GET", f"/console/runs/{first}").text).table(caption)
    assert (of, by, reason) == ("this run", second, why)
    told = Page(bench.call("GET", f"/console/runs/{second}").text)
    ((of, by, again, reason, _),) = told.table(caption)
    assert (of, by, again, reason) == (first, "this run", rows, why)
    superseded = bench.world.predictions(f"superseded_by = '{second}'")
    assert int(rows) == len(superseded) > 115


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"game_date": "2025-07-01"}, 404, "no games in the schedule"),
        ({"game_date": "2025-03-18"}, 404, "tick Allow started games"),
        ({"game_date": "2025-03-20"}, 503, "props features build --dates 2025-03-20"),
        ({"game_date": "yesterday"}, 422, "expected YYYY-MM-DD"),
        ({"min_minutes": "many"}, 422, "min_minutes: 'many', expected a number"),
        ({"min_minutes": "nan"}, 422, "min_minutes: nan, expected 0 to 48"),
        ({"systems": ["x"]}, 422, "'x'"),
        ({"reason": "x" * MAX_REASON_CHARACTERS}, 422, "at most 500"),
    ],
)
def test_what_keeps_a_run_from_starting_stands_on_the_form_with_what_was_entered(
    bench: Bench, fields: dict[str, Any], status: int, words: str
) -> None:
    answer = send(bench, **fields)
    assert answer.status_code == status
    page = Page(answer.text)
    assert "No run was started." in page.text
    assert words in page.text
    entered = {**ASKED, **fields}
    assert f'name="game_date" value="{entered["game_date"]}"' in answer.text
    assert f'name="min_minutes" value="{entered["min_minutes"]}"' in answer.text


def test_while_a_run_is_under_way_the_form_leads_to_it(bench: Bench) -> None:
    run_id = start(bench)
    answer = send(bench)
    assert answer.status_code == 409
    assert f"/console/runs/{run_id}" in Page(answer.text).links


def test_too_many_runs_in_an_hour_are_told_when_there_is_room_again(
    warehouse: DuckDbWarehouse, tmp_path: Path
) -> None:
    bench = Bench(warehouse, tmp_path, max_per_hour=1)
    start(bench)
    answer = send(bench)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 3500
    assert f"Try again in {int(answer.headers['retry-after']):,} seconds" in Page(answer.text).text


def test_a_page_of_another_site_starts_nothing(bench: Bench) -> None:
    answer = bench.call("POST", "/console/runs", data=ASKED, headers={"sec-fetch-site": "cross-site"})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert bench.world.runs.runs() == []


def test_the_list_is_of_all_dates_or_of_one_and_is_had_as_csv(bench: Bench) -> None:
    assert "No run yet" in Page(bench.call("GET", "/console/runs").text).text
    run_id = start(bench)
    assert 'hx-trigger="every 2s"' in bench.call("GET", "/console/runs").text
    finish(bench)
    page = bench.call("GET", f"/console/runs?date={DAY}")
    assert 'hx-trigger="every' not in page.text
    ((shown, state, *_),) = Page(page.text).table(f"Runs of {DAY}")
    assert (shown, state) == (run_id, "✓ Complete")
    assert "No run of this date yet" in Page(bench.call("GET", "/console/runs?date=2025-03-01").text).text
    (row,) = csv.DictReader(bench.call("GET", "/console/runs.csv").text.splitlines())
    assert (row["run_id"], row["expected_players"]) == (run_id, "115")
    for table, rows in (("players", 115), ("systems", 2), ("replacements", 0)):
        answer = bench.call("GET", f"/console/runs/{run_id}.csv?table={table}")
        assert len(list(csv.DictReader(answer.text.splitlines()))) == rows


def test_many_runs_are_shown_by_the_fifty_and_older_ones_by_a_link(bench: Bench) -> None:
    for _ in range(3):
        start(bench, force="1")
        finish(bench)
    page = Page(bench.call("GET", "/console/runs?limit=2").text)
    assert len(page.table("Runs")) == 2
    assert "/console/runs?limit=8" in page.links
    assert "/console/runs?limit=500" not in Page(bench.call("GET", "/console/runs").text).links


def test_an_unknown_run_is_a_page_that_says_so(bench: Bench) -> None:
    answer = bench.call("GET", "/console/runs/none")
    assert (answer.status_code, "none" in Page(answer.text).text) == (404, True)
    assert bench.call("GET", "/console/runs/none.csv").status_code == 404


def test_where_the_warehouse_is_away_a_run_is_still_shown_without_its_history(
    bench: Bench, tmp_path: Path
) -> None:
    run_id = start(bench)
    finish(bench)
    (tmp_path / "warehouse.duckdb").rename(tmp_path / "elsewhere")
    (tmp_path / "warehouse.duckdb").mkdir()
    answer = bench.call("GET", f"/console/runs/{run_id}")
    page = Page(answer.text)
    assert answer.status_code == 503
    assert "warehouse:" in page.text
    assert len(page.table("Outcome of every expected player")) == 115
