"""Several files and the warehouse give one row for each key."""

from __future__ import annotations

from datetime import date
from typing import Any

import pyarrow as pa

from shared.application.importing.merge import Part, fill_from_stored, merge_rows, with_ids_of_names

KEY = ("game_id", "player_id")


def part(file: str, *rows: dict[str, Any]) -> Part:
    return Part(file, pa.Table.from_pylist(list(rows)))


def test_a_later_file_fills_what_an_earlier_one_does_not_state() -> None:
    box = part("box.json", {"game_id": "1", "player_id": 7, "points": 20, "usage_pct": None})
    usage = part("usage.json", {"game_id": "1", "player_id": 7, "usage_pct": 0.25})
    merged = merge_rows([box, usage], KEY, "box scores")
    assert merged.rows is not None
    assert merged.rows.to_pylist() == [{"game_id": "1", "player_id": 7, "points": 20, "usage_pct": 0.25}]
    assert merged.problems == ()


def test_different_values_of_two_files_are_named_with_both() -> None:
    first = part("a.json", {"game_id": "1", "player_id": 7, "player_name": "Al Bo", "points": 20})
    second = part("b.csv", {"game_id": "1", "player_id": 7, "player_name": "Al Bo", "points": 22})
    (problem,) = merge_rows([first, second], KEY, "box scores").problems
    assert (
        str(problem) == "box scores: column points: Al Bo 1 7: 20 in a.json, 22 in b.csv, expected one value"
    )


def test_whole_minutes_give_way_to_exact_ones_of_the_same_game() -> None:
    whole = part("log.csv", {"game_id": "1", "player_id": 7, "minutes": 31.0})
    exact = part("box.json", {"game_id": "1", "player_id": 7, "minutes": 30.77})
    for parts in ([whole, exact], [exact, whole]):
        merged = merge_rows(parts, KEY, "box scores")
        assert merged.rows is not None
        assert merged.rows["minutes"].to_pylist() == [30.77]
        assert merged.problems == ()


def test_minutes_that_differ_by_one_or_more_are_a_contradiction() -> None:
    one = part("a", {"game_id": "1", "player_id": 7, "minutes": 31.0})
    two = part("b", {"game_id": "1", "player_id": 7, "minutes": 29.5})
    assert len(merge_rows([one, two], KEY, "box scores").problems) == 1


def test_rows_of_other_keys_stay() -> None:
    merged = merge_rows(
        [
            part(
                "a",
                {"game_id": "1", "player_id": 7, "points": 1},
                {"game_id": "1", "player_id": 8, "points": 2},
            ),
            part(
                "b",
                {"game_id": "1", "player_id": 8, "points": 2},
                {"game_id": "2", "player_id": 7, "points": 3},
            ),
        ],
        KEY,
        "box scores",
    )
    assert merged.rows is not None
    found = {(r["game_id"], r["player_id"]): r["points"] for r in merged.rows.to_pylist()}
    assert found == {("1", 7): 1, ("1", 8): 2, ("2", 7): 3}
    assert merged.rows.num_rows == 3


def test_a_name_gets_the_id_of_the_same_player_of_another_file_or_of_the_warehouse() -> None:
    day, other = date(2017, 1, 1), date(2017, 1, 2)
    davis = {"game_date": day, "team": "SAS", "player_name": "Davis Bertans"}
    with_id = part("a", davis | {"player_name": "Dāvis Bertāns", "player_id": 202722})
    by_name = part("b", davis, davis | {"team": "ATL"}, davis | {"game_date": other})
    stored = pa.Table.from_pylist(
        [davis | {"game_date": other, "player_id": 202722}, davis | {"player_id": -5}]
    )
    _, named = with_ids_of_names([with_id, by_name], stored)
    assert named.rows["player_id"].to_pylist() == [202722, None, 202722]


STORED = pa.table({"nba_game_id": ["1"], "home_team_score": [97], "season_type": ["Playoffs"]})
COLUMNS = {"home_points": "home_team_score", "season_type": "season_type"}


def test_a_null_never_takes_a_stored_value_back() -> None:
    rows = pa.table({"game_id": ["1", "2"], "home_points": pa.array([None, None], pa.int64())})
    filled = fill_from_stored(rows, STORED, {"game_id": "nba_game_id"}, COLUMNS)
    assert filled["home_points"].to_pylist() == [97, None]
    assert filled["season_type"].to_pylist() == ["Playoffs", None]


def test_a_stated_value_goes_before_the_stored_one_unless_the_stored_one_is_kept() -> None:
    rows = pa.table({"game_id": ["1"], "home_points": [98]})
    key = {"game_id": "nba_game_id"}
    assert fill_from_stored(rows, STORED, key, COLUMNS)["home_points"].to_pylist() == [98]
    kept = fill_from_stored(rows, STORED, key, COLUMNS, keep_stored=True)
    assert kept["home_points"].to_pylist() == [97]
