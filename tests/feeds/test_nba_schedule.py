"""Schedules and scoreboards of NBA.com."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind
from tests.feeds.nba_files import game, raw, schedule, table, team


def read(file: RawFile) -> FeedRows:
    return feed_of(file).read(file)


def games(file: RawFile) -> list[dict[str, Any]]:
    return read(file).tables[RowKind.GAMES].to_pylist()


def test_the_start_is_the_field_in_utc_and_the_date_the_eastern_one() -> None:
    (row,) = games(schedule(game()))
    assert row == {
        "game_id": "0022400974", "season": "2024-25", "season_type": "Regular Season",
        "game_date": date(2025, 3, 15), "start_time_utc": datetime(2025, 3, 16, 0, 30, tzinfo=UTC),
        "home_team": "GSW", "away_team": "NYK", "home_points": 97, "away_points": 94,
    }  # fmt: skip


@pytest.mark.parametrize("status", [1, 2])
def test_a_game_that_is_not_over_has_no_score(status: int) -> None:
    (row,) = games(schedule(game(gameStatus=status, homeTeam=team("GSW"), awayTeam=team("NYK"))))
    assert (row["home_points"], row["away_points"]) == (None, None)


@pytest.mark.parametrize(
    ("game_id", "kind"),
    [("0042400407", "Playoffs"), ("0052400101", "Play-In"), ("0062400001", "NBA Cup Final")],
)
def test_the_id_states_the_kind_of_game(game_id: str, kind: str) -> None:
    assert games(schedule(game(game_id)))[0]["season_type"] == kind


def test_games_that_do_not_count_are_left_out_and_counted() -> None:
    guests, all_stars = game("0012400001", homeTeam=team("NZB")), game("0032400001", homeTeam=team("TMC"))
    unknown = game("0042400401", homeTeam=team(""), awayTeam=team(None))  # type: ignore[arg-type]
    moved = game("0022400100", postponedStatus="Y")
    result = read(schedule(guests, all_stars, unknown, moved, game()))
    assert result.tables[RowKind.GAMES].num_rows == 1
    assert [(n.rows, n.example) for n in result.notes] == [
        (2, "0012400001"),
        (1, "0042400401"),
        (1, "0022400100"),
    ]


def test_a_schedule_without_a_game_that_counts_gives_no_row_and_says_so() -> None:
    result = read(schedule(game("0012400001")))
    assert (result.tables, result.notes[-1].reason) == ({}, "no game to import")


def test_a_date_that_is_not_the_eastern_date_of_the_start_is_refused() -> None:
    text = r"game 0022400974: date 2025-03-16 and start 2025-03-16T00:30Z, which is on 2025-03-15 US Eastern, expected"
    with pytest.raises(FeedError, match=text):
        read(schedule(game(gameDateTimeEst="2025-03-16T20:30:00Z")))


def test_another_league_and_a_missing_field_are_refused() -> None:
    with pytest.raises(FeedError, match=r"league 10 \(WNBA\), expected 00 \(NBA\)"):
        read(schedule(game("1022500165")))
    broken = game()
    del broken["gameStatus"]
    with pytest.raises(FeedError, match="game 0022400974: no field gameStatus, expected"):
        read(schedule(broken))


def test_a_scoreboard_states_its_date_once_and_its_eastern_time_is_ignored() -> None:
    entry = {
        "gameId": "0022500171", "gameStatus": 3, "gameEt": "2025-11-05T19:00:00Z",
        "gameTimeUTC": "2025-11-06T00:00:00Z", "homeTeam": team("CLE", 132), "awayTeam": team("PHI", 121),
    }  # fmt: skip
    (row,) = games(raw({"scoreboard": {"gameDate": "2025-11-05", "leagueId": "00", "games": [entry]}}))
    assert (row["game_date"], row["start_time_utc"]) == (date(2025, 11, 5), datetime(2025, 11, 6, tzinfo=UTC))
    assert (row["home_points"], row["away_points"], row["season"]) == (132, 121, "2025-26")


def scoreboard_v2(status: int) -> RawFile:
    header = [
        "GAME_DATE_EST",
        "GAME_SEQUENCE",
        "GAME_ID",
        "GAME_STATUS_ID",
        "HOME_TEAM_ID",
        "VISITOR_TEAM_ID",
    ]
    lines = ["GAME_DATE_EST", "GAME_ID", "TEAM_ID", "TEAM_ABBREVIATION", "PTS"]
    return raw({
        "resultSets": [
            table("GameHeader", header, ["2024-01-15T00:00:00", 1, "0022300560", status, 10, 20]),
            table("LineScore", lines, ["2024-01-15T00:00:00", "0022300560", 20, "BOS", 105],
                  ["2024-01-15T00:00:00", "0022300560", 10, "TOR", 96]),
        ]
    })  # fmt: skip


def test_a_scoreboard_of_version_2_has_no_start_time() -> None:
    (row,) = games(scoreboard_v2(3))
    assert (row["home_team"], row["home_points"], row["away_team"], row["away_points"]) == (
        "TOR",
        96,
        "BOS",
        105,
    )
    assert (row["game_date"], "start_time_utc" in row) == (date(2024, 1, 15), False)
    assert games(scoreboard_v2(2))[0]["home_points"] is None
