"""Everything wrong with a folder is in one report, and then nothing of it is loaded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.errors import Rejected
from tests.application.small_folder import (
    NOW,
    PLAYED,
    TIPOFFS,
    TONIGHT,
    Rows,
    World,
    files,
    game,
    injury,
    log,
    quote,
)

Change = Callable[[dict[str, Rows]], None]


def without(rows: Rows, *columns: str) -> Rows:
    return [{k: v for k, v in r.items() if k not in columns} for r in rows]


def test_all_absent_columns_of_all_files_are_named_at_once(tmp_path: Path) -> None:
    tables = files()
    tables["games"] = without(tables["games"], "season")
    tables["player_game_logs"] = without(tables["player_game_logs"], "fga", "points")
    tables["prop_lines"] = without(tables["prop_lines"], "line")
    world = World(tmp_path)
    with pytest.raises(Rejected) as refused:
        world.load(tables)
    for place in ("games.parquet: column season", "player_game_logs.parquet: column fga",
                  "player_game_logs.parquet: column points", "prop_lines.parquet: column line"):  # fmt: skip
        assert f"{place}: is missing" in str(refused.value)
    assert "4 problems, nothing was loaded" in str(refused.value)
    assert world.is_empty()


def test_problems_of_rows_and_of_the_schedule_stand_in_one_report(tmp_path: Path) -> None:
    tables = files()
    tables["games"][1] |= {"season_type": "Summer League"}
    tables["player_game_logs"][1] |= {"points": 99}
    tables["prop_lines"] = [quote(), quote(20.3), quote(20.3), quote(snapshot_time_utc=TIPOFFS[TONIGHT])]
    with pytest.raises(Rejected) as refused:
        World(tmp_path).load(tables)
    report = str(refused.value)
    assert "games.parquet: row 1, column season_type, value 'Summer League'" in report
    assert "player_game_logs.parquet: row 1, column points, value 99: is not 2 fgm" in report
    assert "prop_lines.parquet: row 1, column line, value 20.3: is not a multiple of 0.5 (2 rows)" in report
    assert "row 3, column snapshot_time_utc, value 2025-03-20T00:00:00+00:00: captured at or after" in report


def test_a_long_report_ends_with_a_count(tmp_path: Path) -> None:
    tables = files()
    tables["prop_lines"] = without(tables["prop_lines"], *tables["prop_lines"][0]) or []
    tables["prop_lines"] = [{"x": 1}]
    tables["player_game_logs"] = [{"x": 1}]
    with pytest.raises(Rejected) as refused:
        World(tmp_path).load(tables)
    lines = str(refused.value).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 4 more"


def test_columns_that_nothing_needs_and_the_quotes_may_be_absent(tmp_path: Path) -> None:
    tables = files()
    del tables["prop_lines"]
    tables["games"] = without(tables["games"], "start_time_utc", "home_points", "away_points", "lines_source")
    tables["player_game_logs"] = without(tables["player_game_logs"], "game_id")
    loaded = World(tmp_path).load(tables)
    assert loaded.read == {"nba_schedule": 2, "player_game_summary": 2, "nbac_injury_report": 1}
    assert loaded.notes == ()


def put(file: str, row: int = 0, **values: Any) -> Change:
    def change(tables: dict[str, Rows]) -> None:
        tables[file][row] |= values

    return change


def add(file: str, row: dict[str, Any]) -> Change:
    return lambda tables: tables[file].append(row)


NOBODY = dict.fromkeys(("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "tov", "minutes"))
REFUSED: list[tuple[Change, str]] = [
    (put("games", 1, home_points=101, away_points=99), "games.parquet: row 1, column home_points, value 101"),
    (put("games", 1, home_points=101, away_points=99, start_time_utc=None, game_date=TONIGHT + timedelta(1)),
     "games.parquet: row 1, column home_points"),
    (put("games", home_points=None), "row 0, column home_points, value None: is null although away_points"),
    (put("games", game_date=PLAYED + timedelta(1)), "row 0, column game_date, .*not the US Eastern date"),
    (put("games", away_team="BKN"), "row 0, column away_team, value 'BKN': plays against itself"),
    (put("games", 1, game_id="0022400001"), "row 0, column game_id, .*second row of the same game_id"),
    (put("games", start_time_utc=datetime(1970, 1, 21, tzinfo=UTC)), "row 0, column start_time_utc"),
    (put("player_game_logs", did_play=False), "row 0, column points, value 20: is more than 0 although did_play"),
    (put("player_game_logs", **NOBODY), "row 0, column points, value None: is null although did_play is true"),
    (put("player_game_logs", **(NOBODY | {"did_play": False, "minutes": 3.0})), "row 0, column minutes, value 3"),
    (put("player_game_logs", minutes=float("nan")), "row 0, column minutes, value nan"),
    (add("player_game_logs", log(1, "Aron Aşık", "PHX", "BKN", False)), "row 0, column player_id, value 1"),
    (add("player_game_logs", log(1, "Aron Aşık", "BKN", "PHX", True)),
     "row 0, column player_id, value 1: a second row of the same game and player"),
    (put("player_game_logs", game_date=TONIGHT, is_home=True, game_id=None), "row 0, .*the game has not begun"),
    (put("player_game_logs", game_date=PLAYED + timedelta(1)), "row 0, .*not the date of this game_id"),
    (add("injury_report", injury(status="doubtful")), "injury_report.parquet: row 0, .*a second row of the same"),
    (put("injury_report", game_id="0022499999"), "row 0, column game_id, value '0022499999'"),
    (put("prop_lines", game_date=TONIGHT + timedelta(1), game_id=None), "row 0, .*US Eastern date of commence"),
    (put("prop_lines", snapshot_time_utc=TIPOFFS[TONIGHT], commence_time_utc=None), "captured at or after tip-off"),
    (put("prop_lines", over_price=99), "row 0, column over_price, value 99: is not a price in American"),
    (put("prop_lines", under_price=0), "row 0, column under_price, value 0"),
    (put("prop_lines", book_type=None, bookmaker="Corner Shop"), "row 0, column bookmaker, value 'corner_shop'"),
    (put("prop_lines", snapshot_precision="date"), "row 0, .*an instant although the precision is 'date'"),
    (put("prop_lines", home_team="ZZZ", game_id=None), "row 0, column home_team, value 'ZZZ': a team of no game"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_a_contradiction_is_refused_with_file_row_and_column(
    change: Change, message: str, tmp_path: Path
) -> None:
    tables, world = files(), World(tmp_path)
    change(tables)
    with pytest.raises(Rejected, match=message):
        world.load(tables)
    assert world.is_empty()


def test_a_score_is_taken_once_the_game_has_begun(tmp_path: Path) -> None:
    tables, world = files(), World(tmp_path)
    tables["games"][1] |= {"home_points": 101, "away_points": 99}
    world.load(tables, now=TIPOFFS[TONIGHT])
    found = world.rows(
        "SELECT home_team_score FROM nba_reference.nba_schedule WHERE game_date = '2025-03-19'"
    )
    assert found == [{"home_team_score": 101}]


def test_nil_nil_is_no_score_and_midnight_no_tip_off(tmp_path: Path) -> None:
    tables, world = files(), World(tmp_path)
    midnight = datetime(2025, 3, 19, 4, tzinfo=UTC)
    tables["games"][1] |= {"home_points": 0, "away_points": 0, "start_time_utc": midnight}
    tables["prop_lines"][0] |= {"commence_time_utc": midnight}
    loaded = world.load(tables)
    assert [(n.severity, n.rows) for n in loaded.notes] == [("INFO", 1), ("INFO", 1)]
    assert world.rows(
        "SELECT home_team_score, game_start_utc, game_status FROM nba_reference.nba_schedule "
        "WHERE game_date = '2025-03-19'"
    ) == [{"home_team_score": None, "game_start_utc": None, "game_status": 1}]


def test_zeros_of_a_player_who_did_not_play_are_no_contradiction(tmp_path: Path) -> None:
    tables = files()
    tables["player_game_logs"][0] |= dict.fromkeys(NOBODY, 0) | {"did_play": False, "minutes": 0.0}
    assert World(tmp_path).load(tables).read["player_game_summary"] == 2


def test_a_team_under_two_codes_in_one_season_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.load(files())
    other = game(TONIGHT, "BRK", "LAL", "0022400003")
    with pytest.raises(Rejected, match="row 0, column home_team, value 'BRK': the schedule of 2024-25 has"):
        world.load({"games": [other], "player_game_logs": files()["player_game_logs"]}, now=NOW)
