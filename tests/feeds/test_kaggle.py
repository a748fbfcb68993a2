"""Kaggle's data sets: columns as they are published, rows of our own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind

STATISTICS: dict[str, Any] = {
    "firstName": "LeBron", "lastName": "James", "personId": 2544, "gameId": 22500514,
    "gameDateTimeEst": "2026-01-06 15:00:00", "playerteamCity": "Los Angeles", "playerteamName": "Lakers",
    "opponentteamCity": "New Orleans", "opponentteamName": "Pelicans", "gameType": "Regular Season", "win": 1,
    "home": 0, "numMinutes": 33.09, "points": 30.0, "assists": 8.0, "blocks": 1.0, "steals": 2.0,
    "fieldGoalsAttempted": 19.0, "fieldGoalsMade": 10.0, "threePointersAttempted": 5.0, "threePointersMade": 3.0,
    "freeThrowsAttempted": 7.0, "freeThrowsMade": 7.0, "reboundsDefensive": 8.0, "reboundsOffensive": 0.0,
    "reboundsTotal": 8.0, "foulsPersonal": 2.0, "turnovers": 1.0, "plusMinusPoints": -10.0,
}  # fmt: skip
REGROUPED: dict[str, Any] = {
    "firstName": "Stephen Curry", "gameDate": "2025-04-13", "playerteamName": "Warriors",
    "opponentteamName": "Clippers", "win": 0, "home": 1, "MP": 37.6, "PTS": 36, "AST": 6, "BLK": 0, "STL": 1,
    "FGA": 20, "FG": 10, "3PA": 15, "3PM": 7, "FTA": 9, "FTM": 9, "TRB": 3, "TOV": 2,
}  # fmt: skip
DAILY: dict[str, Any] = {
    "Player": "Alex Caruso", "Tm": "OKC", "Opp": "HOU", "Res": "W", "MP": 30.18, "FG": 3, "FGA": 9, "FG%": 0.333,
    "3P": 2, "3PA": 6, "FT": 0, "FTA": 0, "ORB": 0, "DRB": 2, "TRB": 2, "AST": 3, "STL": 2, "BLK": 1, "TOV": 0,
    "PF": 2, "PTS": 8, "GmSc": 7.5, "Data": "2025-10-21",
}  # fmt: skip
SCHEDULE: dict[str, Any] = {
    "gameId": 22400974, "gameDateTimeEst": "2025-03-15 20:30:00+00:00", "gameDay": "Sat",
    "hometeamId": 1610612744, "awayteamId": 1610612752,
}  # fmt: skip


def csv(*rows: dict[str, Any]) -> RawFile:
    lines = [",".join(rows[0]), *(",".join("" if v is None else str(v) for v in r.values()) for r in rows)]
    return RawFile("data.csv", "\n".join(lines).encode())


def read(*rows: dict[str, Any]) -> FeedRows:
    file = csv(*rows)
    return feed_of(file).read(file)


def box_scores(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return read(*rows).tables[RowKind.BOX_SCORES].to_pylist()


def test_minutes_of_player_statistics_are_minutes_and_seconds() -> None:
    (row,) = box_scores(STATISTICS)
    assert row["minutes"] == pytest.approx(33.15)
    assert (row["game_id"], row["season"], row["game_date"]) == ("0022500514", "2025-26", date(2026, 1, 6))
    assert (row["team"], row["opponent"], row["is_home"]) == (
        "Los Angeles Lakers",
        "New Orleans Pelicans",
        False,
    )
    assert (row["player_id"], row["points"], row["fgm"], row["plus_minus"]) == (2544, 30, 10, -10)


def test_a_row_without_minutes_did_not_play() -> None:
    (row,) = box_scores(STATISTICS | {"numMinutes": None, "points": 0.0})
    assert (row["did_play"], row["minutes"], row["points"]) == (False, 0.0, None)


@pytest.mark.parametrize(
    ("game_id", "counts"), [(52300121, True), (62300001, True), (12300001, False), (32300001, False)]
)
def test_the_id_decides_which_games_count(game_id: int, counts: bool) -> None:
    result = read(STATISTICS | {"gameId": game_id})
    assert (RowKind.BOX_SCORES in result.tables, len(result.notes)) == (counts, 0 if counts else 1)


def test_true_decimals_in_player_statistics_are_refused() -> None:
    with pytest.raises(FeedError, match="numMinutes with 75 hundredths, expected minutes and seconds"):
        read(STATISTICS | {"numMinutes": 33.75})


def test_a_lost_zero_of_the_regrouped_set_is_sixty_seconds() -> None:
    (row,) = box_scores(REGROUPED)
    assert (row["minutes"], row["player_name"], row["team"]) == (38.0, "Stephen Curry", "Warriors")
    assert box_scores(REGROUPED | {"MP": 30.46})[0]["minutes"] == pytest.approx(30.7667, abs=1e-4)


def test_minutes_of_the_daily_set_are_decimals_and_nobody_is_at_home() -> None:
    (row,) = box_scores(DAILY)
    assert (row["minutes"], row["game_date"], "is_home" in row) == (30.18, date(2025, 10, 21), False)


def test_a_daily_set_that_writes_minutes_and_seconds_is_refused() -> None:
    rows = [DAILY | {"MP": 20 + second / 100} for second in range(1, 60)]
    with pytest.raises(
        FeedError, match=r"MP with no fraction above .60, so minutes and seconds, expected decimal"
    ):
        read(*rows)


def test_the_start_of_a_schedule_is_eastern_whatever_it_says() -> None:
    for text in ("2025-03-15 20:30:00+00:00", "2025-03-15 20:30:00Z", "2025-03-15T20:30:00Z"):
        (row,) = read(SCHEDULE | {"gameDateTimeEst": text}).tables[RowKind.GAMES].to_pylist()
        assert row == {
            "game_id": "0022400974", "season": "2024-25", "season_type": "Regular Season",
            "game_date": date(2025, 3, 15), "start_time_utc": datetime(2025, 3, 16, 0, 30, tzinfo=UTC),
            "home_team": "GSW", "away_team": "NYK",
        }  # fmt: skip


def test_teams_that_are_not_known_yet_are_left_out() -> None:
    result = read(SCHEDULE | {"gameId": 62400001, "hometeamId": 0, "awayteamId": 0})
    assert (result.tables, [n.example for n in result.notes]) == ({}, ["0062400001"])


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (STATISTICS | {"points": "30.5"}, "line 2: points '30.5', expected a whole number"),
        (STATISTICS | {"home": "yes"}, "line 2: home 'yes', expected TRUE or FALSE"),
        (STATISTICS | {"gameId": 1022500514}, r"league 10 \(WNBA\), expected"),
        (STATISTICS | {"gameDateTimeEst": "6 Jan 2026"}, "gameDateTimeEst '6 Jan 2026', expected a date"),
        (SCHEDULE | {"gameDateTimeEst": "2025-03-15"}, "gameDateTimeEst '2025-03-15', expected YYYY-MM-DD HH:MM:SS"),
        ({k: v for k, v in STATISTICS.items() if k not in ("points", "steals")}, "no column points, steals; .*, expected"),
    ],
)  # fmt: skip
def test_a_bad_value_is_named_with_its_line(row: dict[str, Any], text: str) -> None:
    with pytest.raises(FeedError, match=text):
        read(row)


def test_a_header_without_rows_is_refused() -> None:
    file = RawFile("data.csv", ",".join(STATISTICS).encode() + b"\n")
    with pytest.raises(FeedError, match="a header and no row, expected one row or more"):
        feed_of(file).read(file)
