"""What the console's pages ask of a warehouse is understood by every warehouse, and answered alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.application.grading.accuracy_totals import AccuracyKey, accuracy_totals
from shared.application.grading.coverage import GradingCoverage
from shared.application.models.registry import Registry
from shared.application.prediction.replay import Replay
from shared.application.views.coverage_map import ShowCoverage
from shared.application.views.model import ShowModel
from shared.application.views.model_list import ShowModels
from shared.application.views.player import ShowPlayer
from shared.application.views.players import ShowPlayers
from shared.application.views.system_performance import ShowPerformance
from shared.embedded.clock import FixedClock
from shared.embedded.model_store import DirectoryModelStore
from shared.ports import Warehouse
from shared.schemas.catalog import TABLES
from shared.schemas.models import ML_EXPERIMENTS, MODEL_REGISTRY, MODEL_STATE_CHANGES
from shared.schemas.predictions import PLAYER_PROP_PREDICTIONS, PREDICTION_ACCURACY
from shared.schemas.reference import NBA_SCHEDULE, PLAYER_GAME_SUMMARY
from shared.schemas.table import Table
from tests.contracts.test_warehouse import DAY, full_row, rows_of

Make = Callable[[Sequence[Table]], Warehouse]
CLOCK = FixedClock(datetime(2025, 3, 20, 16, tzinfo=UTC))
GAME, SYSTEM, SHA = "20250319_ALB_DUN", "catboost_v9", "5ha"
KEY: dict[str, Any] = {
    "game_id": GAME, "player_lookup": "joryistrand", "player_id": 1, "system_id": SYSTEM, "prediction_id": "p1",
    "role": "champion", "prediction_run_mode": "LIVE",
}  # fmt: skip
ROWS: dict[Table, list[dict[str, Any]]] = {
    NBA_SCHEDULE: [
        {"game_id": GAME, "game_status": 3, "home_team_score": 99, "away_team_score": 98, "moved_to": None}
    ],
    PLAYER_GAME_SUMMARY: [
        {"game_id": GAME, "player_lookup": "joryistrand", "player_id": 1, "player_name": "Jory Istrand",
         "team_abbr": "ALB", "is_dnp": False, "minutes_played": 30.5, "points": 24},
        {"game_id": GAME, "player_lookup": "quillholmvik", "player_id": 2, "player_name": "Quill Holmvik",
         "team_abbr": "DUN", "is_dnp": True, "minutes_played": None, "points": None, "dnp_reason": "rest"},
    ],
    PLAYER_PROP_PREDICTIONS: [
        KEY | {"is_active": True, "superseded_at": None, "model_sha256": SHA, "recommendation": "OVER",
               "predicted_points": 18.2, "current_points_line": 14.5, "line_margin": 3.7,
               "activated_at": datetime(2025, 3, 19, 11, tzinfo=UTC)},
    ],
    PREDICTION_ACCURACY: [
        KEY | {"model_key": SHA, "counted_as": "LIVE", "is_current": True, "is_voided": False, "outcome": "HIT",
               "recommendation": "OVER", "predicted_points": 18.2, "line_value": 14.5, "line_margin": 3.7,
               "actual_points": 24, "absolute_error": 5.8, "signed_error": -5.8, "prob_over": 0.6},
    ],
    MODEL_REGISTRY: [{"model_id": "m1", "system_id": SYSTEM, "sha256": SHA, "state": "champion"}],
    MODEL_STATE_CHANGES: [
        {"model_id": "m1", "system_id": SYSTEM, "from_state": "candidate", "to_state": "champion", "gates_json": "[]"}
    ],
    ML_EXPERIMENTS: [{"model_sha256": SHA, "config_json": '{"seed": 42}', "results_json": '{"mae": 4.1}'}],
}  # fmt: skip


@pytest.fixture
def warehouse(warehouse_of: Make) -> Warehouse:
    made = warehouse_of(TABLES)
    for table, rows in ROWS.items():
        made.append(table, rows_of(table, [full_row(table) | row for row in rows]))
    return made


def test_players_and_what_was_said_of_them(warehouse: Warehouse) -> None:
    found = ShowPlayers(warehouse, CLOCK)("istrand")
    assert [(r.player_name, r.team, r.games, r.points) for r in found.rows] == [
        ("Jory Istrand", "ALB", 1, 24.0)
    ]
    names = [r.player_lookup for r in ShowPlayers(warehouse, CLOCK)().rows]
    assert names == ["joryistrand", "quillholmvik"]  # who has not played comes last
    assert ShowPlayers(warehouse, CLOCK)(page=2).rows == ()
    (game,) = ShowPlayer(warehouse, CLOCK)("joryistrand").games
    assert (game.points, game.predicted, game.outcome) == (24, 18.2, "HIT")
    assert ShowPlayer(warehouse, CLOCK)("quillholmvik").games[0].why_not == "rest"
    stored = Replay(warehouse, DirectoryModelStore()).read_prediction("p1", DAY)
    assert (stored["player_name"], stored["outcome"], stored["actual_points"]) == ("Jory Istrand", "HIT", 24)


def test_models_and_how_they_did(warehouse: Warehouse) -> None:
    (row,) = ShowModels(warehouse, CLOCK)().rows
    assert (row.model_id, row.counted_as, row.n, row.mae, row.line_mae) == ("m1", "LIVE", 1, 5.8, 9.5)
    view = ShowModel(warehouse, DirectoryModelStore(), CLOCK)("m1")
    assert view.experiment is not None
    assert (view.experiment.seed, view.experiment.mae) == (42, 4.1)
    assert len(view.changes) == len(Registry(warehouse).changes(SYSTEM)) == 1
    (totals,) = accuracy_totals(warehouse, DAY, DAY).items()
    assert totals[0] == AccuracyKey(SYSTEM, SHA, "LIVE")
    assert (totals[1].hits, totals[1].decided, totals[1].under) == (1, 1, 0)
    performance = ShowPerformance(warehouse, CLOCK)(SYSTEM, 7)
    assert [(r.group, r.hit) for r in performance.groups] == [("3 to 5", 1.0)]


def test_coverage_by_date(warehouse: Warehouse) -> None:
    (cell,) = ShowCoverage(GradingCoverage(warehouse, CLOCK), CLOCK)(DAY, DAY).cells
    assert (cell.system_id, cell.due, cell.graded, cell.level) == (SYSTEM, 1, 1, "OK")
