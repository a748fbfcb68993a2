"""Players of one spelling are kept apart by their ids on both backends, from staged rows to grades."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.application.grading.coverage import GradingCoverage
from shared.application.grading.grade import GradePredictions
from shared.application.views.player import Namesakes, PlayerView, ShowPlayer
from shared.embedded.clock import FixedClock
from shared.ports import Statement, Warehouse
from shared.schemas.catalog import TABLES
from shared.schemas.feature_store import ML_FEATURE_STORE
from shared.schemas.predictions import (
    PLAYER_PROP_PREDICTIONS,
    PREDICTION_ACCURACY,
    PREDICTION_KEY_OUTCOMES,
    PREDICTION_STAGING,
)
from shared.schemas.reference import NBA_SCHEDULE, PLAYER_GAME_SUMMARY
from shared.schemas.table import Table
from shared.warehouse.statements import statement
from tests.contracts.test_warehouse import DAY, full_row, rows_of

Make = Callable[[Sequence[Table]], Warehouse]
TIPOFF = datetime(2025, 3, 19, 23, tzinfo=UTC)
STAGED = TIPOFF - timedelta(hours=5)
CLOCK = FixedClock(datetime(2025, 3, 20, 16, tzinfo=UTC))
ALB, EFG = "20250319_ALB_DUN", "20250319_EFG_HIJ"
PLAYERS = {11: (ALB, "ALB", 30), 12: (ALB, "DUN", 7), 13: (EFG, "EFG", 19)}
"""Game, team and points of three players who are all spelled alike."""

SPAN = {"first": DAY, "last": DAY}


def staged(player: int, run: str, **values: Any) -> dict[str, Any]:
    game, team, _ = PLAYERS[player]
    return full_row(PREDICTION_STAGING) | {
        "prediction_id": f"{run}-{player}", "run_id": run, "system_id": "s", "role": "champion",
        "player_lookup": "johnsmith", "player_id": player, "game_id": game, "team_abbr": team,
        "feature_snapshot_id": "snap", "feature_hash": f"hash{player}", "prediction_run_mode": "LIVE",
        "has_prop_line": True, "current_points_line": 15.5, "recommendation": "OVER", "created_at": STAGED,
    } | values  # fmt: skip


def outcome(player: int, run: str, said: str = "predicted") -> dict[str, Any]:
    return {
        "run_id": run, "game_date": DAY, "game_id": PLAYERS[player][0], "player_lookup": "johnsmith",
        "player_id": player, "system_id": "s", "outcome": said, "reason": None if said == "predicted" else "out",
    }  # fmt: skip


def activate(warehouse: Warehouse, run: str, *, force: bool) -> list[int]:
    params = {**SPAN, "run_ids": [run], "now": STAGED + timedelta(minutes=5)}
    return warehouse.transact(
        [
            statement("activation_supersede", counted=True, force=force, reason="again", **params),
            statement("activation_insert", **params),
        ]
    )


def put(warehouse: Warehouse, table: Table, rows: list[dict[str, Any]]) -> None:
    warehouse.append(table, rows_of(table, rows))


@pytest.fixture
def warehouse(warehouse_of: Make) -> Warehouse:
    """A run of the three is staged and every one has an outcome."""
    made = warehouse_of(TABLES)
    scores = {ALB: (34, 13), EFG: (23, 5)}
    put(made, NBA_SCHEDULE, [
        full_row(NBA_SCHEDULE) | {"game_id": game, "game_start_utc": TIPOFF, "game_status": 3, "moved_to": None,
                                  "away_team_tricode": game[9:12], "home_team_tricode": game[13:],
                                  "away_team_score": away, "home_team_score": home}
        for game, (away, home) in scores.items()
    ])  # fmt: skip
    put(made, ML_FEATURE_STORE, [
        full_row(ML_FEATURE_STORE) | {"snapshot_id": "snap", "game_id": g, "player_lookup": "johnsmith",
                                      "player_id": p, "feature_hash": f"hash{p}"}
        for p, (g, _, _) in PLAYERS.items()
    ])  # fmt: skip
    put(made, PREDICTION_STAGING, [staged(p, "r1") for p in PLAYERS])
    made.upsert(
        PREDICTION_KEY_OUTCOMES, rows_of(PREDICTION_KEY_OUTCOMES, [outcome(p, "r1") for p in PLAYERS])
    )
    return made


def active(warehouse: Warehouse) -> dict[int, str]:
    """Run of the active row by player."""
    rows = warehouse.query(
        Statement(
            f"SELECT player_id, run_id FROM {PLAYER_PROP_PREDICTIONS.full_name} "
            "WHERE game_date = @d AND is_active ORDER BY player_id",
            {"d": DAY},
        )
    ).to_pylist()
    found = {r["player_id"]: r["run_id"] for r in rows}
    assert len(found) == len(rows)
    return found


def test_each_of_them_has_an_active_row_and_no_key_has_two(warehouse: Warehouse) -> None:
    asked = {**SPAN, "run_ids": ["r1"]}
    assert warehouse.query(statement("activation_mismatches", **asked)).num_rows == 0
    assert activate(warehouse, "r1", force=False) == [0, 3]
    assert activate(warehouse, "r1", force=False) == [0, 0]
    assert active(warehouse) == dict.fromkeys(PLAYERS, "r1")
    assert warehouse.query(statement("active_duplicates", **SPAN)).num_rows == 0
    served = warehouse.query(statement("served_against_stored", game_date=DAY)).to_pylist()
    assert served == [{"served": 3, "different": 0}]


def test_a_later_run_replaces_the_rows_of_the_ids_that_it_predicted_or_skipped(warehouse: Warehouse) -> None:
    activate(warehouse, "r1", force=False)
    put(warehouse, PREDICTION_STAGING, [staged(11, "r2", player_lookup="johnsmithjr")])
    later = [outcome(11, "r2") | {"player_lookup": "johnsmithjr"}, outcome(12, "r2", "skipped")]
    warehouse.upsert(PREDICTION_KEY_OUTCOMES, rows_of(PREDICTION_KEY_OUTCOMES, later))
    assert activate(warehouse, "r2", force=True) == [2, 1]
    assert active(warehouse) == {11: "r2", 13: "r1"}


def test_a_player_predicted_for_another_game_of_the_date_leaves_no_row_behind(warehouse: Warehouse) -> None:
    """Traded in the afternoon: the row of the morning, for his old team's game, goes without ``force``."""
    activate(warehouse, "r1", force=False)
    there = {"game_id": PLAYERS[13][0]}
    put(warehouse, PREDICTION_STAGING, [staged(11, "r4", **there)])
    warehouse.upsert(PREDICTION_KEY_OUTCOMES, rows_of(PREDICTION_KEY_OUTCOMES, [outcome(11, "r4") | there]))
    assert activate(warehouse, "r4", force=False) == [1, 1]
    assert active(warehouse) == {11: "r4", 12: "r1", 13: "r1"}
    gone = f"SELECT game_id, superseded_reason FROM {PLAYER_PROP_PREDICTIONS.full_name} WHERE game_date = @d AND NOT is_active"
    assert warehouse.query(Statement(gone, {"d": DAY})).to_pylist() == [
        {"game_id": PLAYERS[11][0], "superseded_reason": "other_game"}
    ]


def test_features_of_a_namesake_are_not_the_players_own(warehouse: Warehouse) -> None:
    put(warehouse, PREDICTION_STAGING, [staged(11, "r3", feature_hash="hash12")])
    warehouse.upsert(PREDICTION_KEY_OUTCOMES, rows_of(PREDICTION_KEY_OUTCOMES, [outcome(11, "r3")]))
    wrong = warehouse.query(statement("activation_mismatches", **SPAN, run_ids=["r3"])).to_pylist()
    assert wrong == [{"run_id": "r3", "player_lookup": "johnsmith"}]


def box_score(player: int, **values: Any) -> dict[str, Any]:
    game, team, points = PLAYERS[player]
    return full_row(PLAYER_GAME_SUMMARY) | {
        "player_lookup": "johnsmith", "player_id": player, "player_name": "John Smith", "game_id": game,
        "team_abbr": team, "is_dnp": False, "points": points, "minutes_played": 30.0,
    } | values  # fmt: skip


def played(warehouse: Warehouse) -> None:
    """Whole box scores; one player is spelled otherwise, and a team-mate has the spelling for his own."""
    own = [box_score(11), box_score(12, player_lookup="johnsmithjr"), box_score(13)]
    namesake = box_score(12, player_id=91, points=3)
    teams = ((ALB, "ALB", 4), (ALB, "DUN", 3), (EFG, "EFG", 4), (EFG, "HIJ", 5))
    mates = [
        box_score(
            11, game_id=game, team_abbr=team, player_id=100 + 10 * t + i, player_lookup="mate", points=1
        )
        for t, (game, team, many) in enumerate(teams)
        for i in range(many)
    ]
    put(warehouse, PLAYER_GAME_SUMMARY, [*own, namesake, *mates])


def grades(warehouse: Warehouse) -> list[tuple[int, int, bool]]:
    rows = warehouse.query(
        Statement(
            f"SELECT player_id, actual_points, is_current FROM {PREDICTION_ACCURACY.full_name} "
            "WHERE game_date = @d ORDER BY player_id",
            {"d": DAY},
        )
    ).to_pylist()
    return [(r["player_id"], r["actual_points"], r["is_current"]) for r in rows]


def test_each_is_graded_on_the_points_of_his_id(warehouse: Warehouse) -> None:
    activate(warehouse, "r1", force=False)
    played(warehouse)
    grade = GradePredictions(warehouse, CLOCK)
    assert grade(DAY, DAY).changed == 3
    assert grades(warehouse) == [(11, 30, True), (12, 7, True), (13, 19, True)]
    assert grade(DAY, DAY).changed == 0
    of_system = GradingCoverage(warehouse, CLOCK)(DAY, DAY)["s"]
    assert (of_system.due, of_system.graded) == (3, 3)


def test_grades_without_an_id_get_it_and_are_not_doubled(warehouse: Warehouse) -> None:
    activate(warehouse, "r1", force=False)
    played(warehouse)
    grade = GradePredictions(warehouse, CLOCK)
    grade(DAY, DAY)
    warehouse.transact(
        [
            Statement(
                f"UPDATE {PREDICTION_ACCURACY.full_name} SET player_id = NULL, actual_points = 1 "
                "WHERE game_date = @d",
                {"d": DAY},
            )
        ]
    )
    assert grade(DAY, DAY).changed == 3
    assert grades(warehouse) == [(11, 30, True), (12, 7, True), (13, 19, True)]


def test_a_prediction_without_an_id_waits_and_is_due(warehouse: Warehouse) -> None:
    activate(warehouse, "r1", force=False)
    played(warehouse)
    lose = f"UPDATE {PLAYER_PROP_PREDICTIONS.full_name} SET player_id = NULL WHERE game_date = @d"
    warehouse.transact([Statement(lose, {"d": DAY})])
    assert GradePredictions(warehouse, CLOCK)(DAY, DAY).outcomes == {"PENDING": 3}
    of_system = GradingCoverage(warehouse, CLOCK)(DAY, DAY)["s"]
    assert (of_system.due, of_system.graded) == (3, 0)


def test_the_page_of_a_spelling_offers_all_and_an_id_shows_one(warehouse: Warehouse) -> None:
    activate(warehouse, "r1", force=False)
    played(warehouse)
    show = ShowPlayer(warehouse, CLOCK)
    found = show("John Smith")
    assert isinstance(found, Namesakes)
    assert [(p.player_id, p.team) for p in found.players] == [
        (11, "ALB"),
        (12, "DUN"),
        (13, "EFG"),
        (91, "DUN"),
    ]
    one = show("13")
    assert isinstance(one, PlayerView)
    assert [(g.game_id, g.points) for g in one.games] == [(EFG, 19)]
