"""CSV files of Basketball-Reference: a player's games, a date's players, a season's games."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind

SHOTS = (
    "made_field_goals,attempted_field_goals,made_three_point_field_goals,attempted_three_point_field_goals,"
    "made_free_throws,attempted_free_throws,offensive_rebounds,defensive_rebounds,assists,steals,blocks,"
    "turnovers,personal_fouls,game_score"
)
LOG = f"active,date,points_scored,plus_minus,team,location,opponent,outcome,seconds_played,{SHOTS}"
PLAYED = (
    "True,2018-10-17,12,-9,LOS ANGELES CLIPPERS,HOME,DENVER NUGGETS,LOSS,1676,4,10,1,2,3,4,2,5,1,1,2,2,2,3.6"
)
INACTIVE = "False,2018-11-05,,,LOS ANGELES CLIPPERS,AWAY,UTAH JAZZ,WIN,,,,,,,,,,,,,,,"
DAY = f"slug,name,team,location,opponent,outcome,seconds_played,{SHOTS}"
ROE = "roeal01,Al Roe,HOUSTON ROCKETS,AWAY,UTAH JAZZ,LOSS,2072,8,18,2,5,14,16,3,4,2,0,1,0,2,21.7"
SCHEDULE = "start_time,away_team,away_team_score,home_team,home_team_score"


def log(*lines: str, player: str | None = "Jo Doe", header: str = LOG) -> RawFile:
    return RawFile("jo-doe.csv", "\n".join((header, *lines)).encode(), player=player)


def day(*lines: str, given: date | None = date(2001, 1, 1)) -> RawFile:
    return RawFile("day.csv", "\n".join((DAY, *lines)).encode(), given)


def schedule(*lines: str) -> RawFile:
    return RawFile("season.csv", "\n".join((SCHEDULE, *lines)).encode())


def rows_of(raw: RawFile, feed: str, kind: RowKind = RowKind.BOX_SCORES) -> list[dict[str, Any]]:
    found = feed_of(raw)
    assert found.name == feed
    return list(found.read(raw).tables[kind].to_pylist())


def test_a_game_log_of_the_named_player() -> None:
    played, absent = rows_of(log(PLAYED, INACTIVE, player=" Jo  Doe "), "bref-game-log")
    assert (played["player_name"], played["team"]) == ("Jo Doe", "LOS ANGELES CLIPPERS")
    assert (played["minutes"], played["points"], played["plus_minus"]) == (1676 / 60, 12, -9)
    assert (played["is_home"], played["reb"], played["fgm"], played["fg3m"]) == (True, 7, 4, 1)
    assert (absent["did_play"], absent["minutes"], absent["points"], absent["is_home"]) == (
        False, 0.0, None, False,
    )  # fmt: skip
    assert str(absent["game_date"]) == "2018-11-05"


def test_a_game_log_without_inactive_games_has_no_such_column() -> None:
    header, line = LOG.removeprefix("active,"), PLAYED.removeprefix("True,")
    (row,) = rows_of(log(line, header=header), "bref-game-log")
    assert (row["did_play"], row["points"]) == (True, 12)


@pytest.mark.parametrize("player", [None, "", "  "])
def test_the_name_of_a_file_is_no_name_of_a_player(player: str | None) -> None:
    raw = log(PLAYED, player=player)
    expected = "a game log without a player column, expected --player NAME"
    with pytest.raises(FeedError, match=f"^jo-doe.csv: {expected}$"):
        feed_of(raw).read(raw)


def test_an_active_player_has_counts() -> None:
    raw = log(PLAYED, INACTIVE.replace("False", "True"))
    with pytest.raises(FeedError, match="line 3: points_scored is empty, expected a value"):
        feed_of(raw).read(raw)


def test_field_goals_of_a_day_include_threes() -> None:
    (row,) = rows_of(day(ROE), "bref-day")
    assert row["points"] == 2 * 8 + 2 + 14
    assert (row["source_player_id"], row["player_name"], row["is_home"]) == ("roeal01", "Al Roe", False)
    assert (str(row["game_date"]), row["reb"], row["did_play"]) == ("2001-01-01", 7, True)
    assert feed_of(day(ROE)).id_space == "basketball_reference"


def test_a_day_needs_its_date() -> None:
    raw = day(ROE, given=None)
    with pytest.raises(FeedError, match=r"day\.csv: box scores without a date column, expected --date"):
        feed_of(raw).read(raw)


def test_a_start_is_utc_and_its_date_eastern() -> None:
    rows = rows_of(
        schedule(
            "2017-10-18 00:01:00+00:00,BOSTON CELTICS,99,CLEVELAND CAVALIERS,102",
            "2017-12-25 17:00:00+00:00,PHILADELPHIA 76ERS,,NEW YORK KNICKS,",
        ),
        "bref-schedule",
        RowKind.GAMES,
    )
    assert rows[0] == {
        "game_date": date(2017, 10, 17), "start_time_utc": datetime(2017, 10, 18, 0, 1, tzinfo=UTC),
        "home_team": "CLEVELAND CAVALIERS", "away_team": "BOSTON CELTICS", "home_points": 102,
        "away_points": 99,
    }  # fmt: skip
    assert (rows[1]["game_date"], rows[1]["home_points"]) == (date(2017, 12, 25), None)


@pytest.mark.parametrize("start", ["2017-10-18 00:01:00", "Oct 18 2017", "2017-10-18T00:01:61Z"])
def test_a_start_without_a_zone_is_refused(start: str) -> None:
    raw = schedule(f"{start},BOSTON CELTICS,99,CLEVELAND CAVALIERS,102")
    with pytest.raises(FeedError, match=r"line 2: start_time .*, expected a UTC time such as"):
        feed_of(raw).read(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (log(PLAYED.replace("HOME", "NEUTRAL")), "line 2: location 'NEUTRAL', expected home or away"),
        (log(PLAYED.replace("1676", "27:56")), "line 2: seconds_played '27:56', expected a number"),
        (log(PLAYED.replace("2018-10-17", "")), "line 2: date is empty"),
        (log(PLAYED, INACTIVE[:20]), "not a readable CSV file"),
        (log(""), "a header and no row"),
        (log(PLAYED, header=LOG.replace("made_free_throws", "ft").replace("team,", "tm,")),
         "no column team, made_free_throws"),
        (day(ROE.replace("roeal01", "")), "line 2: slug is empty"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_names_the_place(raw: RawFile, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        feed_of(raw).read(raw)
