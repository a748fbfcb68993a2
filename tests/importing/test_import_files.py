"""Imports of several files into one warehouse: games, players, one row for each key, all or nothing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.application.feeds.raw_file import RawFile
from shared.application.importing.import_files import ImportResult
from shared.errors import Rejected
from tests.feeds import nba_files
from tests.feeds.nba_files import CURRY, LOG, game, log, schedule
from tests.importing.games import World
from tests.importing.kaggle_files import SCHEDULE, STATISTICS, csv

GAMES, BOX = "nba_reference.nba_schedule", "nba_analytics.player_game_summary"
QUOTES = "nba_raw.odds_api_player_points_props"
GAME = game()
NAMES = {201939: "Stephen Curry", 202691: "Klay Thompson", 1628404: "Josh Hart"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def row(**values: Any) -> list[Any]:
    changed = [*CURRY]
    for name, value in values.items():
        changed[LOG.index(name)] = value
    return changed


def odds(
    player: str, *lines: tuple[float, int, int], tipoff: str = "2025-03-16T00:40:00Z", **event: Any
) -> RawFile:
    """Live odds of one event at one book, taken at noon in New York."""
    outcomes = [
        {"name": side, "description": player, "price": price, "point": point}
        for point, over, under in lines
        for side, price in (("Over", over), ("Under", under))
    ]
    market = {"key": "player_points", "last_update": "2025-03-15T16:00:00Z", "outcomes": outcomes}
    document = {
        "id": "0" * 32, "sport_key": "basketball_nba", "commence_time": tipoff,
        "home_team": "Golden State Warriors", "away_team": "New York Knicks",
        "bookmakers": [{"key": "draftkings", "title": "DraftKings", "markets": [market]}],
    }  # fmt: skip
    return nba_files.raw(document | event, "odds.json")


def reasons(result: ImportResult) -> list[tuple[str, int]]:
    return [(str(n.severity), n.rows) for n in result.notes]


def test_schedule_log_and_odds_in_any_order_give_rows_of_one_game(world: World) -> None:
    result = world.add(odds("Stephen Curry", (25.5, -110, -120)), log(CURRY), schedule(GAME))
    assert result.read == {"nba_schedule": 1, "player_game_summary": 1, "odds_api_player_points_props": 1}
    assert result.unresolved == 0
    game_id = "20250315_NYK_GSW"
    assert world.rows(GAMES, ["game_id", "nba_game_id", "home_team_score"]) == [(game_id, "0022400974", 97)]
    assert world.rows(BOX, ["game_id", "player_id", "points", "is_home"]) == [(game_id, 201939, 28, True)]
    assert world.rows(QUOTES, ["game_id", "player_id", "points_line", "is_main"]) == [
        (game_id, 201939, 25.5, True)
    ]


def test_importing_again_changes_nothing(world: World) -> None:
    files = (odds("Stephen Curry", (25.5, -110, -120)), log(CURRY), schedule(GAME))
    world.add(*files)
    again = world.add(*files)
    assert (set(again.changed.values()), again.replaced) == ({0}, 0)


def test_a_dry_run_writes_nothing_and_counts_the_same_rows(world: World) -> None:
    files = (odds("Stephen Curry", (25.5, -110, -120)), log(CURRY), schedule(GAME))
    tried = world.add(*files, dry_run=True)
    assert [world.rows(t, ["game_id"]) for t in (GAMES, BOX, QUOTES)] == [[], [], []]
    assert (tried.read, tried.changed, tried.dry_run) == (world.add(*files).read, {}, True)


def test_one_bad_file_stops_all_and_every_bad_file_is_named(world: World) -> None:
    html, cut = RawFile("page.json", b"<html>"), RawFile("cut.json", b'{"leagueSchedule": ')
    with pytest.raises(Rejected) as refused:
        world.add(schedule(GAME), html, cut)
    lines = str(refused.value).splitlines()
    assert lines[0] == "2 of 3 files, nothing was imported"
    assert lines[1].startswith("  page.json: an HTML page, expected a file of one of nba-schedule")
    assert lines[2].startswith("  cut.json: invalid or truncated JSON")
    assert world.rows(GAMES, ["game_id"]) == []


def test_a_bad_row_names_its_file_and_value(world: World) -> None:
    impossible = log(row(PTS=29))
    with pytest.raises(Rejected, match=r"response.json: box scores: points 29: is not 2 fgm \+ fg3m \+ ftm"):
        world.add(schedule(GAME), impossible)
    assert world.rows(GAMES, ["game_id"]) == []


def test_rows_of_an_unknown_game_are_left_out_or_refused_if_there_are_no_others(world: World) -> None:
    unknown = row(GAME_ID="0022400001", GAME_DATE="2024-10-22")
    with pytest.raises(Rejected, match=r"1 rows of games that are not in the schedule \(0022400001"):
        world.add(schedule(GAME), log(unknown))
    result = world.add(schedule(GAME), log(CURRY, unknown))
    assert result.read["player_game_summary"] == 1
    assert ("WARNING", 1) in reasons(result)


def test_quotes_of_an_unknown_game_are_left_out_of_each_file_by_name(world: World) -> None:
    unknown = odds("Stephen Curry", (25.5, -110, -120), tipoff="2025-03-18T00:40:00Z")
    files = (odds("Stephen Curry", (25.5, -110, -120)), RawFile("later.json", unknown.body))
    with pytest.raises(Rejected, match=r"later.json: 1 rows of games that are not in the schedule"):
        world.add(schedule(GAME), log(CURRY), *files)
    both = nba_files.raw([files[0].json, unknown.json], "both.json")
    for dry_run in (True, False):
        result = world.add(schedule(GAME), log(CURRY), both, dry_run=dry_run)
        assert [(n.file, n.rows) for n in result.notes if n.is_finding] == [("both.json", 1)]


def test_the_teams_may_be_in_either_order(world: World) -> None:
    swapped = {"home_team": "New York Knicks", "away_team": "Golden State Warriors"}
    world.add(schedule(GAME), log(CURRY), odds("Stephen Curry", (25.5, -110, -120), **swapped))
    assert world.rows(QUOTES, ["game_id"]) == [("20250315_NYK_GSW",)]


def test_an_unknown_team_is_refused_by_name(world: World) -> None:
    with pytest.raises(Rejected, match="teams 'Minnesota Lynx', expected names or codes of NBA teams"):
        world.add(schedule(GAME), odds("Stephen Curry", (25.5, -110, -120), home_team="Minnesota Lynx"))


def test_a_team_that_is_not_in_the_game_is_refused(world: World) -> None:
    with pytest.raises(Rejected, match="team BOS in game 0022400974, expected NYK or GSW"):
        world.add(schedule(GAME), log(row(MATCHUP="BOS vs. NYK")))


def test_a_schedule_of_another_site_fills_gaps_and_moves_no_game(world: World) -> None:
    world.add(schedule(game(gameStatus=1)))
    moved = csv(SCHEDULE | {"gameDateTimeEst": "2025-03-17 20:30:00Z"})
    world.add(moved)
    assert world.rows(GAMES, ["game_date", "home_team_score"]) == [(date(2025, 3, 15), None)]
    only_here = csv(SCHEDULE | {"gameId": 22400975, "gameDateTimeEst": "2025-03-17 20:30:00Z"})
    world.add(only_here, schedule(game()))
    stored = world.rows(GAMES, ["nba_game_id", "game_date", "home_team_score"])
    assert stored == [("0022400974", date(2025, 3, 15), 97), ("0022400975", date(2025, 3, 17), None)]


def test_nba_com_moves_a_game_and_its_identity_stays(world: World) -> None:
    world.add(schedule(game(gameStatus=1)))
    later = game(gameStatus=1, gameDateTimeEst="2025-03-17T20:30:00Z", gameDateTimeUTC="2025-03-18T00:30:00Z")
    world.add(schedule(later))
    stored = world.rows(GAMES, ["game_id", "nba_game_id", "moved_to"])
    assert stored == [
        ("20250315_NYK_GSW", None, "20250317_NYK_GSW"),
        ("20250317_NYK_GSW", "0022400974", None),
    ]


def test_two_files_that_disagree_are_named_with_both_values(world: World) -> None:
    other = RawFile("other.json", log(row(REB=4, DREB=4)).body)
    with pytest.raises(
        Rejected, match=r"Stephen Curry .*: 3 in response.json, 4 in other.json, expected one value"
    ):
        world.add(schedule(GAME), log(CURRY), other)


def test_exact_minutes_replace_whole_ones_and_a_second_source_adds_no_row(world: World) -> None:
    kaggle = csv(STATISTICS | {
        "firstName": "Stephen", "lastName": "Curry", "personId": 201939, "gameId": 22400974, "home": 1,
        "gameDateTimeEst": "2025-03-15 20:30:00", "playerteamCity": "Golden State", "playerteamName": "Warriors",
        "opponentteamCity": "New York", "opponentteamName": "Knicks", "numMinutes": 34.30, "points": 28.0,
        "assists": 7.0, "blocks": 0.0, "steals": 1.0, "fieldGoalsAttempted": 20.0, "fieldGoalsMade": 8.0,
        "threePointersAttempted": 13.0, "threePointersMade": 4.0, "freeThrowsAttempted": 9.0,
        "freeThrowsMade": 8.0, "reboundsDefensive": 3.0, "reboundsOffensive": 0.0, "reboundsTotal": 3.0,
        "foulsPersonal": 2.0, "turnovers": 3.0, "plusMinusPoints": -5.0,
    })  # fmt: skip
    world.add(schedule(GAME), log(CURRY), kaggle)
    assert world.rows(BOX, ["player_id", "minutes_played", "points"]) == [(201939, 34.5, 28)]


def test_a_name_without_a_player_is_counted_and_gets_one_by_an_alias(world: World) -> None:
    quote = odds("Steph Curry", (25.5, -110, -120))
    result = world.add(schedule(GAME), log(CURRY), quote)
    assert (result.unresolved, world.rows(QUOTES, ["player_id"])) == (1, [(None,)])


def test_ids_of_another_source_find_the_player_whatever_the_spelling(world: World) -> None:
    hoopr = csv({
        "game_date": "2025-03-15", "athlete_id": 3975, "athlete_display_name": "Wardell Curry II", "minutes": 35,
        "field_goals_made": 8, "field_goals_attempted": 20, "three_point_field_goals_made": 4,
        "three_point_field_goals_attempted": 13, "free_throws_made": 8, "free_throws_attempted": 9,
        "offensive_rebounds": 0, "defensive_rebounds": 3, "rebounds": 3, "assists": 7, "steals": 1, "blocks": 0,
        "turnovers": 3, "fouls": 2, "plus_minus": "-5", "points": 28, "starter": "TRUE", "did_not_play": "FALSE",
        "team_uid": "s:40~l:46~t:9", "team_abbreviation": "GS", "opponent_team_abbreviation": "NY",
        "home_away": "home",
    })  # fmt: skip
    ids = RawFile("ids.csv", b"NBAName,NBAID,ESPNID,BBRefID\nStephen Curry,201939,3975,curryst01\n")
    index = nba_files.raw({"resultSets": [nba_files.table(
        "CommonAllPlayers", ["PERSON_ID", "DISPLAY_FIRST_LAST", "TEAM_ABBREVIATION", "FROM_YEAR", "TO_YEAR"],
        [201939, "Stephen Curry", "GSW", "2009", "2024"],
    )]})  # fmt: skip
    result = world.add(schedule(GAME), hoopr, ids, index)
    assert result.read["players"] == 1
    assert world.rows(BOX, ["player_id", "team_abbr", "starter_flag"]) == [(201939, "GSW", True)]
    assert [n for n in result.notes if n.is_finding] == []


def test_a_file_may_be_read_as_a_named_feed(world: World) -> None:
    with pytest.raises(Rejected, match="nothing was imported"):
        world.add(schedule(GAME), feed="nba-game-log")
    assert world.add(schedule(GAME), feed="nba-schedule").files[0].feed == "nba-schedule"
