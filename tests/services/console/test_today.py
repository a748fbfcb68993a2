from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from shared.application.views.today import ShowToday
from shared.embedded.clock import FixedClock
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.run_store import SqliteRunStore
from shared.embedded.sample_league import DEMO_NOW
from shared.errors import Unavailable
from tests.conftest import DAY
from tests.services.console.reading import Page
from tests.services.test_coordinator import Bench

SYSTEM = "similarity_balanced_v1"


def test_before_the_first_run_the_games_are_there_and_the_page_says_what_is_not(bench: Bench) -> None:
    page = Page(bench.call("GET", "/").text)
    games = page.table(f"Games of {DAY}")
    assert len(games) == 6
    assert all("EDT" in tipoff and status.startswith("in ") for _, tipoff, status in games)
    assert "catboost_v9 has no active row on this date" in page.text
    assert "No run of this date has included catboost_v9 yet" in page.text
    assert f"/console/runs?date={DAY}#start" in page.links


def test_a_page_has_one_zone_and_names_it(bench: Bench) -> None:
    run = bench.world.run(systems=["moving_average"])
    addresses = (
        "/",
        f"/console/findings?date={DAY}&wait=true",
        f"/console/findings?date={DAY + timedelta(days=2)}&wait=true",
        f"/console/features?date={DAY}&wait=true",
        "/console/runs",
        f"/console/runs/{run.run_id}",
        "/console/health",
    )
    for address in addresses:
        text = Page(bench.call("GET", address).text).text
        assert "UTC" not in text, address
        assert "+00:00" not in text, address
        assert "EDT" in text, address
    head = Page(bench.call("GET", "/console/runs").text).tables["Runs"][0]
    assert "Opened, real time" in head
    steps = Page(bench.call("GET", f"/console/runs/{run.run_id}").text).text
    assert steps.count("real time") == 2
    assert "19 Mar 2025, 17:00 EDT, product clock" in steps


def test_confidence_is_a_score_and_the_chance_of_over_stands_apart(bench: Bench) -> None:
    bench.world.run(systems=["moving_average"])
    (head, *rows) = next(
        rows
        for caption, rows in Page(bench.call("GET", "/").text).tables.items()
        if caption.startswith("Predictions of")
    )
    score, chance = head.index("Confidence score"), head.index("P(over)")
    assert {row[chance] for row in rows} == {"–"}  # a formula gives no probability
    assert all(row[score].isdigit() and 0 <= int(row[score]) <= 100 for row in rows)


def test_after_a_run_every_expected_player_is_predicted_or_missing_with_a_reason(bench: Bench) -> None:
    run = bench.world.run(systems=["moving_average", SYSTEM])
    page = Page(bench.call("GET", f"/?system={SYSTEM}").text)
    (picks,) = (rows[1:] for caption, rows in page.tables.items() if caption.startswith("Predictions of"))
    missing = page.table(f"Expected players without a row of {SYSTEM}")
    assert len(picks) + len(missing) == len(bench.world.runs.outcomes(run.run_id))
    assert {why for _, _, why in missing} == {"too few similar games"}
    edges = [abs(float(row[4])) for row in picks if row[4] != "–"]
    assert edges == sorted(edges, reverse=True)
    assert f"/console/runs/{run.run_id}" in page.links
    stored = {r["prediction_id"] for r in bench.world.predictions(f"system_id = '{SYSTEM}'")}
    explained = {link.rpartition("/")[2] for link in page.links if "/predictions/" in link}
    assert explained == {f"{prediction_id}?date={DAY}" for prediction_id in stored}


def test_the_system_shown_is_the_one_that_has_rows_unless_one_is_asked_for(bench: Bench) -> None:
    bench.world.run(systems=["moving_average"])
    assert "Signal of moving_average" in Page(bench.call("GET", "/").text).text
    assert "ensemble_v1 has no active row" in Page(bench.call("GET", "/?system=ensemble_v1").text).text
    refused = bench.call("GET", "/?system=nobody")
    assert (refused.status_code, "'nobody', expected one of" in Page(refused.text).text) == (422, True)


def test_a_table_is_had_as_csv_with_the_same_rows(bench: Bench) -> None:
    bench.world.run(systems=["moving_average"])
    page = Page(bench.call("GET", "/").text)
    for link in (link for link in page.links if link.startswith("/console/today.csv")):
        answer = bench.call("GET", link)
        rows = list(csv.DictReader(answer.text.splitlines()))
        assert answer.headers["content-disposition"].startswith("attachment")
        assert len(rows) in {6, len(bench.world.predictions("is_active"))}


def test_dates_lead_to_the_nearest_dates_that_have_games(bench: Bench) -> None:
    played = {d["game_date"] for d in bench.world.rows("SELECT game_date FROM nba_reference.nba_schedule")}
    later = min((d for d in played if d > DAY), default=DAY + timedelta(days=1))
    links = Page(bench.call("GET", "/").text).links
    assert f"/?date={max(d for d in played if d < DAY)}&system=catboost_v9" in links
    assert f"/?date={later}&system=catboost_v9" in links
    summer = Page(bench.call("GET", "/?date=2025-07-01").text)
    assert "No games on this date" in summer.text
    assert "/?date=2025-06-30&system=catboost_v9" in summer.links


def test_is_it_fine_is_one_sentence_with_the_command_that_mends_it(bench: Bench) -> None:
    short = Page(bench.call("GET", f"/console/parts/findings?date={DAY}").text)
    assert "Critical" in short.text
    assert f"props predict --dates {DAY}" in short.text
    assert "9 critical" in short.text
    bench.world.run(systems=["moving_average"])
    remembered = Page(bench.call("GET", f"/console/findings?date={DAY}").text)
    again = Page(bench.call("GET", f"/console/findings?date={DAY}&again=true").text)
    assert "9 critical" in remembered.text
    assert "8 critical" in again.text
    assert len(again.table(next(iter(again.tables)))) > 30


def test_findings_that_nobody_has_asked_for_lately_are_loaded_by_their_page(bench: Bench) -> None:
    first = bench.call("GET", f"/console/findings?date={DAY}")
    assert f'hx-get="/console/findings?date={DAY}&amp;wait=true"' in first.text
    assert f"/console/findings?date={DAY}&wait=true" in Page(first.text).links
    waited = Page(bench.call("GET", f"/console/findings?date={DAY}&wait=true").text)
    assert waited.tables == Page(bench.call("GET", f"/console/findings?date={DAY}").text).tables != {}


def test_the_signal_has_its_evidence_or_says_that_there_is_none(bench: Bench) -> None:
    bench.world.run(systems=["moving_average"])
    answer = bench.call("GET", f"/console/evidence?date={DAY}&system=moving_average")
    assert "There is no evidence yet" in Page(answer.text).text
    none = bench.call("GET", f"/console/evidence?date={DAY}&system=ensemble_v1")
    assert none.status_code == 404


def test_a_store_that_is_away_is_named_and_the_rest_is_shown(bench: Bench, tmp_path: Path) -> None:
    bench.world.run(systems=["moving_average"])
    (tmp_path / "runs.sqlite").rename(tmp_path / "elsewhere")
    (tmp_path / "runs.sqlite").mkdir()
    answer = bench.call("GET", "/")
    page = Page(answer.text)
    assert answer.status_code == 503
    assert "Some sources are unavailable" in page.text
    assert "run store:" in page.text
    assert len(page.table(f"Games of {DAY}")) == 6
    assert bench.call("GET", "/console/today.csv").status_code == 503


def test_without_the_warehouse_nothing_is_said_to_be_empty_that_is_only_unknown(
    bench: Bench, tmp_path: Path
) -> None:
    bench.world.run(systems=["moving_average"])
    (tmp_path / "warehouse.duckdb").rename(tmp_path / "elsewhere")
    (tmp_path / "warehouse.duckdb").mkdir()
    page = Page(bench.call("GET", "/").text)
    assert page.text.count("Unknown: the warehouse does not respond.") == 4
    assert not any(
        words in page.text for words in ("No games", "no active row", "None: all", "not_published")
    )
    short = bench.call("GET", "/console/parts/findings")
    assert (short.status_code, "checks: cannot run" in Page(short.text).text) == (200, True)
    assert bench.call("GET", "/console/findings?wait=true").status_code == 503


class Away(DuckDbWarehouse):
    """A store that is away, and counts how often it was asked."""

    asked = 0

    def query(self, *_: object) -> object:  # type: ignore[override]
        self.asked += 1
        raise Unavailable("no such host")


def test_a_place_that_does_not_answer_is_waited_for_once(tmp_path: Path) -> None:
    away = Away(tmp_path / "none")
    view = ShowToday(away, SqliteRunStore(tmp_path / "runs.sqlite"), FixedClock(DEMO_NOW))()
    assert view.unavailable == ("warehouse: no such host",)
    assert away.asked == 1


@pytest.mark.parametrize("query", ["date=2025-13-01", "date=tomorrow"])
def test_a_date_that_is_none_says_what_came(bench: Bench, query: str) -> None:
    answer = bench.call("GET", f"/?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[2] in Page(answer.text).text
