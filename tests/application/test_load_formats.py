"""A load reads its files as Parquet, CSV or JSON; the rows are the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.application.ingestion.load import LoadFolder
from shared.embedded.clock import FixedClock
from shared.errors import Rejected
from tests.application.small_folder import NOW, Rows, World, files, write

TABLES = {
    "nba_reference.nba_schedule": "game_id, nba_game_id, game_date, game_start_utc, home_team_score",
    "nba_analytics.player_game_summary": "game_id, player_id, player_name, is_home, minutes_played, points",
    "nba_raw.odds_api_player_points_props": "game_id, player_id, quote_id, points_line, over_price, captured_at, is_main",
    "nba_raw.nbac_injury_report": "game_id, player_id, injury_status, reported_at",
}


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def as_csv(rows: Rows) -> str:
    lines = [",".join(rows[0])]
    lines += [",".join("" if v is None else str(_text(v)) for v in row.values()) for row in rows]
    return "\n".join(lines) + "\n"


def as_json(rows: Rows) -> str:
    return json.dumps([{k: _text(v) for k, v in row.items()} for row in rows])


def load(world: World, tables: dict[str, str], suffix: str) -> Any:
    folder = world.root / "in"
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}{suffix}").write_text(text, encoding="utf-8")
    return LoadFolder(world.warehouse, FixedClock(NOW))(folder)


def stored(world: World) -> dict[str, Any]:
    return {
        table: sorted(map(repr, world.rows(f"SELECT {columns} FROM {table} WHERE game_date > '1900-01-01'")))
        for table, columns in TABLES.items()
    }


@pytest.mark.parametrize(("write_rows", "suffix"), [(as_csv, ".csv"), (as_json, ".json")])
def test_the_rows_are_those_of_parquet(
    write_rows: Callable[[Rows], str], suffix: str, tmp_path: Path
) -> None:
    parquet = World(tmp_path / "parquet")
    parquet.load(files())
    other = World(tmp_path / "other")
    load(other, {name: write_rows(rows) for name, rows in files().items()}, suffix)
    assert stored(other) == stored(parquet)


def test_formats_may_be_mixed_but_not_for_one_file(tmp_path: Path) -> None:
    world = World(tmp_path)
    tables = files()
    folder = write(world.root / "in", {"games": tables["games"]})
    load(world, {"player_game_logs": as_csv(tables["player_game_logs"])}, ".csv")
    (folder / "games.json").write_text(as_json(tables["games"]), encoding="utf-8")
    with pytest.raises(Rejected, match=r"games.parquet and games.json, expected one file of games"):
        LoadFolder(world.warehouse, FixedClock(NOW))(folder)


BAD_JSON = '[{"season": '


@pytest.mark.parametrize(
    ("suffix", "text", "error"),
    [
        (".csv", "<html><body>429</body></html>", "games.csv: not a CSV file, it begins with '<html><body>429</bod', expected"),
        (".csv", "season,season_type\n2024-25\n", "games.csv: not a readable CSV file"),
        (".csv", "", "games.csv: not a readable CSV file"),
        (".json", BAD_JSON, "games.json: not a readable JSON file"),
        (".json", '{"season": "2024-25"}', "games.json: a JSON dict, expected a list of objects"),
        (".json", '[{"season": "2024-25"}, {"season": 2024}]', "games.json: column season has values of int and str, expected"),
        (".csv", "season,season_type,game_date\n2024-25,Playoffs,2025-05-01\n", "games.csv: column game_id: is missing"),
        (".csv", "season,season_type,game_date\n2024-25,Playoffs,2025-05-01\n", "games.csv: column away_team: is missing"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_its_format(suffix: str, text: str, error: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    write(world.root / "in", {"player_game_logs": files()["player_game_logs"]})
    with pytest.raises(Rejected) as refused:
        load(world, {"games": text}, suffix)
    assert error in str(refused.value)
    assert world.is_empty()
