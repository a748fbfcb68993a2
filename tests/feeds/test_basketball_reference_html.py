"""Box score pages of Basketball-Reference."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind

STATS = (
    "fg", "fga", "fg_pct", "fg3", "fg3a", "fg3_pct", "ft", "fta", "ft_pct", "orb", "drb", "trb", "ast", "stl",
    "blk", "tov", "pf", "pts", "plus_minus",
)  # fmt: skip
TITLE = "<title>Utah Jazz at Boston Celtics Box Score, January 2, 2017 | Basketball-Reference.com</title>"
CANONICAL = '<link rel="canonical" href="https://site.example/boxscores/201701020BOS.html">'


def cells(minutes: str, points: int, plus_minus: str = "+4") -> str:
    values = dict.fromkeys(STATS, "2") | {"fg_pct": ".500", "pts": str(points), "plus_minus": plus_minus}
    row = f'<td data-stat="mp">{minutes}</td>'
    return row + "".join(f'<td class="right" data-stat="{s}">{v}</td>' for s, v in values.items())


def player(slug: str, name: str, rest: str) -> str:
    link = f'<a href="/players/{slug[0]}/{slug}.html">{name}</a>'
    return f'<tr><th scope="row" data-append-csv="{slug}" data-stat="player">{link}</th>{rest}</tr>'


DNP = '<td data-stat="reason" colspan=20>Did Not Play</td>'
RESERVES = '<tr class="thead"><th data-stat="player">Reserves</th><th data-stat="mp">MP</th></tr>'


def table(team: str, caption: str, body: str, total: int, kind: str = "game-basic") -> str:
    totals = f'<tfoot><tr><th data-stat="player">Team Totals</th>{cells("240", total, "")}</tr></tfoot>'
    head = '<thead><tr><th data-stat="player">Starters</th><th data-stat="mp">MP</th></tr></thead>'
    table_id = f"box-{team}-{kind}"
    return f'<table id="{table_id}"><caption>{caption}</caption>{head}<tbody>{body}</tbody>{totals}</table>'


UTAH = table(
    "UTA", "Utah Jazz (10-3) Table",
    player("doejo01", "Jo D&#x27;Oe", cells("31:15", 12)) + RESERVES
    + player("roeal01", "Dāvis Roe", cells("0:06", 0, "0")) + player("poebo01", "Bo Poe", DNP), 12,
)  # fmt: skip
UTAH_QUARTER = table("UTA", "Utah Jazz", player("doejo01", "Jo Doe", cells("12:00", 5)), 5, "q1-basic")
UTAH_RATES = table(
    "UTA", "",
    player("doejo01", "Jo Doe", '<td data-stat="mp">31:15</td><td data-stat="usg_pct">21.7</td>'
           '<td data-stat="off_rtg">137</td><td data-stat="def_rtg"></td>'), 0, "game-advanced",
)  # fmt: skip
BOSTON = table("BOS", "Boston Celtics (9-4) Table", player("lowed01", "Ed Low", cells("40:00", 20)), 20)
PAGE = f"<html><head>{TITLE}</head><body>{UTAH}{UTAH_QUARTER}{UTAH_RATES}{BOSTON}</body></html>"


def file(text: str) -> RawFile:
    return RawFile("page.html", text.encode())


def rows_of(text: str) -> list[dict[str, Any]]:
    raw = file(text)
    feed = feed_of(raw)
    assert (feed.name, feed.id_space) == ("bref-page", "basketball_reference")
    return list(feed.read(raw).tables[RowKind.BOX_SCORES].to_pylist())


def test_the_players_of_both_teams() -> None:
    starter, reserve, absent, home = rows_of(PAGE)
    assert (starter["player_name"], starter["source_player_id"]) == ("Jo D'Oe", "doejo01")
    assert (starter["team"], starter["opponent"], starter["is_home"]) == ("UTA", "BOS", False)
    assert (starter["minutes"], starter["points"], starter["plus_minus"]) == (31.25, 12, 4)
    assert (reserve["player_name"], reserve["minutes"], reserve["did_play"]) == ("Dāvis Roe", 0.1, True)
    assert (absent["did_play"], absent["dnp_reason"], absent["minutes"]) == (False, "Did Not Play", 0.0)
    assert (absent["points"], absent["plus_minus"]) == (None, None)
    assert (home["team"], home["is_home"], home["game_date"]) == ("BOS", True, date(2017, 1, 2))


def test_starters_stand_before_the_reserves() -> None:
    """Nobody can be told apart in a table without that line."""
    assert [row["starter"] for row in rows_of(PAGE)] == [True, False, False, None]


def test_usage_is_a_share_and_absent_ratings_are_null() -> None:
    starter, reserve, *_ = rows_of(PAGE)
    rates = ("usage_pct", "off_rating", "def_rating")
    assert [starter[c] for c in rates] == [pytest.approx(0.217), 137.0, None]
    assert [reserve[c] for c in rates] == [None, None, None]


def test_the_address_of_the_page_gives_the_date_before_the_title() -> None:
    page = PAGE.replace(TITLE, f"<title>Jazz vs Celtics</title>{CANONICAL}")
    assert {row["game_date"] for row in rows_of(page)} == {date(2017, 1, 2)}


@pytest.mark.parametrize(
    "title",
    [
        "2017 NBA Finals Game 1: Utah Jazz at Boston Celtics Box Score, June 1, 2017",
        "In-Season Tournament Final: Utah Jazz vs Boston Celtics, Box Score, June 1, 2017",
    ],
)
def test_titles_of_other_games(title: str) -> None:
    page = PAGE.replace(TITLE, f"<title>{title} | Basketball-Reference.com</title>")
    assert {row["game_date"] for row in rows_of(page)} == {date(2017, 6, 1)}


def test_a_link_to_another_game_is_not_the_address_of_the_page() -> None:
    link = '<a href="/boxscores/201612310NYK.html">previous game</a>'
    assert {row["game_date"] for row in rows_of(PAGE.replace("<body>", f"<body>{link}"))} == {
        date(2017, 1, 2)
    }


def test_a_table_without_a_caption_contradicts_nothing() -> None:
    assert rows_of(PAGE.replace("Boston Celtics (9-4) Table", "")) == rows_of(PAGE)


def test_tables_in_comments_are_read() -> None:
    assert rows_of(PAGE.replace(BOSTON, f"<!-- {BOSTON} -->")) == rows_of(PAGE)


def test_a_player_without_a_slug_attribute_has_one_in_the_link() -> None:
    rows = rows_of(PAGE.replace(' data-append-csv="lowed01"', ""))
    assert rows[-1]["source_player_id"] == "lowed01"


def test_a_season_without_plus_minus() -> None:
    page = PAGE.replace('data-stat="plus_minus"', 'data-stat="other"')
    assert "plus_minus" not in rows_of(page)[0]


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (PAGE[: PAGE.index("Team Totals", PAGE.index("box-BOS"))],
         "box-BOS-game-basic: a table without Team Totals, expected a complete page"),
        (PAGE.replace(BOSTON, ""), "box scores of 1 teams, expected two tables"),
        (PAGE.replace("31:15", "31.25"), "Jo D'Oe, UTA: minutes '31.25', expected minutes such as 43:27"),
        (PAGE.replace('<td class="right" data-stat="orb">2</td>', ""), "Jo D'Oe, UTA: no cell orb, expected"),
        (PAGE.replace('data-stat="trb">2<', 'data-stat="trb">two<'), "trb of Jo D'Oe, UTA: 'two', expected"),
        (PAGE.replace(TITLE, ""), "no address of the page, and the title ''"),
        (PAGE.replace("at Boston Celtics Box", "at New York Knicks Box"), "home team New York Knicks in the title"),
        (PAGE.replace(TITLE, CANONICAL.replace("BOS", "NYK")), "home team NYK in the address, BOS in the tables"),
        (PAGE.replace("January 2", "January 32"), "the date 'January 32, 2017', expected a date of a game"),
        (PAGE.replace('"/players/l/', '"/wnba/players/l/'), "a box score of wnba, expected one of the NBA"),
    ],
)  # fmt: skip
def test_a_page_that_is_not_whole_is_refused(page: str, message: str) -> None:
    with pytest.raises(FeedError, match=f"^page.html: .*{message}" if "box-" not in message else message):
        rows_of(page)


def test_a_sum_of_points_that_differs_is_noted() -> None:
    raw = file(PAGE.replace(cells("31:15", 12), cells("31:15", 13)))
    (note,) = feed_of(raw).read(raw).notes
    assert (note.rows, note.example) == (1, "UTA: 13, team 12")
    raw = file(PAGE)
    assert feed_of(raw).read(raw).notes == ()


def test_a_page_without_players_is_refused() -> None:
    empty = "".join(table(team, team, "", 0) for team in ("UTA", "BOS"))
    with pytest.raises(FeedError, match="tables without a player, expected a complete page"):
        rows_of(f"<html>{TITLE.replace('Utah Jazz', 'UTA').replace('Boston Celtics', 'BOS')}{empty}</html>")


def test_another_page_is_no_feed() -> None:
    with pytest.raises(FeedError, match="an HTML page, expected a file of one of"):
        feed_of(file("<html><body>404</body></html>"))


def test_bytes_that_are_not_text_are_refused() -> None:
    raw = RawFile("page.html", PAGE.encode() + b"\xff")
    with pytest.raises(FeedError, match="bytes that are not UTF-8"):
        feed_of(raw).read(raw)
