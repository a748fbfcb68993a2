"""Pick'em sites. PrizePicks' flat list and Pick6 as the sample files show them; PrizePicks' JSON:API and Underdog's
lines after the fields that public clients of both document, since no response of them was at hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind
from tests.feeds.nba_files import raw

PROP = {
    "player": "Cooper Flagg", "stat": "Points", "line": 24.5, "sport": "NBA", "oddsType": "standard",
    "startTime": "12/27/25 04:10 PM CST", "startTimeIso": "2025-12-27T17:10:00.000-05:00", "teamCode": "DAL",
    "opponentCode": "SAC", "rank": 68,
}  # fmt: skip


def flat(*props: dict[str, Any], taken: str = "2025-12-27T12:27:32.686Z") -> RawFile:
    return raw({"scrapedAt": taken, "props": list(props)})


def read(file: RawFile) -> FeedRows:
    return feed_of(file).read(file)


def quotes(file: RawFile) -> list[dict[str, Any]]:
    return read(file).tables[RowKind.QUOTES].to_pylist()


def test_a_flat_line_has_no_price_and_the_instant_of_the_list() -> None:
    assert quotes(flat(PROP)) == [{
        "game_date": date(2025, 12, 27), "home_team": "DAL", "away_team": "SAC", "player_name": "Cooper Flagg",
        "player_team": "DAL", "bookmaker": "prizepicks", "book_type": "dfs", "line": 24.5, "over_price": None,
        "under_price": None, "is_main": True, "snapshot_precision": "requested",
        "snapshot_time_utc": datetime(2025, 12, 27, 12, 27, 32, 686000, tzinfo=UTC),
    }]  # fmt: skip


def test_the_first_of_two_standard_lines_is_the_main_one() -> None:
    found = quotes(flat(PROP | {"line": 10.5}, PROP | {"line": 10}, PROP | {"player": "Al Bo"}))
    assert [(q["line"], q["is_main"]) for q in found] == [(10.5, True), (10.0, False), (24.5, True)]


def test_other_markets_leagues_and_odds_are_left_out_and_counted() -> None:
    others = ({"stat": "Pts+Rebs"}, {"stat": "Rebounds"}, {"sport": "WNBA"}, {"oddsType": "demon"})
    result = read(flat(*(PROP | o for o in others)))
    assert result.tables == {}
    assert {n.reason: n.rows for n in result.notes} == {
        "lines of other markets": 2, "lines of other leagues": 1, "lines that are not standard": 1,
        "no standard line of points": 0,
    }  # fmt: skip


def test_a_line_of_a_game_that_had_begun_is_left_out() -> None:
    result = read(flat(PROP, taken="2025-12-27T22:10:00Z"))
    assert (result.tables, result.notes[0].reason) == ({}, "lines of a game that had begun")


def projections(**changed: Any) -> RawFile:
    attributes = {
        "line_score": 24.5, "stat_type": "Points", "odds_type": "standard", "description": "SAC",
        "start_time": "2025-12-27T17:10:00.000-05:00", "updated_at": "2025-12-27T07:27:32-05:00",
    } | changed  # fmt: skip
    player = {
        "type": "new_player",
        "id": "7",
        "attributes": {"name": "Cooper Flagg", "team": "DAL", "league": "NBA"},
    }
    related = {"new_player": {"data": {"type": "new_player", "id": "7"}}}
    item = {"type": "projection", "id": "1", "attributes": attributes, "relationships": related}
    return raw({"data": [item], "included": [player]})


def test_a_projection_finds_its_player_in_included() -> None:
    (quote,) = quotes(projections())
    assert (quote["player_name"], quote["player_team"], quote["away_team"]) == ("Cooper Flagg", "DAL", "SAC")
    assert quote["snapshot_time_utc"] == datetime(2025, 12, 27, 12, 27, 32, tzinfo=UTC)
    assert quote["snapshot_precision"] == "quote"
    assert quotes(projections(updated_at=None))[0]["snapshot_precision"] == "date"


def underdog(stat: str = "points", **changed: Any) -> RawFile:
    line = {
        "id": "a", "status": "active", "stat_value": "24.5", "live_event": False, "line_type": "balanced",
        "updated_at": "2025-12-27T12:27:32Z",
        "over_under": {"appearance_stat": {"appearance_id": "b", "stat": stat}},
    } | changed  # fmt: skip
    return raw({
        "over_under_lines": [line], "appearances": [{"id": "b", "player_id": "c", "match_id": 5}],
        "players": [{"id": "c", "first_name": "Cooper", "last_name": "Flagg", "sport_id": "NBA"}],
        "games": [{"id": 5, "abbreviated_title": "DAL @ SAC", "scheduled_at": "2025-12-27T22:10:00Z"}],
    })  # fmt: skip


def test_an_underdog_line_finds_player_and_game() -> None:
    (quote,) = quotes(underdog())
    assert (quote["player_name"], quote["home_team"], quote["away_team"]) == ("Cooper Flagg", "SAC", "DAL")
    assert (quote["line"], quote["bookmaker"], quote["game_date"]) == (24.5, "underdog", date(2025, 12, 27))
    for file in (underdog(status="suspended"), underdog(live_event=True), underdog("rebounds")):
        assert read(file).tables == {}


def pick6(**active: Any) -> RawFile:
    teams = {"homeTeam": {"abbreviation": "MIN"}, "awayTeam": {"abbreviation": "DEN"}}
    summary = teams | {"startTime": "2024-11-02T01:30:00.0000000+00:00"}
    competition = {"competitionSummary": summary, "team": {"abbreviation": "MIN"}}
    entity = {"displayName": "Anthony Edwards", "pickableCompetitions": [competition]}
    pickable = {"marketCategory": {"marketName": "Points"}, "pickableEntities": [entity]}
    return raw({"111113": {"pickable": pickable, "activeMarket": {"targetValue": 26.5} | active}})


def test_a_pick6_line_has_a_date_only() -> None:
    (quote,) = quotes(pick6())
    assert (quote["bookmaker"], quote["line"], quote["game_date"]) == (
        "draftkings_pick6",
        26.5,
        date(2024, 11, 1),
    )
    assert (quote["snapshot_time_utc"], quote["snapshot_precision"]) == (None, "date")


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (pick6(targetValue="high"), "pickable 111113: line 'high', expected a number"),
        (pick6(targetValue=26.3), "Anthony Edwards: line 26.3, expected a multiple of 0.5"),
        (flat(PROP | {"startTimeIso": "2025-12-27T17:10:00"}), "Cooper Flagg: time '2025-12-27T17:10:00', expected ISO"),
        (flat({k: v for k, v in PROP.items() if k != "stat"}), "Cooper Flagg: no field stat, expected"),
        (raw(projections().json | {"included": []}), "projection 1: new_player 7 is not in included, expected the player"),
        (raw(underdog().json | {"games": []}), "line a: games 5 is not listed, expected an entry of games"),
    ],
)  # fmt: skip
def test_what_a_file_gets_wrong_is_named(file: RawFile, text: str) -> None:
    with pytest.raises(FeedError, match=text):
        read(file)
