"""Box scores and players of Kaggle data sets."""

from __future__ import annotations

from typing import Any

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind
from shared.domain.season_types import CUP_FINAL, PLAY_IN, REGULAR
from shared.domain.written_minutes import ENOUGH

COUNTS = {
    "points": "12.0", "assists": "3.0", "blocks": "1.0", "steals": "0.0", "fieldGoalsAttempted": "9.0",
    "fieldGoalsMade": "4.0", "fieldGoalsPercentage": "0.444", "threePointersAttempted": "3.0",
    "threePointersMade": "1.0", "freeThrowsAttempted": "4.0", "freeThrowsMade": "3.0",
    "reboundsDefensive": "5.0", "reboundsOffensive": "2.0", "reboundsTotal": "7.0", "foulsPersonal": "2.0",
    "turnovers": "1.0", "plusMinusPoints": "-4.0",
}  # fmt: skip
PLAYED = {
    "firstName": "Jo", "lastName": "Doe", "personId": "1111", "gameId": "22500514",
    "gameDateTimeEst": "2026-01-06 15:00:00", "playerteamCity": "Los Angeles", "playerteamName": "Lakers",
    "opponentteamCity": "New Orleans", "opponentteamName": "Pelicans", "gameType": "Regular Season",
    "win": "1", "home": "0", "numMinutes": "33.09", **COUNTS,
}  # fmt: skip
NOTHING = dict.fromkeys(COUNTS, "0.0")


def csv(*rows: dict[str, str]) -> RawFile:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return RawFile("file.csv", "\n".join(lines).encode())


def read(raw: RawFile, feed: str = "kaggle-player-statistics") -> FeedRows:
    found = feed_of(raw)
    assert found.name == feed
    return found.read(raw)


def rows_of(raw: RawFile, feed: str = "kaggle-player-statistics") -> list[dict[str, Any]]:
    return list(read(raw, feed).tables[RowKind.BOX_SCORES].to_pylist())


def test_a_row_of_player_statistics() -> None:
    (row,) = rows_of(csv(PLAYED))
    assert (row["game_id"], row["season"], row["season_type"]) == ("0022500514", "2025-26", REGULAR)
    assert (row["player_id"], row["player_name"], row["is_home"]) == (1111, "Jo Doe", False)
    assert (row["team"], row["opponent"]) == ("Los Angeles Lakers", "New Orleans Pelicans")
    assert (row["minutes"], row["points"], row["fg3m"], row["plus_minus"]) == (33.15, 12, 1, -4)
    assert (str(row["game_date"]), row["did_play"]) == ("2026-01-06", True)
    assert "dnp_reason" not in row


def test_the_keepers_columns_and_the_order_do_not_matter() -> None:
    kept = dict(reversed([*PLAYED.items(), ("season", "2025-26"), ("playerName", "Jo Doe")]))
    assert rows_of(csv(kept)) == rows_of(csv(PLAYED))


@pytest.mark.parametrize(
    ("written", "minutes"), [("35.0", 35.0), ("35", 35.0), ("37.6", 38.0), ("29.46", 29 + 46 / 60)]
)
def test_minutes_are_whole_or_with_seconds(written: str, minutes: float) -> None:
    (row,) = rows_of(csv(PLAYED | {"numMinutes": written}))
    assert row["minutes"] == pytest.approx(minutes)


@pytest.mark.parametrize("written", ["33.75", "33.155"])
def test_true_decimals_contradict_the_set(written: str) -> None:
    with pytest.raises(FeedError, match=f"line 3: numMinutes '{written}', expected minutes and seconds"):
        read(csv(PLAYED, PLAYED | {"numMinutes": written}))


@pytest.mark.parametrize(
    ("game_id", "kind"), [("52300121", PLAY_IN), ("62300001", CUP_FINAL), ("0022300121", REGULAR)]
)
def test_the_id_gives_the_kind_of_game(game_id: str, kind: str) -> None:
    (row,) = rows_of(csv(PLAYED | {"gameId": game_id, "gameType": "Playoffs"}))
    assert (row["season_type"], row["season"]) == (kind, "2023-24")


def test_pre_season_and_all_star_games_are_left_out_with_a_count() -> None:
    result = read(csv(PLAYED | {"gameId": "12500008"}, PLAYED | {"gameId": "32400001"}, PLAYED))
    assert result.tables[RowKind.BOX_SCORES].num_rows == 1
    assert [(note.rows, note.example) for note in result.notes] == [(2, "0012500008")]
    assert read(csv(PLAYED | {"gameId": "32400001"})).tables == {}


@pytest.mark.parametrize(
    ("changed", "played", "minutes"),
    [
        ({"numMinutes": "0.0"}, True, 0.0),
        ({"numMinutes": "0.0", **NOTHING, "foulsPersonal": "1.0"}, True, 0.0),
        ({"numMinutes": "0.0", **NOTHING, "plusMinusPoints": "-2.0"}, True, 0.0),
        ({"numMinutes": "0.0", **NOTHING}, False, 0.0),
        ({"numMinutes": "", **NOTHING}, False, 0.0),
        ({"numMinutes": "", **dict.fromkeys(COUNTS, "")}, False, 0.0),
        ({"numMinutes": "0.1", **NOTHING}, True, 10 / 60),
    ],
)
def test_a_count_shows_who_played_in_a_rounded_minute(
    changed: dict[str, str], played: bool, minutes: float
) -> None:
    (row,) = rows_of(csv(PLAYED | changed))
    assert (row["did_play"], row["minutes"]) == (played, pytest.approx(minutes))
    assert (row["points"] is None) is not played


def test_rows_read_as_absent_are_counted() -> None:
    result = read(csv(PLAYED, PLAYED | {"numMinutes": "0.0", **NOTHING}))
    (note,) = result.notes
    assert (note.rows, note.reason) == (
        1, "rows of 0 minutes without any count, read as players who did not play",
    )  # fmt: skip


def test_points_without_minutes_are_left_out() -> None:
    result = read(csv(PLAYED, PLAYED | {"numMinutes": ""}))
    assert result.tables[RowKind.BOX_SCORES].num_rows == 1
    assert [(note.rows, note.reason) for note in result.notes] == [
        (1, "rows with points but without minutes")
    ]


def test_a_comment_says_why_a_player_did_not_play() -> None:
    played, absent = rows_of(csv(
        PLAYED | {"comment": ""}, PLAYED | NOTHING | {"numMinutes": "", "comment": "DNP - Coach's Decision"},
    ))  # fmt: skip
    assert (played["dnp_reason"], absent["dnp_reason"]) == (None, "DNP - Coach's Decision")
    assert absent["did_play"] is False


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"gameId": "1022400974"}, r"league 10 \(WNBA\), expected 00"),
        ({"gameId": "401705000"}, "game id '401705000', expected ten digits"),
        ({"gameId": ""}, "line 2: gameId is empty"),
        ({"personId": "x1"}, "line 2: personId 'x1', expected a number"),
        ({"home": "2"}, "line 2: home '2', expected TRUE or FALSE"),
        ({"points": "12.5"}, "line 2: points '12.5', expected a whole number"),
        ({"gameDateTimeEst": "06.01.2026"}, "line 2: gameDateTimeEst '06.01.2026', expected a date"),
        ({"firstName": "", "lastName": ""}, "line 2: lastName is empty, expected a name"),
    ],
)
def test_a_value_that_means_nothing_is_refused(changed: dict[str, str], message: str) -> None:
    with pytest.raises(FeedError, match=rf"file\.csv: .*{message}"):
        read(csv(PLAYED | changed))


def test_every_absent_column_is_named_at_once() -> None:
    rest = {k: v for k, v in PLAYED.items() if k not in ("points", "home", "playerteamCity")}
    with pytest.raises(FeedError, match="no column home, playerteamCity, points;"):
        read(csv(rest))


REGROUPED = {
    "firstName": "Jo Doe", "gameDate": "2025-04-13", "playerteamName": "Warriors",
    "opponentteamName": "Clippers", "win": "0", "home": "1", "MP": "37.6", "PTS": "36", "AST": "6",
    "BLK": "0", "STL": "2", "FGA": "20", "FG": "10", "3PA": "12", "3PM": "7", "FTA": "9", "FTM": "9",
    "TRB": "3", "TOV": "8",
}  # fmt: skip


def test_the_grouped_set_has_whole_names_and_nicknames() -> None:
    (row,) = rows_of(csv(REGROUPED), "kaggle-regrouped")
    assert (row["player_name"], row["team"], row["opponent"]) == ("Jo Doe", "Warriors", "Clippers")
    assert (row["minutes"], row["points"], row["reb"], row["is_home"]) == (38.0, 36, 3, True)
    assert not {"player_id", "game_id", "oreb", "pf"} & row.keys()
    with pytest.raises(FeedError, match=r"MP '37\.61', expected minutes and seconds"):
        read(csv(REGROUPED | {"MP": "37.61"}), "kaggle-regrouped")


DAILY = {
    "Player": "Jo Doe", "Tm": "OKC", "Opp": "HOU", "Res": "W", "MP": "30.18", "FG": "3", "FGA": "9",
    "FG%": "0.333", "3P": "2", "3PA": "6", "FT": "0", "FTA": "0", "ORB": "0", "DRB": "2", "TRB": "2",
    "AST": "3", "STL": "2", "BLK": "1", "TOV": "0", "PF": "2", "PTS": "8", "GmSc": "7.499999999999999",
    "Data": "2025-10-21",
}  # fmt: skip


def test_the_daily_set_has_decimal_minutes_and_no_home_team() -> None:
    rows = rows_of(csv(DAILY, DAILY | {"MP": "14.595"}), "kaggle-daily")
    assert [row["minutes"] for row in rows] == [30.18, 14.595]
    assert (rows[0]["team"], str(rows[0]["game_date"]), rows[0]["did_play"]) == ("OKC", "2025-10-21", True)
    assert not {"is_home", "player_id", "game_id"} & rows[0].keys()


def test_minutes_and_seconds_contradict_the_daily_set() -> None:
    clock = [DAILY | {"MP": f"{20 + i}.{i:02d}"} for i in range(1, ENOUGH + 1)]
    with pytest.raises(FeedError, match="so minutes and seconds, expected decimal minutes"):
        read(csv(*clock), "kaggle-daily")
    assert len(rows_of(csv(*clock[1:]), "kaggle-daily")) == ENOUGH - 1


def test_the_date_column_of_the_daily_set_is_called_data() -> None:
    with pytest.raises(FeedError, match="no column Data;"):
        read(csv({("Date" if k == "Data" else k): v for k, v in DAILY.items()}), "kaggle-daily")


def test_players() -> None:
    rows = csv(
        {"personId": "1", "firstName": "Jo", "lastName": "Doe Jr.", "birthdate": "1999-07-28"},
        {"personId": "2", "firstName": "Nene", "lastName": "", "birthdate": ""},
        {"personId": "3", "firstName": "", "lastName": "", "birthdate": ""},
    )
    result = read(rows, "kaggle-players")
    assert result.tables[RowKind.PLAYERS].to_pylist() == [
        {"player_id": 1, "player_name": "Jo Doe Jr."}, {"player_id": 2, "player_name": "Nene"},
    ]  # fmt: skip
    assert [(note.reason, note.rows, note.example) for note in result.notes] == [
        ("rows without a name", 1, "3")
    ]
