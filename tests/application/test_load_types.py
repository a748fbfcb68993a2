"""Types that a file may have: read as what they mean, or refused with file and column; never a traceback."""

# ruff: noqa: DTZ001  naive timestamps are what is tested

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shared.errors import Rejected
from tests.application.small_folder import TONIGHT, World, files, table, with_column

pytestmark = pytest.mark.slow

QUOTES = "SELECT * FROM nba_raw.odds_api_player_points_props WHERE game_date > '2025-01-01' ORDER BY quote_id"
LOGS = "SELECT * FROM nba_analytics.player_game_summary WHERE game_date > '2025-01-01' ORDER BY player_id"
CAPTURED = 1_742_407_200
"""18:00 UTC on 2025-03-19, in seconds."""

READ: list[tuple[str, str, pa.Array]] = [
    ("prop_lines", "bookmaker", pa.array(["draftkings"]).dictionary_encode()),
    ("prop_lines", "bookmaker", pa.array(["draftkings"], pa.large_string())),
    ("prop_lines", "bookmaker", pa.array(["draftkings"], pa.string_view())),
    ("prop_lines", "bookmaker", pa.array([b"draftkings"])),
    ("prop_lines", "line", pa.array([Decimal("20.50")])),
    ("prop_lines", "line", pa.array([20.5], pa.float32())),
    ("prop_lines", "line", pa.array(["20.5"])),
    ("prop_lines", "over_price", pa.array([-110.0])),
    ("prop_lines", "over_price", pa.array([Decimal("-110")])),
    ("prop_lines", "player_id", pa.array([1], pa.uint8())),
    ("prop_lines", "is_main", pa.array([1])),
    ("prop_lines", "game_id", pa.array([22400002])),
    ("prop_lines", "game_date", pa.array([20250319])),
    ("prop_lines", "game_date", pa.array(["2025-03-19"])),
    ("prop_lines", "game_date", pa.array([datetime(2025, 3, 19)])),
    ("prop_lines", "game_date", pa.array([TONIGHT], pa.date64())),
    ("prop_lines", "snapshot_time_utc", pa.array([datetime(2025, 3, 19, 18)], pa.timestamp("ns"))),
    ("prop_lines", "snapshot_time_utc", pa.array([CAPTURED], pa.int64()).cast(pa.timestamp("s"))),
    ("prop_lines", "snapshot_time_utc", pa.array([CAPTURED * 1_000_000])),
    ("prop_lines", "snapshot_time_utc", pa.array(["2025-03-19T14:00:00-04:00"])),
    ("prop_lines", "snapshot_time_utc", pa.array(["2025-03-19 18:00:00"])),
    ("player_game_logs", "minutes", pa.array(["34:12", "PT34M12.00S"])),
    ("player_game_logs", "points", pa.array([20, 20], pa.int16())),
]


@pytest.mark.parametrize(("file", "column", "values"), READ, ids=lambda v: getattr(v, "type", v))
def test_a_value_of_another_type_is_read_as_what_it_means(
    file: str, column: str, values: pa.Array, tmp_path: Path
) -> None:
    wanted, came = World(tmp_path / "wanted"), World(tmp_path / "came")
    wanted.load(files())
    changed: dict[str, Any] = files()
    changed[file] = with_column(table(changed[file]), column, values)
    came.load(changed)
    assert came.rows(QUOTES) == wanted.rows(QUOTES)
    assert came.rows(LOGS) == wanted.rows(LOGS)


REFUSED: list[tuple[str, str, pa.Array, str]] = [
    ("prop_lines", "snapshot_time_utc", pa.array([CAPTURED]), "row 0, .*another unit"),
    ("prop_lines", "snapshot_time_utc", pa.array([CAPTURED + 0.5]), "is double, expected timestamp"),
    ("prop_lines", "snapshot_time_utc", pa.array([CAPTURED * 1000]), "row 0, .*another unit"),
    (
        "prop_lines",
        "snapshot_time_utc",
        pa.array([datetime(1970, 1, 21)], pa.timestamp("us")),
        "row 0, .*2000",
    ),
    ("prop_lines", "snapshot_time_utc", pa.array([2**60], pa.int64()).cast(pa.timestamp("ms")), "row 0"),
    ("prop_lines", "snapshot_time_utc", pa.array(["tonight"]), "row 0, .*value 'tonight'"),
    ("prop_lines", "snapshot_time_utc", pa.array([TONIGHT]), "is date32"),
    ("prop_lines", "game_date", pa.array([20250339]), "row 0, .*expected YYYY-MM-DD"),
    ("prop_lines", "game_date", pa.array(["03/19/2025"]), "row 0, .*expected YYYY-MM-DD"),
    ("prop_lines", "game_date", pa.array([datetime(2025, 3, 19, 20)]), "row 0, .*time of day"),
    ("prop_lines", "game_date", pa.array([date(9999, 12, 31)]), "row 0, .*9999-12-31.*1900 and 2100"),
    (
        "prop_lines",
        "game_date",
        pa.array([2**31 - 1], pa.int32()).cast(pa.date32()),
        "row 0, .*1900 and 2100",
    ),
    ("prop_lines", "game_date", pa.array([datetime(9999, 12, 31)]), "row 0, .*1900 to 2100"),
    ("games", "game_date", pa.array([TONIGHT, date(1, 1, 1)]), "row 1, .*1900 and 2100"),
    ("prop_lines", "over_price", pa.array([1.91]), "row 0, .*value 1.91.*American"),
    ("prop_lines", "over_price", pa.array([-110.5]), "row 0"),
    ("prop_lines", "over_price", pa.array([2**63], pa.uint64()), "column over_price"),
    ("prop_lines", "line", pa.array([float("inf")]), "row 0, .*value inf"),
    ("prop_lines", "line", pa.array([float("nan")]), "row 0, .*value nan"),
    ("prop_lines", "line", pa.array([[20.5]]), "column line: is list<.*>, expected double"),
    ("prop_lines", "bookmaker", pa.array([{"key": "dk"}]), "column bookmaker: is struct"),
    ("prop_lines", "bookmaker", pa.array([7]), "column bookmaker: is int64, expected string"),
    ("prop_lines", "bookmaker", pa.array([b"\xff"]), "column bookmaker"),
    ("prop_lines", "bookmaker", pa.array(["..."]), "row 0, .*no letter or digit"),
    ("prop_lines", "player_name", pa.array(["-"]), "row 0, .*no letter or digit"),
    ("prop_lines", "is_main", pa.array([2]), "row 0, .*expected true or false"),
    ("player_game_logs", "minutes", pa.array(["34:12", "half"]), "row 1, .*value 'half'"),
    ("player_game_logs", "points", pa.array([True, False]), "column points: is bool, expected int64"),
    ("player_game_logs", "did_play", pa.array([date(2025, 1, 1)] * 2), "column did_play"),
    (
        "games",
        "season_type",
        pa.array(["Regular Season", "Summer"]),
        "row 1, .*expected one of Regular Season",
    ),
]


@pytest.mark.parametrize(("file", "column", "values", "message"), REFUSED)
def test_a_value_that_means_nothing_is_refused_with_file_and_column(
    file: str, column: str, values: pa.Array, message: str, tmp_path: Path
) -> None:
    world = World(tmp_path)
    changed: dict[str, Any] = files()
    changed[file] = with_column(table(changed[file]), column, values)
    with pytest.raises(Rejected, match=message) as refused:
        world.load(changed)
    assert f"{file}.parquet: " in str(refused.value)
    assert f"column {column}" in str(refused.value)
    assert world.is_empty()


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    changed: dict[str, Any] = files()
    changed["prop_lines"] = table(changed["prop_lines"]).append_column("line", pa.array([1.5]))
    with pytest.raises(Rejected, match="column line: there is more than one column of this name"):
        World(tmp_path).load(changed)


def test_a_column_that_is_not_of_the_contract_may_be_anything(tmp_path: Path) -> None:
    changed: dict[str, Any] = files()
    changed["prop_lines"] = table(changed["prop_lines"]).append_column("extra", pa.array([[{"a": 1}]]))
    assert World(tmp_path).load(changed).read["odds_api_player_points_props"] == 1
