"""Rows that name a player without the league's id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.application.ingestion.load import LoadResult
from shared.domain.players.name_matching import id_of_name
from shared.embedded import sample_league
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import Rejected
from shared.ports import Statement
from tests.application.day_folder import DayFolder, Rows
from tests.conftest import DAY

QUOTES = "nba_raw.odds_api_player_points_props"
REPORTS = "nba_raw.nbac_injury_report"
BOX_SCORES = "nba_analytics.player_game_summary"


@pytest.fixture
def day(warehouse: DuckDbWarehouse, league_folder: Path, tmp_path: Path) -> DayFolder:
    for table in (QUOTES, REPORTS):
        warehouse.transact([Statement(f"DELETE FROM {table} WHERE game_date = DATE '{DAY}'")])
    return DayFolder(league_folder, tmp_path / "in")


@pytest.fixture
def results(results_folder: Path, tmp_path: Path) -> DayFolder:
    return DayFolder(results_folder, tmp_path / "results")


def stored(warehouse: DuckDbWarehouse, table: str, columns: str) -> Rows:
    sql = f"SELECT DISTINCT {columns} FROM {table} WHERE game_date = DATE '{DAY}' ORDER BY {columns}"
    return list(warehouse.query(Statement(sql)).to_pylist())


def true_ids(rows: Rows) -> dict[str, int]:
    return {r["player_name"]: r["player_id"] for r in rows}


def notes(loaded: LoadResult) -> list[tuple[str, int]]:
    return [(str(n.severity), n.rows) for n in loaded.notes]


@pytest.mark.parametrize("id_of", [lambda _: None, lambda i: i - 890_000], ids=["no id", "another source's"])
def test_quotes_get_the_ids_of_their_names(id_of: Any, day: DayFolder, warehouse: DuckDbWarehouse) -> None:
    rows = day.main_quotes()
    loaded = day.load(warehouse, prop_lines=[r | {"player_id": id_of(r["player_id"])} for r in rows])
    found = stored(warehouse, QUOTES, "player_lookup, player_id, player_id_source")
    assert {f["player_id"] for f in found} == set(true_ids(rows).values())
    assert {f["player_id_source"] for f in found} == {"name"}
    assert notes(loaded) == [("INFO", len(rows))]


def test_a_quote_of_nobody_in_the_rosters_is_stored_without_an_id_and_counted(
    day: DayFolder, warehouse: DuckDbWarehouse
) -> None:
    first, *others = day.main_quotes()
    stranger = first | {"player_id": None, "player_name": "Neo Rookson"}
    loaded = day.load(warehouse, prop_lines=[stranger, *others])
    (found,) = [r for r in stored(warehouse, QUOTES, "player_lookup, player_id") if r["player_id"] is None]
    assert found["player_lookup"] == "neorookson"
    assert notes(loaded) == [("WARNING", 1)]
    assert "neorookson in" in loaded.notes[0].example


def test_a_later_load_finds_the_id_of_a_quote_without_a_second_row(
    day: DayFolder, results: DayFolder, warehouse: DuckDbWarehouse
) -> None:
    quote = day.main_quotes()[0]
    played = next(r for r in results.rows("player_game_logs") if r["player_id"] == quote["player_id"])
    rookie = {"player_id": None, "player_name": "Neo Rookson"}
    day.load(warehouse, prop_lines=[quote | rookie])
    box = played | {"player_id": 777_777, "player_name": "Neo Rookson"}
    after = {"now": sample_league.AFTER_GAMES, "player_game_logs": [box]}
    day.load(warehouse, prop_lines=[quote | rookie], **after)
    assert stored(warehouse, QUOTES, "quote_id, player_id") == [
        {"quote_id": stored(warehouse, QUOTES, "quote_id")[0]["quote_id"], "player_id": 777_777}
    ]


def test_the_same_ids_as_ever_are_the_sources(day: DayFolder, warehouse: DuckDbWarehouse) -> None:
    loaded = day.load(warehouse, prop_lines=day.main_quotes(), injury_report=day.rows("injury_report"))
    assert loaded.notes == ()
    assert {r["player_id_source"] for r in stored(warehouse, QUOTES, "player_id_source")} == {"source"}


def test_a_new_id_that_no_name_contradicts_is_kept(day: DayFolder, warehouse: DuckDbWarehouse) -> None:
    first, *others = day.main_quotes()
    day.load(warehouse, prop_lines=[first | {"player_id": 777_777, "player_name": "Neo Rookson"}, *others])
    assert 777_777 in {r["player_id"] for r in stored(warehouse, QUOTES, "player_id")}


def test_an_id_of_one_player_under_the_name_of_another_is_neither(
    day: DayFolder, warehouse: DuckDbWarehouse
) -> None:
    first, *_ = rows = day.main_quotes()
    mate = next(r for r in rows if r["team"] == first["team"] and r["player_id"] != first["player_id"])
    day.load(warehouse, prop_lines=[first | {"player_name": mate["player_name"]}])
    assert stored(warehouse, QUOTES, "player_id") == [{"player_id": None}]


@pytest.mark.parametrize("has_team", [True, False])
def test_two_players_of_one_name_are_told_apart_by_team_or_not_at_all(
    has_team: bool, day: DayFolder, warehouse: DuckDbWarehouse
) -> None:
    first, *_ = rows = day.main_quotes()
    rival = next(r for r in rows if r["game_id"] == first["game_id"] and r["team"] != first["team"])
    warehouse.transact(
        [
            Statement(
                f"UPDATE {BOX_SCORES} SET player_name = @name WHERE game_date > DATE '2020-01-01' "
                "AND player_id = @id",
                {"name": first["player_name"], "id": rival["player_id"]},
            )
        ]
    )
    team = rival["team"] if has_team else None
    quote = rival | {"player_id": None, "player_name": first["player_name"], "team": team}
    loaded = day.load(warehouse, prop_lines=[quote])
    expected = rival["player_id"] if has_team else None
    assert stored(warehouse, QUOTES, "player_id") == [{"player_id": expected}]
    assert notes(loaded) == [("INFO" if has_team else "WARNING", 1)]


def test_reports_without_ids_are_matched_and_unknown_names_get_an_id_of_their_own(
    day: DayFolder, warehouse: DuckDbWarehouse
) -> None:
    first, *others = [r | {"player_id": None} for r in day.rows("injury_report")]
    day.load(warehouse, injury_report=[first | {"player_name": "Neo Rookson"}, *others])
    found = stored(warehouse, REPORTS, "player_id, player_id_source")
    assert {r["player_id"] for r in found if r["player_id_source"] == "none"} == {id_of_name("neorookson")}
    known = {r["player_id"] for r in day.rows("injury_report")[1:]}
    assert {r["player_id"] for r in found if r["player_id_source"] == "name"} == known


@pytest.mark.parametrize("id_of", [lambda _: None, lambda i: i - 890_000], ids=["no id", "another source's"])
def test_box_scores_get_the_ids_of_their_names(
    id_of: Any, day: DayFolder, results: DayFolder, warehouse: DuckDbWarehouse
) -> None:
    rows = results.rows("player_game_logs")
    first, *others = [r | {"player_id": id_of(r["player_id"])} for r in rows]
    given = [first | {"player_name": "Neo Rookson"}, *others]
    loaded = day.load(warehouse, sample_league.AFTER_GAMES, player_game_logs=given)
    ids = {r["player_id"] for r in stored(warehouse, BOX_SCORES, "player_id")}
    assert ids == {r["player_id"] for r in rows[1:]} | {id_of_name("neorookson")}
    assert sorted(notes(loaded)) == [("INFO", len(rows) - 1), ("WARNING", 1)]


def test_a_box_score_under_a_teammates_name_keeps_its_id(
    day: DayFolder, results: DayFolder, warehouse: DuckDbWarehouse
) -> None:
    first, *others = rows = results.rows("player_game_logs")
    mate = next(r for r in others if r["team"] == first["team"])
    given = [first | {"player_name": mate["player_name"]}, *others]
    day.load(warehouse, sample_league.AFTER_GAMES, player_game_logs=given)
    ids = [r["player_id"] for r in stored(warehouse, BOX_SCORES, "player_id")]
    assert ids == sorted(r["player_id"] for r in rows)


def test_two_box_scores_of_one_name_without_ids_are_refused(
    day: DayFolder, results: DayFolder, warehouse: DuckDbWarehouse
) -> None:
    first, *others = results.rows("player_game_logs")
    mate = next(r for r in others if r["team"] == first["team"])
    same = {"player_id": None, "player_name": "Neo Rookson"}
    given = [first | same, *(r | same if r is mate else r for r in others)]
    with pytest.raises(Rejected, match=r"player_game_logs\.parquet: row 0, column player_name"):
        day.load(warehouse, sample_league.AFTER_GAMES, player_game_logs=given)
    assert stored(warehouse, BOX_SCORES, "player_id") == []


def test_a_report_that_names_a_player_twice_is_refused(day: DayFolder, warehouse: DuckDbWarehouse) -> None:
    first, *_ = [r | {"player_id": None} for r in day.rows("injury_report")]
    again = first | {"player_name": first["player_name"] + " Jr."}
    with pytest.raises(Rejected, match=r"injury_report\.parquet: row 0, column player_name"):
        day.load(warehouse, injury_report=[first, again])
    assert stored(warehouse, REPORTS, "player_id") == []
