"""Tables of quotes by book."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from shared.application.feeds.book_tables import read, recognises
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import RowKind

DAY = date(2025, 2, 19)


def file(document: Any, name: str = "lines.json", day: date | None = DAY) -> RawFile:
    return RawFile(name, json.dumps(document).encode(), day)


def points(**players: dict[str, str] | str) -> dict[str, Any]:
    return {"cha @ lal ": {"pts": {name.replace("_", " "): lines for name, lines in players.items()}}}


def prices(raw: RawFile) -> list[tuple[Any, ...]]:
    table = read(raw).tables[RowKind.QUOTES]
    columns = ("bookmaker", "player_name", "line", "over_price", "under_price", "is_main")
    return [tuple(row[c] for c in columns) for row in table.to_pylist()]


def test_a_file_of_books_is_read() -> None:
    raw = file({"dk": points(lamelo_ball={"23.5": "-125/-105", "24.5": "-110"}), "cz": points(lamelo_ball={"25.5": "108/-148"})})  # fmt: skip
    assert recognises(raw)
    assert prices(raw) == [
        ("draftkings", "lamelo ball", 23.5, -125, -105, True),
        ("draftkings", "lamelo ball", 24.5, -110, None, False),
        ("williamhill_us", "lamelo ball", 25.5, 108, -148, True),
    ]


def test_games_may_be_of_the_next_evening() -> None:
    (row,) = read(file({"pn": points(a={"9.5": "-110/-110"})})).tables[RowKind.QUOTES].to_pylist()
    assert (row["game_date"], row["days_later"]) == (DAY, 1)
    assert (row["away_team"], row["home_team"]) == ("cha", "lal")
    assert (row["event_id"], row["snapshot_time_utc"], row["snapshot_precision"]) == (None, None, "date")


@pytest.mark.parametrize(
    ("text", "over", "under"),
    [("+100/-130", 100, -130), ("-115/", -115, None), ("-110", -110, None), ("/-110", None, -110)],
)
def test_prices_of_one_or_both_sides(text: str, over: int | None, under: int | None) -> None:
    assert prices(file({"fd": points(a={"9.5": text})})) == [("fanduel", "a", 9.5, over, under, True)]


@pytest.mark.parametrize(
    ("name", "book"),
    [
        ("kambi.json", "betrivers"),
        ("x_circa.json", "circasports"),
        ("draftkings_2025-02-19.json", "draftkings"),
    ],
)
def test_the_name_of_a_file_of_one_book_gives_the_book(name: str, book: str) -> None:
    raw = file(points(a={"9.5": "-110/-110"}), name)
    assert recognises(raw)
    assert prices(raw)[0][0] == book


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nba.json", "nba.json: no name of a book, expected the name of one"),
        ("dk_fd.json", "2 names of a book in the name of the file, expected the name of one"),
    ],
)
def test_a_file_of_one_book_without_its_name_is_refused(name: str, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        read(file(points(a={"9.5": "-110/-110"}), name))


def test_a_file_without_a_day_is_refused() -> None:
    with pytest.raises(FeedError, match="no date in the file or its name, expected --date"):
        read(file({"dk": points(a={"9.5": "-110"})}, day=None))


def test_other_markets_and_entries_without_a_line_are_counted() -> None:
    games = points(a={"9.5": "-110/-110"}, total_points="-108/-108")
    games["cha @ lal "] |= {"reb": {"a": {"4.5": "-110"}}, "ml": "574/-759"}
    found = read(file({"pn": {**games, "mem @ gs": {}}}))
    assert [(n.reason, n.rows, n.example) for n in found.notes] == [
        ("rows of other markets: ml 1, reb 1", 2, ""),
        ("entries of pts without a line, which are not of a player", 1, "total points"),
    ]


def test_games_without_quotes_give_no_table_but_a_note() -> None:
    found = read(file({"mem @ gs": {}}, "kambi.json"))
    assert found.tables == {}
    assert [n.reason for n in found.notes] == ["games without quotes"]


@pytest.mark.parametrize(
    ("games", "message"),
    [
        (points(a={"9.5": "1.91/1.87"}), r"\$\.dk\['cha @ lal '\]\.pts\['a'\]\['9.5'\]: price 1.91, decimal odds, expected Am"),
        (points(a={"9.5": "x/-110"}), r"\['9.5'\]: price 'x', expected American odds"),
        (points(a={"9.5": "1/2/3"}), r"\['9.5'\]: prices '1/2/3', expected over/under"),
        (points(a={"9+": "-110"}), r"\['9\+'\]: line '9\+', expected a number"),
        (points(a={"9.3": "-110"}), r"\['9.3'\]: line 9.3, expected a positive multiple of 0.5"),
        (points(a=[1]), r"\['a'\]: list, expected an object"),  # type: ignore[arg-type]
        ({"cha @ lal @ ny": {}}, "game 'cha @ lal @ ny', expected away @ home"),
        ({"cha @ lal": []}, "list, expected an object"),
    ],
)  # fmt: skip
def test_values_of_another_form_are_refused_with_their_place(games: Any, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        read(file({"dk": games}))


def test_a_screen_of_props_is_refused_by_name() -> None:
    raw = RawFile(
        "screen.tsv", b"EV\tEV Book\tGame\tPlayer\tProp\tO/U\tFD\n1\t122 FD\tA @ B\tC\tpts\tu 9.5\t-110\n"
    )
    assert recognises(raw)
    with pytest.raises(
        FeedError, match=r"screen.tsv: a screen of props, .* expected the JSON tables of the books"
    ):
        read(raw)


@pytest.mark.parametrize(
    "document", [{"ny": {"starters": []}}, {"dk": {"ny": {}}}, {"dk": {}}, {}, [], {"dk": 1}]
)
def test_other_json_is_not_recognised(document: Any) -> None:
    assert not recognises(file(document))
