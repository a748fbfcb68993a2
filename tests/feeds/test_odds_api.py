"""The Odds API as JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.application.feeds import odds_api
from shared.application.feeds.odds_api import read, recognises
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import FeedRows, RowKind


def outcome(name: str, player: str, price: float, point: float | None) -> dict[str, Any]:
    return {"name": name, "description": player, "price": price, "point": point}


def market(key: str = "player_points", **changes: Any) -> dict[str, Any]:
    outcomes = [
        outcome("Over", "Nikola Jokić", -115, 27.5),
        outcome("Under", "Nikola Jokić", -105, 27.5),
        outcome("Over", "D'Angelo Russell", 102, 12.5),
        outcome("Under", "D'Angelo Russell", -132, 12.5),
    ]
    return {"key": key, "last_update": "2025-01-10T23:55:07Z", "outcomes": outcomes, **changes}


def event(*markets: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": "0123456789abcdef0123456789abcdef",
        "sport_key": "basketball_nba",
        "sport_title": "NBA",
        "commence_time": "2025-01-11T03:10:00Z",
        "home_team": "Denver Nuggets",
        "away_team": "Brooklyn Nets",
        "bookmakers": [{"key": "draftkings", "title": "DraftKings", "markets": list(markets)}],
        **changes,
    }


def envelope(data: Any) -> dict[str, Any]:
    return {
        "timestamp": "2025-01-10T23:55:40Z",
        "previous_timestamp": "2025-01-10T23:50:40Z",
        "next_timestamp": "2025-01-11T00:00:40Z",
        "data": data,
    }


def file(document: Any, indent: int | None = None) -> RawFile:
    separators = (",", ":") if indent is None else None
    text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=False)
    return RawFile("odds.json", text.encode())


def rows(found: FeedRows) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = found.tables[RowKind.QUOTES].to_pylist()
    return listed


def notes(found: FeedRows) -> list[tuple[str, int]]:
    return [(note.reason, note.rows) for note in found.notes]


def test_an_event_gives_quotes_with_the_eastern_date() -> None:
    first, second = rows(read(file(event(market()))))
    assert first == {
        "event_id": "0123456789abcdef0123456789abcdef",
        "game_date": date(2025, 1, 10),
        "days_later": 0,
        "home_team": "Denver Nuggets",
        "away_team": "Brooklyn Nets",
        "player_name": "Nikola Jokić",
        "bookmaker": "draftkings",
        "book_type": "sportsbook",
        "line": 27.5,
        "over_price": -115,
        "under_price": -105,
        "is_main": True,
        "snapshot_time_utc": datetime(2025, 1, 10, 23, 55, 7, tzinfo=UTC),
        "snapshot_precision": "quote",
    }
    assert (second["player_name"], second["over_price"], second["under_price"]) == (
        "D'Angelo Russell",
        102,
        -132,
    )


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: [e], envelope, lambda e: envelope([e])])
def test_every_frame_of_an_event_is_read(wrap: Any) -> None:
    raw = file(wrap(event(market())))
    assert recognises(raw)
    assert rows(read(raw)) == rows(read(file(event(market()))))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: json.dumps(json.loads(text), indent=2).encode(),
        lambda text: text.replace(b'"description":', b'"link":null,"description":'),
        lambda text: text.replace("ć".encode(), b"\\u0107"),
        lambda text: text.replace(b"27.5}", b"27.50}").replace(b'"point":12.5}', b'"point":12.5,"sid":7}'),
        lambda text: text.replace(b"-115", b"-115.0"),
        lambda text: b"\xef\xbb\xbf" + text,
    ],
    ids=["spaces", "further key", "escape", "one with a further key", "fraction", "byte-order mark"],
)
def test_the_same_outcomes_written_otherwise_are_the_same_quotes(change: Any) -> None:
    document = event(
        market(), market("player_points_alternate", outcomes=[]), market("player_points_alternate")
    )
    text = file(document).body
    changed = RawFile("odds.json", change(text))
    assert changed.body != text
    assert rows(read(changed)) == rows(read(RawFile("odds.json", text)))


def test_outcomes_as_the_api_writes_them_need_no_object_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would compare one way of reading with itself."""

    def fail(*_: object) -> None:
        raise AssertionError("decoded one by one")

    monkeypatch.setattr(odds_api, "_any_columns", fail)
    assert len(rows(read(file(event(market(), market("player_points_alternate", outcomes=[])))))) == 2


def test_an_empty_outcome_between_others_is_refused() -> None:
    text = file(event(market())).body.replace(b'},{"name":"Over"', b'},{},{"name":"Over"')
    with pytest.raises(
        FeedError, match=r"outcomes\[2\]: no name, description, price, point, expected all of them"
    ):
        read(RawFile("odds.json", text))


def test_a_market_without_update_time_has_the_time_of_the_request_or_the_day() -> None:
    document = event({k: v for k, v in market().items() if k != "last_update"})
    requested = rows(read(file(envelope(document))))[0]
    assert requested["snapshot_precision"] == "requested"
    assert requested["snapshot_time_utc"] == datetime(2025, 1, 10, 23, 55, 40, tzinfo=UTC)
    undated = rows(read(file(document)))[0]
    assert (undated["snapshot_time_utc"], undated["snapshot_precision"]) == (None, "date")


def test_additional_lines_are_not_main() -> None:
    more = [outcome("Over", "Nikola Jokić", -110, 28.5), outcome("Under", "Nikola Jokić", -110, 28.5)]
    found = read(file(event(market("player_points_alternate", outcomes=more), market())))
    assert [(r["line"], r["is_main"]) for r in rows(found) if r["player_name"] == "Nikola Jokić"] == [
        (27.5, True),
        (28.5, False),
    ]


def test_other_markets_are_left_out_and_counted() -> None:
    found = read(
        file(event(market("player_rebounds"), market(), market("h2h", outcomes=[{"name": "A", "price": 1}])))
    )
    assert len(rows(found)) == 2
    assert notes(found) == [("rows of other markets: player_rebounds 4, h2h 1", 5)]


def test_quotes_taken_in_play_are_left_out_and_counted() -> None:
    found = read(file(event(market(last_update="2025-01-11T03:10:00Z"))))
    assert found.tables == {}
    assert notes(found) == [("quotes taken at or after the tip-off", 2)]


def test_decimal_prices_of_points_are_refused() -> None:
    outcomes = [outcome("Over", "Nikola Jokić", 1.91, 27.5), outcome("Under", "Nikola Jokić", 2, 27.5)]
    place = r"\$\.data\.bookmakers\[0\]\.markets\[0\]\.outcomes\[0\]"
    with pytest.raises(FeedError, match=f"{place}: price 1.91, decimal odds, expected American odds"):
        read(file(envelope(event(market(outcomes=outcomes)))))


def test_decimal_prices_of_other_markets_alone_are_named() -> None:
    spreads = market(
        "spreads", last_update="2025-01-11T03:55:00Z", outcomes=[{"name": "A", "price": 1.91, "point": 3}]
    )
    found = read(file(envelope(event(spreads))))
    assert found.tables == {}
    assert notes(found) == [
        ("rows of other markets: spreads 1", 1),
        ("rows of other markets taken at or after the tip-off", 1),
        ("rows of other markets with decimal odds, expected American odds", 1),
    ]


@pytest.mark.parametrize("extra", [{}, {"completed": False, "scores": None, "last_update": None}])
def test_lists_of_events_and_of_scores_have_no_quotes(extra: dict[str, Any]) -> None:
    plain = {k: v for k, v in event().items() if k != "bookmakers"}
    raw = file([{**plain, **extra}])
    assert recognises(raw)
    found = read(raw)
    assert found.tables == {}
    assert notes(found) == [("events without bookmakers, as in lists of events and of scores: no quotes", 1)]


@pytest.mark.parametrize("document", [event(), envelope([]), event(market(outcomes=[]))])
def test_a_file_without_quotes_says_so(document: Any) -> None:
    found = read(file(document))
    assert found.tables == {}
    assert found.notes


def test_another_sport_is_refused_by_name() -> None:
    with pytest.raises(
        FeedError, match=r"\$\[0\]\.sport_key: sport_key basketball_ncaab, expected basketball_nba"
    ):
        read(file([event(market(), sport_key="basketball_ncaab")]))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (event(market(), home_team=None, away_team=None), r"\$: no home_team, away_team, expected all of them"),
        (event(market(), commence_time="soon"), r"\$\.commence_time: commence_time 'soon', expected a time"),
        (event(market(), bookmakers=[{"markets": []}]), r"bookmakers\[0\]: no key, expected all of them"),
        (event(market(), bookmakers="none"), r"\$\.bookmakers: Expected `array \| null`, got `str`, expected the"),
        (event(market(outcomes="x")), r"markets\[0\]\.outcomes: Expected `array`, got `str`, expected the types"),
        (event(market(outcomes=[outcome("Over", "A", "-110", 1)])), r"outcomes\[0\]\.price: Expected `int \| float"),  # type: ignore[arg-type]
        (event(market(outcomes=[outcome("Yes", "A", -110, 1)])), r"outcomes\[0\]: outcome 'Yes', expected Over or Under"),
        (event(market(outcomes=[outcome("Over", "A", -110, None)])), r"outcomes\[0\]: no point, expected all of them"),
        (event(market(outcomes=[outcome("Over", "", -110, 1.5)])), r"outcomes\[0\]: an empty description, expected a"),
        (event(market(outcomes=[outcome("Over", "A", -110, 1.25)])), r"outcomes\[0\]: line 1.25, expected a positive"),
        (event(market(last_update=7)), r"last_update: Expected `str \| null`, got `int`, expected the types"),
    ],
)  # fmt: skip
def test_a_document_of_other_types_is_refused_with_its_place(document: Any, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        read(file(document))


def test_the_place_names_the_market_of_the_outcome() -> None:
    bad = market(
        "player_points_alternate", outcomes=[outcome("Over", "A", -110, 1.5), outcome("Over", "A", 7, 2.5)]
    )
    with pytest.raises(
        FeedError, match=r"^odds.json: \$\.bookmakers\[0\]\.markets\[1\]\.outcomes\[1\]: price 7, "
    ):
        read(file(event(market(), bad)))


@pytest.mark.parametrize("cut", [1, 40, 400])
def test_a_truncated_file_is_refused(cut: int) -> None:
    with pytest.raises(FeedError, match="invalid or truncated JSON"):
        recognises(RawFile("odds.json", file(event(market())).body[:-cut]))


def test_other_json_is_not_recognised() -> None:
    for document in ({"message": "Unknown sport"}, {"timestamp": "x", "data": []}, [], [1], [{"id": 1}]):
        assert not recognises(file(document))
