from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from shared.application.ingestion.load import LoadFolder
from shared.domain.instants import to_day
from shared.embedded import sample_league
from shared.embedded.clock import FixedClock
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import NotFound, Rejected
from shared.ports import Statement
from shared.warehouse.history import read_history
from tests.conftest import CLOCK, DAY


def count(warehouse: DuckDbWarehouse, table: str, where: str = "TRUE") -> int:
    sql = f"SELECT COUNT(*) AS n FROM {table} WHERE {where}"
    return int(warehouse.query(Statement(sql))["n"][0].as_py())


def test_loading_twice_changes_nothing(warehouse: DuckDbWarehouse, league_folder: Path) -> None:
    loaded = LoadFolder(warehouse, CLOCK)(league_folder)
    assert sum(loaded.read.values()) > 10_000
    assert set(loaded.changed.values()) == {0}


def test_a_second_folder_adds(warehouse: DuckDbWarehouse, results_folder: Path) -> None:
    today = f"game_date = DATE '{DAY}'"
    status = "nba_reference.nba_schedule"
    assert count(warehouse, status, f"{today} AND game_status = 1") == 6
    LoadFolder(warehouse, FixedClock(sample_league.AFTER_GAMES))(results_folder)
    assert count(warehouse, status, f"{today} AND game_status = 3") == 6
    assert count(warehouse, "nba_analytics.player_game_summary", today) == 156


def test_between_tip_off_and_final_score_a_game_is_in_progress(
    warehouse: DuckDbWarehouse, league_folder: Path
) -> None:
    LoadFolder(warehouse, FixedClock(sample_league.AFTER_GAMES))(league_folder)
    assert (
        count(warehouse, "nba_reference.nba_schedule", f"game_date = DATE '{DAY}' AND game_status = 2") == 6
    )


def put(name: str, row: int, value: Any) -> Callable[[pa.Table], pa.Table]:
    def change(table: pa.Table) -> pa.Table:
        values = table[name].to_pylist()
        values[row] = value
        at = table.column_names.index(name)
        return table.set_column(at, name, pa.array(values, table[name].type))

    return change


def text(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda t: t.set_column(t.column_names.index(name), name, pa.array(["x"] * t.num_rows))


BAD = [
    ("player_game_logs", put("points", 3, 99), r"row 3, column points, value 99: is not 2 fgm"),
    ("player_game_logs", put("minutes", 5, float("nan")), r"row 5, column minutes"),
    ("player_game_logs", put("team", 2, "bos"), r"row 2, column team, value 'bos'"),
    ("player_game_logs", lambda t: pa.concat_tables([t, t.slice(0, 1)]), r"a second row of the same"),
    ("player_game_logs", lambda t: t.drop_columns(["fga"]), r"column fga: is missing; the file has season, "),
    (
        "player_game_logs",
        text("player_id"),
        r"row 0, column player_id, value 'x': is string, expected int64 \(\d+ rows\)",
    ),
    ("games", put("season", 1, "2024"), r"row 1, column season, value '2024': expected YYYY-YY"),
    ("games", put("home_points", 4, 999), r"row 4, column home_points"),
    ("games", put("game_date", 0, None), r"row 0, column game_date, value None"),
    ("prop_lines", put("line", 7, 20.3), r"row 7, column line"),
    ("prop_lines", put("over_price", 7, 50), r"row 7, column over_price, value 50"),
    ("prop_lines", put("snapshot_time_utc", 1, None), r"row 1, column snapshot_time_utc"),
    ("injury_report", put("status", 2, "tired"), r"row 2, column status, value 'tired': expected one of"),
    (
        "injury_report",
        put("game_id", 2, "0000000000"),
        r"row 2, column game_id, value '0000000000': is not in games.parquet",
    ),
]


@pytest.mark.parametrize(("file", "change", "message"), BAD, ids=[f"{b[0]}-{i}" for i, b in enumerate(BAD)])
def test_a_bad_file_is_refused_by_file_row_column_value_and_nothing_of_the_folder_is_loaded(
    file: str, change: Callable[[pa.Table], pa.Table], message: str, league_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(league_folder, folder)
    for name in ("games", "player_game_logs", "prop_lines", "injury_report"):
        table = pq.read_table(folder / f"{name}.parquet")
        table = table.filter(pc.greater_equal(table["game_date"], pa.scalar(DAY.replace(day=1))))
        pq.write_table(change(table) if name == file else table, folder / f"{name}.parquet")
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    with pytest.raises(Rejected, match=message) as refused:
        LoadFolder(warehouse, CLOCK)(folder)
    assert f"{file}.parquet" in str(refused.value)
    assert count(warehouse, "nba_reference.nba_schedule") == 0
    assert count(warehouse, "nba_analytics.player_game_summary") == 0


def test_a_missing_or_broken_file_is_named(tmp_path: Path, league_folder: Path) -> None:
    load = LoadFolder(DuckDbWarehouse(tmp_path / "w.duckdb"), CLOCK)
    with pytest.raises(NotFound, match=r"no games\.parquet, no player_game_logs\.parquet; expected a folder"):
        load(tmp_path)
    folder = tmp_path / "broken"
    shutil.copytree(league_folder, folder)
    (folder / "prop_lines.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(Rejected, match=r"prop_lines\.parquet: not a readable Parquet file"):
        load(folder)


EARLIER = DAY - timedelta(days=1)
"""Six games were played on it as well."""


def of_kind(league_folder: Path, folder: Path, kind: str) -> Path:
    """The league with all games of one earlier date and of the demo's date of a kind."""
    shutil.copytree(league_folder, folder)
    games = pq.read_table(folder / "games.parquet")
    kinds = [kind if d in (DAY, EARLIER) else k
             for d, k in zip(games["game_date"].to_pylist(), games["season_type"].to_pylist(), strict=True)]  # fmt: skip
    at = games.column_names.index("season_type")
    pq.write_table(games.set_column(at, "season_type", pa.array(kinds)), folder / "games.parquet")
    return folder


@pytest.mark.parametrize(
    ("word", "stored", "is_predicted"),
    [
        ("PlayIn", "Play-In", True),
        ("IST Championship", "NBA Cup Final", True),
        ("Pre Season", "Pre Season", False),
    ],
)
def test_games_with_props_are_predicted_and_history_and_others_are_stored_only(
    word: str, stored: str, is_predicted: bool, league_folder: Path, tmp_path: Path
) -> None:
    warehouse = DuckDbWarehouse(tmp_path / "w.duckdb")
    LoadFolder(warehouse, CLOCK)(of_kind(league_folder, tmp_path / "kind", word))
    assert (
        count(warehouse, "nba_reference.nba_schedule", f"game_date = '{DAY}' AND season_type = '{stored}'")
        == 6
    )
    known = read_history(warehouse, DAY, DAY)
    days = set(known.table["game_date"].to_pylist())
    assert (DAY in days) is is_predicted
    assert (EARLIER in days) is is_predicted
    assert (to_day(EARLIER) in set(known.history.day.tolist())) is is_predicted
    assert not known.history.games.playoffs.any()
