"""Schedules of the Kaggle data set."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind

WARRIORS, KNICKS = "1610612744", "1610612752"
OLD = "gameId,gameDateTimeEst,gameDay,gameLabel,hometeamId,awayteamId"
NEW = "gameId,gameDateTimeEst,homeTeamId,awayTeamId,homeTeamCity,homeTeamName,awayTeamCity,awayTeamName,gameLabel"


def old(
    start: str = "2025-03-15 20:30:00+00:00", game: str = "22400974", teams: str = f"{WARRIORS},{KNICKS}"
) -> str:
    return f"{game},{start},Sat,,{teams}"


def read(*lines: str, header: str = OLD) -> FeedRows:
    raw = RawFile("schedule.csv", "\n".join((header, *lines)).encode())
    feed = feed_of(raw)
    assert feed.name == "kaggle-schedule"
    return feed.read(raw)


def rows_of(*lines: str, header: str = OLD) -> list[dict[str, Any]]:
    return list(read(*lines, header=header).tables[RowKind.GAMES].to_pylist())


def test_a_game_is_on_an_eastern_clock_whatever_zone_is_written() -> None:
    times = (
        "2025-03-15 20:30:00+00:00",
        "2025-03-15T20:30:00Z",
        "2025-03-15 20:30:00",
        "2025-03-15 20:30:00-04:00",
    )
    rows = rows_of(*(old(start) for start in times))
    assert rows[0] == {
        "game_id": "0022400974", "season": "2024-25", "season_type": "Regular Season",
        "game_date": date(2025, 3, 15), "start_time_utc": datetime(2025, 3, 16, 0, 30, tzinfo=UTC),
        "home_team": "GSW", "away_team": "NYK",
    }  # fmt: skip
    assert all(row == rows[0] for row in rows)


def test_winter_time_is_an_hour_later_in_utc() -> None:
    (row,) = rows_of(old("2024-12-15 20:30:00Z"))
    assert row["start_time_utc"] == datetime(2024, 12, 16, 1, 30, tzinfo=UTC)


def test_a_time_that_is_not_set_is_midnight() -> None:
    (row,) = rows_of(old("2025-03-15 00:00:00Z"))
    assert (row["game_date"], row["start_time_utc"]) == (date(2025, 3, 15), None)


def test_the_columns_of_the_next_season_are_spelt_otherwise() -> None:
    line = f"22500514,2026-01-06 20:00:00Z,{WARRIORS},{KNICKS},Golden State,Warriors,New York,Knicks,"
    (row,) = rows_of(line, header=NEW)
    assert (row["game_id"], row["home_team"], row["away_team"]) == ("0022500514", "GSW", "NYK")


def test_games_that_are_not_imported_are_counted() -> None:
    result = read(
        old(game="12400002", teams=f"{WARRIORS},15020"), old(game="32400001", teams="0,0"),
        old(game="62400001", teams="0,0"), old(game="62400001"), old(game="52400211"),
    )  # fmt: skip
    kinds = [row["season_type"] for row in result.tables[RowKind.GAMES].to_pylist()]
    assert kinds == ["NBA Cup Final", "Play-In"]
    assert [(note.rows, note.example) for note in result.notes] == [(2, "0012400002"), (1, "0062400001")]
    assert read(old(game="12400002")).tables == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (old(teams=f"{WARRIORS},15020"), "line 2: awayteamId '15020', expected NBA.com's id of a team"),
        (old("2025-03-15"), "line 2: gameDateTimeEst '2025-03-15', expected a time such as"),
        (old("2025-03-15 20:30:00+01:00"), r"line 2: gameDateTimeEst .*\+01:00', expected a time"),
        (old("2025-03-15 25:30:00"), "line 2: gameDateTimeEst .*, expected a time"),
        (old(game="1022400974"), r"league 10 \(WNBA\), expected 00"),
        (old(teams=f"{WARRIORS},"), "line 2: awayteamId is empty"),
    ],
)
def test_a_value_that_means_nothing_is_refused(line: str, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        read(line)


def test_every_absent_column_is_named_at_once() -> None:
    with pytest.raises(FeedError, match="no column awayTeamId;"):
        read("22400974,2025-03-15 20:30:00,1", header="gameId,gameDateTimeEst,homeTeamId")
