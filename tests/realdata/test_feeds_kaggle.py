"""The sample files of Kaggle data sets."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind
from shared.domain.season_types import CUP_FINAL, PLAY_IN
from tests.realdata.feed_files import assert_has, expected_rows, needs_feed_files, raw

pytestmark = needs_feed_files

FOLDER = "unlicensed/kaggle/"
LEBRON = FOLDER + "PlayerStatistics_lebron_2023_to_2026.csv"
REGROUPED = FOLDER + "PlayerStatistics_regrouped_2025-04-13.csv"
TEAMS = {"LAL": "Los Angeles Lakers", "NOP": "New Orleans Pelicans", "GSW": "Warriors", "LAC": "Clippers"}
"""The files' words of the expected codes, which are resolved later."""


def _read(path: str) -> FeedRows:
    file = raw(path)
    return feed_of(file).read(file)


def _of_game(rows: pa.Table, game_id: str) -> pa.Table:
    return rows.filter(pc.equal(rows["game_id"], game_id))


def test_each_expected_box_score_is_read() -> None:
    for path in (LEBRON, REGROUPED):
        rows = _read(path).tables[RowKind.BOX_SCORES]
        (expected,) = expected_rows(path)
        assert_has(rows, expected | {c: TEAMS[expected[c]] for c in ("team", "opponent")})
    daily = FOLDER + "bref_daily_2025-10-21.csv"
    rows = _read(daily).tables[RowKind.BOX_SCORES]
    assert_has(rows, expected_rows(daily)[0])
    assert "is_home" not in rows.column_names


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("PlayerStatistics_lebron_2023_to_2026.csv", 170),
        ("PlayerStatistics_one_player_2023-24.csv", 53),
        ("PlayerStatistics_one_player_2020-21.csv", 52),
        ("PlayerStatistics_regrouped_2025-04-13.csv", 471),
        ("bref_daily_2025-10-21.csv", 310),
    ],
)
def test_no_row_of_a_player_is_lost_and_points_follow_from_the_shots(name: str, rows: int) -> None:
    result = _read(FOLDER + name)
    box = result.tables[RowKind.BOX_SCORES]
    assert (box.num_rows, list(result.notes)) == (rows, [])
    shots = pc.add(pc.add(pc.multiply(box["fgm"], 2), box["fg3m"]), box["ftm"])
    assert pc.all(pc.equal(shots, box["points"])).as_py()
    assert pc.max(box["minutes"]).as_py() < 60


def test_whole_minutes_of_older_rows_stay_whole() -> None:
    rows = _read(FOLDER + "PlayerStatistics_one_player_2023-24.csv").tables[RowKind.BOX_SCORES]
    mitchell = {
        "game_id": "0022301174", "season": "2023-24", "game_date": "2024-04-12", "player_id": 1628378,
        "player_name": "Donovan Mitchell", "team": "Cleveland Cavaliers", "opponent": "Indiana Pacers",
        "is_home": True, "minutes": 37.0, "points": 33,
    }  # fmt: skip
    assert_has(rows, mitchell)


def test_the_id_gives_the_kind_of_game_whatever_the_words_say() -> None:
    rows = _read(LEBRON).tables[RowKind.BOX_SCORES]
    assert _of_game(rows, "0052300121")["season_type"].to_pylist() == [PLAY_IN]
    assert _of_game(rows, "0062300001")["season_type"].to_pylist() == [CUP_FINAL]


def test_a_lost_zero_of_the_seconds_is_a_whole_minute() -> None:
    rows = _read(REGROUPED).tables[RowKind.BOX_SCORES]
    assert_has(rows, {"player_name": "Nikola Jokic", "minutes": 30.76667, "points": 18})
    assert_has(rows, {"player_name": "Stephen Curry", "minutes": 38.0, "points": 36})


def test_the_schedule_of_2024_25() -> None:
    path = FOLDER + "LeagueSchedule24_25.csv"
    result = _read(path)
    rows = result.tables[RowKind.GAMES]
    (expected,) = expected_rows(path)
    assert_has(rows, expected)
    assert rows.num_rows == 1230 + 84 + 6
    left_out = [(note.rows, note.example) for note in result.notes]
    assert left_out == [(87, "0012400001"), (1, "0062400001")]
    assert rows["start_time_utc"].null_count == 0


def test_the_schedule_of_2025_26_spells_its_columns_otherwise() -> None:
    rows = _read(FOLDER + "LeagueSchedule25_26_cut.csv").tables[RowKind.GAMES]
    game = {
        "game_id": "0022500514", "season": "2025-26", "season_type": "Regular Season", "home_team": "NOP",
        "away_team": "LAL", "game_date": "2026-01-06", "start_time_utc": "2026-01-07T01:00:00Z",
    }  # fmt: skip
    assert_has(rows, game)
    assert rows.num_rows == 98


def test_dates_of_box_scores_agree_with_the_schedules_though_their_times_do_not() -> None:
    """But for one game, which was played a day before the date of the schedule."""
    names = ("LeagueSchedule24_25.csv", "LeagueSchedule25_26_cut.csv")
    games = [_read(FOLDER + name).tables[RowKind.GAMES] for name in names]
    scheduled = {g["game_id"]: g["game_date"] for table in games for g in table.to_pylist()}
    box = _read(LEBRON).tables[RowKind.BOX_SCORES].to_pylist()
    shared = [row for row in box if row["game_id"] in scheduled]
    assert len(shared) > 80
    differing = [row["game_id"] for row in shared if row["game_date"] != scheduled[row["game_id"]]]
    assert differing == ["0022400768"]


def test_players() -> None:
    rows = _read(FOLDER + "Players_cut.csv").tables[RowKind.PLAYERS]
    assert rows.num_rows == 47
    assert_has(rows, {"player_id": 1628972, "player_name": "Troy Brown Jr."})


def test_the_history_of_teams_is_no_feed() -> None:
    with pytest.raises(Exception, match="teamId, teamCity"):
        _read(FOLDER + "TeamHistories.csv")


def test_an_evening_game_in_march_starts_on_the_next_day_in_utc() -> None:
    rows = _of_game(_read(FOLDER + "LeagueSchedule24_25.csv").tables[RowKind.GAMES], "0022400974")
    assert rows["start_time_utc"].to_pylist() == [datetime(2025, 3, 16, 0, 30, tzinfo=UTC)]
    assert rows["game_date"].to_pylist() == [date(2025, 3, 15)]
