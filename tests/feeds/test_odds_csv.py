"""CSV files that users make of The Odds API."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shared.application.feeds.odds_csv import read_long, read_wide, recognises_long, recognises_wide
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import FeedRows, RowKind

FLAT = (
    ",outcomes_name,outcomes_description,outcomes_price,outcomes_point,id,sport_key,sport_title,commence_time,"
    "home_team,away_team,bookmakers.key,bookmakers.title,bookmakers.last_update,bookmakers.markets.key,"
    "bookmakers.markets.last_update"
)
NAMED = "player,market,bookmaker,side,line,price,home_team,away_team,game_id,commence_time"
WIDE = "event_id,player,market,line,bookmaker,game,game_time,over_odds,under_odds"


def flat(side: str, price: object, line: object = 20.5, market: str = "player_points", sport: str = "basketball_nba") -> str:  # fmt: skip
    return (
        f"1,{side},Jaylen Brown,{price},{line},e1,{sport},NBA,2025-01-11T00:10:00Z,Boston Celtics,Miami Heat,"
        f"betrivers,BetRivers,,{market},2025-01-10T13:59:52Z"
    )


def named(side: str, price: object, player: str = "Jaylen Brown") -> str:
    return f"{player},player_points,PrizePicks,{side},21,{price},Boston Celtics,Miami Heat,e1,2025-01-11T00:10:00Z"


def wide(over: str, under: str, line: str = "20.5", market: str = "player_points") -> str:
    return f"e1,Jaylen Brown,{market},{line},bovada,Miami Heat @ Boston Celtics,2025-01-11T00:10:00Z,{over},{under}"


def file(*lines: str) -> RawFile:
    return RawFile("odds.csv", "\n".join(lines).encode())


def rows(found: FeedRows) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = found.tables[RowKind.QUOTES].to_pylist()
    return listed


def notes(found: FeedRows) -> list[tuple[str, int]]:
    return [(note.reason, note.rows) for note in found.notes]


def test_a_flattened_answer_is_paired() -> None:
    raw = file(FLAT, flat("Over", -107), flat("Under", -124), flat("Over", 7, market="player_threes"))
    assert recognises_long(raw)
    assert not recognises_wide(raw)
    found = read_long(raw)
    assert rows(found) == [
        {
            "event_id": "e1",
            "game_date": date(2025, 1, 10),
            "days_later": 0,
            "home_team": "Boston Celtics",
            "away_team": "Miami Heat",
            "player_name": "Jaylen Brown",
            "bookmaker": "betrivers",
            "book_type": "sportsbook",
            "line": 20.5,
            "over_price": -107,
            "under_price": -124,
            "is_main": True,
            "snapshot_time_utc": datetime(2025, 1, 10, 13, 59, 52, tzinfo=UTC),
            "snapshot_precision": "quote",
        }
    ]
    assert notes(found) == [("rows of other markets: player_threes 1", 1)]


def test_a_file_with_plain_names_has_no_time_and_keeps_the_event_id() -> None:
    raw = file(NAMED, named("Over", "-137"), named("Under", "+137"))
    assert recognises_long(raw)
    (row,) = rows(read_long(raw))
    assert (row["event_id"], row["book_type"], row["line"]) == ("e1", "dfs", 21.0)
    assert (row["over_price"], row["under_price"]) == (-137, 137)
    assert (row["snapshot_time_utc"], row["snapshot_precision"]) == (None, "date")
    assert "game_id" not in row


def test_a_wide_file_is_read_with_prices_as_fractions() -> None:
    raw = file(WIDE, wide("-120.0", "-110.0"), wide("", "", "", "player_double_double"))
    assert recognises_wide(raw)
    assert not recognises_long(raw)
    found = read_wide(raw)
    (row,) = rows(found)
    assert (row["home_team"], row["away_team"]) == ("Boston Celtics", "Miami Heat")
    assert (row["over_price"], row["under_price"], row["is_main"]) == (-120, -110, True)
    assert notes(found) == [("rows of other markets: player_double_double 1", 1)]


def test_two_rows_of_one_line_are_not_mixed() -> None:
    found = read_wide(file(WIDE, wide("-120.0", ""), wide("-115.0", "-105.0")))
    (row,) = rows(found)
    assert (row["over_price"], row["under_price"]) == (-120, None)
    assert notes(found) == [("quotes were listed twice with other prices; the first counts", 1)]


def test_the_older_wide_form_has_no_event_id() -> None:
    header, line = (text.partition(",")[2] for text in (WIDE, wide("-120", "-110")))
    (row,) = rows(read_wide(file(header, line)))
    assert row["event_id"] is None


def test_a_file_without_points_gives_no_table_but_a_note() -> None:
    found = read_wide(file(WIDE, wide("142", "-192", "3.5", "player_threes")))
    assert found.tables == {}
    assert notes(found) == [("rows of other markets: player_threes 1", 1)]
    assert notes(read_wide(file(WIDE, ""))) == [("no rows below the header", 0)]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((FLAT, flat("Over", -110), flat("Under", 1.91)), "line 3: price 1.91, expected American odds"),
        ((FLAT, flat("Over", 1.87), flat("Under", 1.91)), "line 2: price 1.87, decimal odds, expected American odds"),
        ((FLAT, flat("Over", "EVEN")), "line 2: outcomes_price 'EVEN', expected a number"),
        ((FLAT, flat("over", 110)), "line 2: outcomes_name 'over', expected Over or Under"),
        ((FLAT, flat("Over", 110, sport="basketball_wnba")), "line 2: sport_key basketball_wnba, expected basketball_nba"),
        ((FLAT, flat("Over", 110, 20.7)), "line 2: line 20.7, expected a positive multiple of 0.5"),
        ((FLAT, flat("Over", 110, "")), "line 2: line nan, expected a positive multiple of 0.5"),
        ((NAMED, named("Over", 110, "")), "line 2: an empty player, expected a value"),
        ((NAMED.replace("side,line", "sid,lin"), ""), "no column line, side; the columns are"),
        ((NAMED + ",line", ""), "column line twice, expected each column once"),
        ((NAMED, named("Over", 110).replace("T00:10:00Z", "")), "line 2: commence_time '2025-01-11', expected a time"),
    ],
)  # fmt: skip
def test_bad_long_files_are_refused_with_their_line(lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(FeedError) as refused:
        read_long(file(*lines))
    assert message in str(refused.value)


def test_the_line_of_a_bad_row_counts_rows_of_other_markets() -> None:
    with pytest.raises(FeedError, match="line 4: price 50, expected American odds"):
        read_long(file(FLAT, flat("Over", -110), flat("Over", 3, market="player_threes"), flat("Under", 50)))


def test_a_game_that_names_no_two_teams_is_refused() -> None:
    with pytest.raises(FeedError, match="line 2: game 'Miami Heat', expected away @ home"):
        read_wide(file(WIDE, wide("-120", "-110").replace(" @ Boston Celtics", "")))
