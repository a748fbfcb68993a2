"""Pages of performance, coverage, players and explanations."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import pytest

from tests.application.worlds import Jobs
from tests.conftest import DAY
from tests.graded import ANCHORED, FIRST, NINE, SYSTEMS
from tests.services.console.graded import Console
from tests.services.console.reading import Page


def charts(html: str) -> dict[str, Any]:
    """The numbers that each chart of a page is drawn from."""
    found = re.findall(
        r'data-chart="(\w+)".*?<script type="application/json">(.*?)</script>', html, re.DOTALL
    )
    return {name: json.loads(data) for name, data in found}


# --- performance


def test_every_system_stands_beside_the_line_and_leads_to_itself(console: Console) -> None:
    page = console.page("/console/performance")
    rows = page.table("Every system of the last 30 days")
    live = [r for r in rows if r[1] == "live"]
    assert [r[0] for r in live] == list(SYSTEMS)
    assert len({r[7] for r in live}) == 1  # the line's error is the same whoever is beside it
    assert any(f"system={ANCHORED}" in link and "counted_as=LIVE" in link for link in page.links)
    assert len(console.rows("/console/performance.csv?table=systems")) == len(rows)


def test_one_system_is_shown_by_edge_by_date_and_by_chance(console: Console) -> None:
    path = f"/console/performance?system={ANCHORED}&counted_as=BACKFILL"
    html = console.get(path).text
    page = Page(html)
    drawn = charts(html)
    assert set(drawn) == {"hits", "errors", "chances"}
    by_date = page.table("MAE of rows with a line, by date")
    assert [d["date"] for d in drawn["errors"]] == [r[0] for r in reversed(by_date)]
    assert f"{drawn['errors'][-1]['mae']:.2f}" == by_date[0][2]
    bins = page.table("P(over) in bins of equal size, without pushes")
    assert [f"{100 * c['predicted']:.1f}%" for c in drawn["chances"]] == [r[1] for r in bins]
    groups = {r[0]: r for r in page.table(f"{ANCHORED} by edge")}
    for row in drawn["hits"]["rows"]:
        assert groups[row["group"]][9] == str(row["n"])
    for table in ("kinds", "groups", "dates", "chances"):
        assert console.rows(f"/console/performance.csv?system={ANCHORED}&counted_as=BACKFILL&table={table}")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("system=x", "system 'x', expected one of"),
        ("days=0", "days 0, expected at least 1"),
        ("days=x", "days: 'x'"),
        ("days=1000", "expected at most 400"),
        ("by=moon", "by 'moon', expected one of"),
    ],
)
def test_what_cannot_be_asked_is_said_on_a_page(console: Console, query: str, words: str) -> None:
    assert words in console.page(f"/console/performance?{query}", 422).text


def test_a_window_without_grades_says_how_to_grade(console: Console, empty: Console) -> None:
    page = empty.page("/console/performance?days=7")
    assert "Nothing is graded between" in page.text
    assert "props grade --start-date" in page.text
    assert "catboost_v8 has no graded row" in console.page("/console/performance?system=catboost_v8").text


# --- coverage


def test_the_map_and_the_table_beside_it_hold_the_same(console: Console) -> None:
    html = console.get(f"/console/coverage?start_date={FIRST}&end_date={DAY}").text
    page = Page(html)
    drawn = charts(html)["coverage"]
    told = page.table("Graded share of due rows by system and date")
    assert [r[0] for r in told] == drawn["systems"] == list(SYSTEMS)
    assert {(c["level"], c["coverage"]) for c in drawn["cells"]} == {("OK", 1.0)}
    assert {cell for r in told for cell in r[1:]} == {"100%"}
    rows = page.table("Rows by state, newest date first")
    assert rows[0][0] == DAY.isoformat()
    assert len(rows) == len(console.rows(f"/console/coverage.csv?start_date={FIRST}&end_date={DAY}"))


def test_what_is_not_graded_is_named_with_the_command_that_mends_it(
    console_copy: Console, graded_copy: Jobs
) -> None:
    graded_copy.change(
        "DELETE FROM nba_predictions.prediction_accuracy WHERE game_date = @d AND system_id = @s",
        d=DAY,
        s=NINE,
    )
    page = console_copy.page("/console/coverage")
    assert f"1 cell with due rows that are not graded, first {NINE} on {DAY}: 0 of" in page.text
    assert f"props grade --start-date {DAY} --end-date {DAY}" in page.text
    told = {r[0]: r for r in page.table("Graded share of due rows by system and date")}
    assert told[NINE][-1] == "✕ 0%"


def test_an_empty_span_and_a_bad_one_are_pages(console: Console, empty: Console) -> None:
    assert "No predictions between" in empty.page("/console/coverage").text
    assert (
        "expected at most 62 dates"
        in console.page("/console/coverage?start_date=2024-01-01&end_date=2025-01-01", 422).text
    )
    assert "start_date: 'x'" in console.page("/console/coverage?start_date=x", 422).text


# --- players


def test_players_are_found_and_paged(console: Console, empty: Console) -> None:
    page = console.page("/console/players")
    rows = page.table("Players")
    assert len(rows) == 50
    assert "/console/players?q=&page=2" in page.links
    assert console.page("/console/players?page=2").table("Players, page 2")[0][0] not in {r[0] for r in rows}
    name = rows[0][0]
    assert name in {r[0] for r in console.page(f"/console/players?q={quote(name)}").table("Players")}
    nobody = console.page("/console/players?q=%3Cscript%3E")
    assert "No player whose name contains “<script>”" in nobody.text
    assert len(console.rows("/console/players.csv")) == 50
    assert "props load DIR" in empty.page("/console/players").text


def test_names_without_a_player_have_the_command_that_settles_them(
    console: Console, console_copy: Console, graded_copy: Jobs
) -> None:
    assert "has a player" in console.page("/console/unresolved").text
    assert "/console/unresolved" in console.page("/console/players").links
    quotes = "nba_raw.odds_api_player_points_props"
    (known,) = graded_copy.rows(f"SELECT player_id FROM {quotes} WHERE game_date = @d LIMIT 1", d=DAY)
    graded_copy.change(
        f"UPDATE {quotes} SET player_id = NULL WHERE game_date = @d AND player_id = @p",
        d=DAY,
        p=known["player_id"],
    )
    page = console_copy.page("/console/unresolved")
    (row,) = page.table("Names without a player")
    assert f"props players alias add {row[0]} --player-id {known['player_id']}" in row[-1]
    (csv,) = console_copy.rows("/console/unresolved.csv")
    assert (csv["player_lookup"], csv["quotes"]) == (row[0], row[2])
    assert str(known["player_id"]) in csv["candidates"]


def test_a_players_games_show_line_points_and_what_each_system_said(console: Console) -> None:
    top = console.rows("/console/players.csv")[0]
    html = console.get(f"/console/players/{top['player_lookup']}").text
    page = Page(html)
    games = page.table("Games, newest first")
    assert len(games) == 20
    assert games[0][0] == DAY.isoformat()
    drawn = charts(html)["games"]
    assert [d["date"] for d in drawn] == [g[0] for g in reversed(games)]
    said = page.table("Predicted points by system, with pick and outcome")
    assert len(said[0]) == 3 + len(SYSTEMS)
    links = [link for link in page.links if link.startswith("/console/predictions/")]
    assert links
    assert console.page(links[0]).text
    rows = console.rows(f"/console/players/{top['player_lookup']}.csv?table=said")
    assert {r["system_id"] for r in rows} == set(SYSTEMS)
    assert len(console.rows(f"/console/players/{top['player_lookup']}.csv?games=5")) == 5


def test_nobody_is_a_page_that_says_so(console: Console) -> None:
    assert "player 'nobody' has no game" in console.page("/console/players/nobody", 404).text


# --- explanations


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_explanation_adds_up_on_the_page(console: Console, graded: Jobs, system: str) -> None:
    row = next(r for r in graded.active() if r["system_id"] == system)
    path = f"/console/predictions/{row['prediction_id']}"
    html = console.get(f"{path}?date={DAY}").text
    page = Page(html)
    terms = page.table("Terms, largest first")
    assert sum(float(t[1]) for t in terms) == pytest.approx(row["raw_prediction"], abs=0.001 * len(terms))
    drawn = charts(html)["terms"]
    assert len(drawn) <= 13
    assert sum(t["points"] for t in drawn) == pytest.approx(row["raw_prediction"], abs=1e-6)
    assert len(page.table("All 33 features, in the order of the contract")) == 33
    assert len(console.rows(f"{path}.csv?table=terms")) == len(terms)
    assert len(console.rows(f"{path}.csv?table=inputs&date={DAY}")) == 33


def test_a_model_that_is_gone_leaves_the_rest_of_the_explanation(
    console_copy: Console, graded_copy: Jobs
) -> None:
    row = next(r for r in graded_copy.active() if r["system_id"] == NINE)
    graded_copy.change("DELETE FROM nba_predictions.model_registry WHERE TRUE")
    page = console_copy.page(f"/console/predictions/{row['prediction_id']}")
    assert "The terms cannot be computed." in page.text
    assert "is not registered" in page.text
    assert len(page.table("All 33 features, in the order of the contract")) == 33


def test_a_prediction_that_is_not_stored_is_a_page(console: Console) -> None:
    assert "prediction 'x' is not stored" in console.page("/console/predictions/x", 404).text
