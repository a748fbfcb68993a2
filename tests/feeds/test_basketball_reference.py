"""Basketball-Reference: the scraper's CSV files and the page of a box score, and hoopR's box scores."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind
from tests.feeds.test_kaggle import csv

COUNTS: dict[str, Any] = {
    "seconds_played": 1676, "made_field_goals": 4, "attempted_field_goals": 10, "made_three_point_field_goals": 1,
    "attempted_three_point_field_goals": 2, "made_free_throws": 2, "attempted_free_throws": 3,
    "offensive_rebounds": 2, "defensive_rebounds": 1, "assists": 0, "steals": 1, "blocks": 2, "turnovers": 2,
    "personal_fouls": 2, "game_score": 3.6,
}  # fmt: skip
WHERE = {"team": "LOS ANGELES CLIPPERS", "location": "HOME", "opponent": "DENVER NUGGETS", "outcome": "LOSS"}
LOG = {"active": "True", "date": "2018-10-17", "points_scored": 11, "plus_minus": -9, **WHERE, **COUNTS}
DAY = {"slug": "bradlav01", "name": "Avery Bradley", **WHERE, **COUNTS}


def rows(file: RawFile) -> list[dict[str, Any]]:
    return feed_of(file).read(file).tables[RowKind.BOX_SCORES].to_pylist()


def test_a_game_log_needs_the_name_of_its_player() -> None:
    file = csv(LOG)
    with pytest.raises(
        FeedError, match="a game log without a player, expected the player's name, by --player"
    ):
        rows(file)
    (row,) = rows(RawFile("log.csv", file.body, player="Avery Bradley"))
    assert row["minutes"] == pytest.approx(27.9333, abs=1e-4)
    assert (row["player_name"], row["game_date"], row["is_home"]) == (
        "Avery Bradley",
        date(2018, 10, 17),
        True,
    )
    assert (row["points"], row["reb"], row["plus_minus"]) == (11, 3, -9)


def test_an_inactive_row_did_not_play() -> None:
    empty = dict.fromkeys(["points_scored", "plus_minus", *COUNTS])
    (row,) = rows(RawFile("log.csv", csv(LOG | empty | {"active": "False"}).body, player="Avery Bradley"))
    assert (row["did_play"], row["minutes"], row["points"]) == (False, 0.0, None)


def test_points_of_a_day_come_from_its_shots_and_the_date_from_outside() -> None:
    body = csv(DAY).body
    (row,) = rows(RawFile("day.csv", body, day=date(2018, 10, 17)))
    assert (row["points"], row["source_player_id"], row["game_date"]) == (11, "bradlav01", date(2018, 10, 17))
    with pytest.raises(FeedError, match="no date in the file or its name, expected the game date, by --date"):
        rows(RawFile("day.csv", body))


def test_a_schedule_is_in_utc_and_its_date_eastern() -> None:
    game = {"start_time": "2017-10-18 00:01:00+00:00", "away_team": "BOSTON CELTICS", "away_team_score": 99,
            "home_team": "CLEVELAND CAVALIERS", "home_team_score": 102}  # fmt: skip
    file = csv(game)
    (row,) = feed_of(file).read(file).tables[RowKind.GAMES].to_pylist()
    assert (row["game_date"], row["start_time_utc"]) == (
        date(2017, 10, 17),
        datetime(2017, 10, 18, 0, 1, tzinfo=UTC),
    )
    file = csv(game | {"start_time": "2017-10-18 00:01:00-04:00"})
    with pytest.raises(FeedError, match="start_time '2017-10-18 00:01:00-04:00', expected a time in UTC"):
        feed_of(file).read(file)


def cell(stat: str, text: str, attributes: str = "", tag: str = "td") -> str:
    return f'<{tag} data-stat="{stat}" {attributes}>{text}</{tag}>'


STATS = {"mp": "43:27", "fg": "12", "fga": "17", "fg_pct": ".706", "fg3": "1", "fg3a": "1", "ft": "2", "fta": "2",
         "orb": "3", "drb": "10", "trb": "13", "ast": "2", "stl": "0", "blk": "3", "tov": "2", "pf": "0", "pts": "27",
         "plus_minus": "+18"}  # fmt: skip


def player_row(name: str, slug: str, stats: dict[str, str]) -> str:
    cells = "".join(cell(stat, text) for stat, text in stats.items())
    head = cell("player", f'<a href="/p/{slug}.html">{name}</a>', f'data-append-csv="{slug}"', "th")
    return f"<tr>{head}{cells}</tr>"


def table(code: str, *body: str, kind: str = "basic") -> str:
    header = "<tr>" + cell("player", "Starters", tag="th") + cell("mp", "MP", tag="th") + "</tr>"
    total = (
        "<tr>" + cell("player", "Team Totals", tag="th") + cell("mp", "265") + cell("pts", "112") + "</tr>"
    )
    return f'<table id="box-{code}-game-{kind}">{header}{"".join(body)}{total}</table>'


RESERVES = "<tr class='thead'>" + cell("player", "Reserves", tag="th") + cell("mp", "MP", tag="th") + "</tr>"


def page(
    *tables: str, title: str = "San Antonio Spurs at Atlanta Hawks Box Score, January 1, 2017 | B"
) -> RawFile:
    return RawFile("page.html", f"<html><head><title>{title}</title></head><body>{''.join(tables)}".encode())


ADVANCED = table(
    "SAS",
    player_row("Al Bo", "boal01", {"usg_pct": "27.2", "off_rtg": "118", "def_rtg": "101"}),
    kind="advanced",
)
ROAD = table(
    "SAS", player_row("Al Bo", "boal01", STATS), RESERVES, player_row("Dāvis Dü", "dudav01", STATS | {"plus_minus": ""}),
    player_row("Ed Fo", "foed01", {"reason": "Did Not Play"}),
)  # fmt: skip
HOME = table("ATL", player_row("Gi Hu", "hugi01", STATS))


def test_a_page_has_the_visitors_first_starters_before_reserves_and_totals_that_are_no_player() -> None:
    found = rows(page(ROAD, ADVANCED, HOME))
    assert [(r["player_name"], r["team"], r["is_home"], r["starter"], r["did_play"]) for r in found] == [
        ("Al Bo", "SAS", False, True, True), ("Dāvis Dü", "SAS", False, False, True),
        ("Ed Fo", "SAS", False, False, False), ("Gi Hu", "ATL", True, True, True),
    ]  # fmt: skip
    first, second, third, _ = found
    assert (first["game_date"], first["minutes"], first["plus_minus"]) == (date(2017, 1, 1), 43.45, 18)
    assert (first["usage_pct"], first["off_rating"], second["usage_pct"]) == (0.272, 118.0, None)
    assert (second["plus_minus"], third["points"], third["dnp_reason"]) == (None, None, "DNP - Did Not Play")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (page(ROAD), "tables of 1 teams, expected box-XXX-game-basic of two teams"),
        (page(ROAD, HOME, title="Box scores"), "title 'Box scores', expected"),
        (page(table("SAS", player_row("Al Bo", "b", STATS | {"pts": "x"})), HOME), "Al Bo, SAS: pts 'x', expected a whole"),
        (page(table("SAS", player_row("Al Bo", "b", STATS | {"mp": "43.45"})), HOME), "minutes '43.45', expected such as"),
        (page(table("SAS", player_row("Al Bo", "b", {})), HOME), "Al Bo, SAS: a row without minutes and without a reason"),
    ],
)  # fmt: skip
def test_what_a_page_gets_wrong_is_named(file: RawFile, text: str) -> None:
    with pytest.raises(FeedError, match=text):
        rows(file)


HOOPR = {
    "game_id": 401704627, "season": 2025, "season_type": 2, "game_date": "2024-10-22",
    "game_date_time": "2024-10-22T23:30:00Z", "athlete_id": 4065648, "athlete_display_name": "Jayson Tatum",
    "team_name": "Celtics", "minutes": 30, "field_goals_made": 14, "field_goals_attempted": 18,
    "three_point_field_goals_made": 8, "three_point_field_goals_attempted": 11, "free_throws_made": 1,
    "free_throws_attempted": 2, "offensive_rebounds": 0, "defensive_rebounds": 4, "rebounds": 4, "assists": 10,
    "steals": 1, "blocks": 1, "turnovers": 1, "fouls": 1, "plus_minus": "+23", "points": 37, "starter": "TRUE",
    "ejected": "FALSE", "did_not_play": "FALSE", "reason": "COACH'S DECISION", "active": "FALSE",
    "team_uid": "s:40~l:46~t:2", "team_abbreviation": "BOS", "opponent_team_abbreviation": "NY", "home_away": "home",
}  # fmt: skip
"""The columns that hoopR documents for the NBA."""


def test_hoopr_says_who_played_in_one_column_only() -> None:
    empty = dict.fromkeys(["minutes", "points", "plus_minus"])
    bench = HOOPR | empty | {"athlete_id": 1, "did_not_play": "TRUE", "active": "TRUE", "starter": "FALSE"}
    played, absent = rows(csv(HOOPR, bench))
    assert (played["did_play"], played["minutes"], played["plus_minus"], played["starter"]) == (
        True,
        30.0,
        23,
        True,
    )
    assert (played["team"], played["opponent"], played["source_player_id"]) == ("BOS", "NY", "4065648")
    assert "game_id" not in played
    assert (absent["did_play"], absent["minutes"], absent["points"]) == (False, 0.0, None)


def test_hoopr_of_the_wnba_and_of_the_all_star_game() -> None:
    with pytest.raises(FeedError, match="team_uid 's:40~l:59~t:8', WNBA, expected l:46"):
        rows(csv(HOOPR | {"team_uid": "s:40~l:59~t:8"}))
    file = csv(HOOPR, HOOPR | {"team_abbreviation": "EAST", "opponent_team_abbreviation": "WEST"})
    result = feed_of(file).read(file)
    assert (result.tables[RowKind.BOX_SCORES].num_rows, [n.rows for n in result.notes]) == (1, [1])
