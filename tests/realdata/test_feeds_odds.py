"""The readers of odds with real files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind
from shared.domain.market.bookmakers import book_key
from tests.realdata.feed_files import assert_has, expected_rows, needs_feed_files, raw

pytestmark = needs_feed_files

API, BOOKS = "unlicensed/oddsapi/", "unlicensed/books/"
ORLANDO = API + "event_odds_live_mockOrlandoVsCleveland.json"
BROOKLYN = API + "event_odds_live_mockBrooklynVsToronto.json"
DALLAS, MIAMI = API + "btam_long_2024-05-20_DAL_MIN.csv", API + "btam_long_2024-03-18_MIA_PHI.csv"
WIDE, THREES = API + "myles_wide_2025-10-24_MIL_TOR.csv", API + "myles_wide_2025-03-06_player_threes.csv"
PICKEM = "licensed/oddsapi_flat/spon7ge_12_28_2024.csv"
LINES = BOOKS + "zhecht_lines_2025-02-19.json"


def read(path: str, day: date | None = None) -> FeedRows:
    file = replace(raw(path), day=day)
    return feed_of(file).read(file)


def quotes(path: str, day: date | None = None) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = read(path, day).tables[RowKind.QUOTES].to_pylist()
    return listed


@pytest.mark.parametrize(
    ("path", "rows", "main", "books", "game_date"),
    [
        (ORLANDO, 241, 129, 10, date(2024, 2, 22)),
        (BROOKLYN, 272, 144, 10, date(2024, 2, 22)),
        (DALLAS, 153, 41, 5, date(2024, 5, 22)),
        (MIAMI, 84, 28, 9, date(2024, 3, 18)),
        (PICKEM, 137, 137, 2, date(2024, 12, 28)),
        (WIDE, 218, 111, 8, date(2025, 10, 24)),
    ],
)
def test_the_counts_are_those_of_the_files(
    path: str, rows: int, main: int, books: int, game_date: date
) -> None:
    found = quotes(path)
    assert len(found) == rows
    assert sum(bool(row["is_main"]) for row in found) == main
    assert len({row["bookmaker"] for row in found}) == books
    assert {row["game_date"] for row in found} == {game_date}


@pytest.mark.parametrize("path", [ORLANDO, DALLAS, PICKEM, WIDE, LINES])
def test_the_expected_rows_are_found(path: str) -> None:
    """Without teams, names of players and ids, which are resolved later; books by their keys."""
    resolved = ("home_team", "away_team", "player_id", "game_id")
    table = read(path, date(2025, 2, 19)).tables[RowKind.QUOTES]
    keys = [book_key(name) for name in table["bookmaker"].to_pylist()]
    table = table.set_column(table.column_names.index("bookmaker"), "bookmaker", [keys])
    names = [name.lower().removesuffix(" jr.") for name in table["player_name"].to_pylist()]
    table = table.set_column(table.column_names.index("player_name"), "player_name", [names])
    expected = expected_rows(path)
    assert expected
    for row in expected:
        wanted = {k: v for k, v in row.items() if k not in resolved}
        assert_has(table, wanted | {"player_name": str(row["player_name"]).lower().removesuffix(" jr.")})


def test_a_book_that_lists_all_players_twice_keeps_its_first_prices() -> None:
    found = read(BROOKLYN)
    assert [(n.rows, n.reason) for n in found.notes] == [
        (14, "quotes were listed twice with other prices; the first counts")
    ]
    rows = [r for r in quotes(BROOKLYN) if r["bookmaker"] == "williamhill_us"]
    assert len(rows) == 14
    (simmons,) = [r for r in rows if r["player_name"] == "Ben Simmons"]
    assert (simmons["line"], simmons["over_price"], simmons["under_price"]) == (7.5, -106, -129)


@pytest.mark.parametrize(
    ("path", "player", "line"), [(ORLANDO, "Max Strus", 10.5), (DALLAS, "Jaden McDaniels", 9.5)]
)
def test_an_exact_tie_has_the_lower_line_as_main(path: str, player: str, line: float) -> None:
    for book in ("betrivers", "unibet_us"):
        rows = [r for r in quotes(path) if r["bookmaker"] == book and r["player_name"] == player]
        assert [r["line"] for r in rows if r["is_main"]] == [line]


def test_ladders_inside_the_market_have_one_main_line_a_book_and_player() -> None:
    main = [(r["bookmaker"], r["player_name"]) for r in quotes(ORLANDO) if r["is_main"]]
    assert len(main) == len(set(main))


def test_the_id_of_the_odds_feed_is_no_game_id() -> None:
    found = quotes(PICKEM)
    assert all(len(str(row["event_id"])) == 32 and "game_id" not in row for row in found)


def test_a_file_of_other_markets_gives_no_rows_and_says_so() -> None:
    found = read(THREES)
    assert found.tables == {}
    assert [n.reason for n in found.notes] == ["rows of other markets: player_threes 327"]


def test_scores_with_the_tail_of_a_program_are_refused_and_without_it_have_no_quotes() -> None:
    file = raw(API + "scores_live_2024-02-22.txt")
    with pytest.raises(FeedError, match="invalid or truncated JSON"):
        feed_of(file)
    whole = RawFile(file.name, file.body.strip().removesuffix(b";"))
    found = feed_of(whole).read(whole)
    assert found.tables == {}
    assert "events without bookmakers" in found.notes[0].reason


@pytest.mark.parametrize(
    ("name", "book", "rows", "main"),
    [
        ("zhecht_circa.json", "circasports", 13, 13),
        ("zhecht_draftkings.json", "draftkings", 152, 12),
        ("zhecht_fanduel.json", "fanduel", 181, 16),
        ("zhecht_kambi.json", "betrivers", 70, 23),
        ("zhecht_pinnacle.json", "pinnacle", 13, 13),
    ],
)
def test_files_of_one_book(name: str, book: str, rows: int, main: int) -> None:
    found = quotes(BOOKS + name, date(2025, 2, 19))
    assert {row["bookmaker"] for row in found} == {book}
    assert (len(found), sum(bool(row["is_main"]) for row in found)) == (rows, main)


def test_games_of_the_next_evening_stay_possible() -> None:
    found = quotes(LINES, date(2025, 2, 19))
    assert {(row["game_date"], row["days_later"]) for row in found} == {(date(2025, 2, 19), 1)}
    assert ("bos", "phi") in {(row["away_team"], row["home_team"]) for row in found}
    with pytest.raises(FeedError, match="expected --date"):
        read(LINES)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zhecht_props_screen.tsv", "a screen of props"),
        ("zhecht_lineups.json", "a JSON object with the keys"),
    ],
)
def test_other_files_beside_them_are_refused_by_name(name: str, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        read(BOOKS + name, date(2025, 2, 19))
