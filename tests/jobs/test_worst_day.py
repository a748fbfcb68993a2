"""The day that the old team lost, told with the commands that an operator types."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.application.ingestion.load import LoadFolder
from shared.application.training.train import TrainModels, Window
from shared.backends import path_variable
from shared.domain.systems.catalog import MODEL_SYSTEMS, SYSTEM_IDS
from shared.embedded import sample_league
from shared.embedded.clock import FixedClock
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.ports import Statement
from tests.conftest import DAY
from tests.programs import run_program
from tests.trained_once import fits_once

ROOT = Path(__file__).parents[2]
BACKFILL = "backfill_jobs/prediction/player_prop_predictions_backfill.py"
GRADING = "backfill_jobs/grading/prediction_accuracy/prediction_accuracy_grading_backfill.py"


@dataclass
class Operator:
    """A shell in the repository's root, with a clock that the test puts forward."""

    home: Path
    now: datetime
    models: dict[str, Path]

    def __call__(self, command: str, code: int | tuple[int, ...] = 0) -> str:
        """Run a command as it is typed; ``props`` and ``python`` are those of this environment."""
        program, *arguments = shlex.split(command)
        if program == "python":
            program = arguments.pop(0).removesuffix(".py").replace("/", ".")
        environment = {
            **os.environ,
            "PROPS_HOME": str(self.home),
            "PROPS_NOW": self.now.isoformat(),
            "NO_COLOR": "1",
            **{path_variable(s): str(p) for s, p in self.models.items()},
        }
        module = "backfill_jobs.cli.main" if program == "props" else program
        ended = run_program(module, arguments, environment, ROOT, seconds=100)
        assert ended.returncode in ((code,) if isinstance(code, int) else code), (
            f"{command}\n{ended.stdout}\n{ended.stderr}"
        )
        return ended.stdout

    def json(self, command: str, code: int | tuple[int, ...] = 0) -> Any:
        return json.loads(self(f"{command} --json", code))

    def sql(self, query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.json(f"props sql {shlex.quote(query)}")["rows"]
        return rows


def train(warehouse: DuckDbWarehouse, folder: Path, end: Any, days: int) -> dict[str, Path]:
    windows = [Window(system, end - timedelta(days=days), end) for system in MODEL_SYSTEMS]
    with fits_once():
        bundles = TrainModels(warehouse, DirectoryModelStore(), str(folder))(windows, sample_league.DEMO_NOW)
    return {system: Path(bundle.path) for system, bundle in bundles.items()}


@pytest.fixture
def operator(tmp_path: Path, league_folder: Path) -> Operator:
    """Day D in the afternoon: the eve was predicted and graded, D predicted by an inferior model, and
    the feature store of D is empty."""
    home = tmp_path / "home"
    warehouse = DuckDbWarehouse(home / "warehouse.duckdb")
    LoadFolder(warehouse, FixedClock(sample_league.DEMO_NOW))(league_folder)
    inferior = train(warehouse, tmp_path / "inferior", DAY - timedelta(days=100), 60)
    op = Operator(home, sample_league.DEMO_NOW, inferior)
    eve = DAY - timedelta(days=1)
    op(f"props features build --dates {eve},{DAY}")
    op(f"python {BACKFILL} --dates {eve} --allow-started")
    op(f"python {GRADING} --start-date {eve} --end-date {eve}")
    op(f"python {BACKFILL} --dates {DAY}")
    for table in ("feature_snapshots", "ml_feature_store_v2"):
        lost = f"DELETE FROM nba_predictions.{table} WHERE game_date = @d"
        warehouse.transact([Statement(lost, {"d": DAY})])
    return op


BY_SYSTEM = (
    "SELECT system_id, COUNT(*) AS predictions, MAX(created_at) AS last_created "
    f"FROM nba_predictions.player_prop_predictions WHERE game_date = DATE('{DAY}') AND is_active = TRUE "
    "GROUP BY system_id ORDER BY last_created DESC"
)
GAMES = (
    "SELECT game_id, CASE game_status WHEN 1 THEN 'Scheduled' WHEN 2 THEN 'In Progress' WHEN 3 THEN 'Final' END "
    f"AS status FROM nba_reference.nba_schedule WHERE game_date = DATE('{DAY}') ORDER BY game_id"
)
ENDED = (
    "SELECT COUNT(*) AS n, ROUND(100.0 * COUNTIF(prediction_correct) / COUNT(*), 1) AS hit, "
    "ROUND(AVG(predicted_points - actual_points), 2) AS bias FROM nba_predictions.prediction_accuracy "
    f"WHERE game_date = DATE('{DAY}') AND system_id = 'catboost_v9' AND prediction_correct IS NOT NULL"
)
MODELS = (
    "SELECT DISTINCT model_id FROM nba_predictions.player_prop_predictions "
    f"WHERE game_date = DATE('{DAY}') AND is_active AND model_id IS NOT NULL ORDER BY model_id"
)


@pytest.mark.slow
def test_the_worst_day_ends_well(operator: Operator, tmp_path: Path, results_folder: Path) -> None:
    op = operator
    inferior = {p.stem for p in op.models.values()}
    assert {r["model_id"] for r in op.sql(MODELS)} == inferior

    # why is coverage 0 %?
    told = op.json(f"props mlfs diagnose --date {DAY}", code=2)
    assert set(told) >= {
        "game_date", "verdict", "expected", "present", "coverage", "missing", "features", "remedy"
    }  # fmt: skip
    assert (told["verdict"], told["present"], told["coverage"]) == ("broken", 0, 0.0)
    assert {m["reason"] for m in told["missing"]} == {"never_built"}
    refused = op.json(f"python {BACKFILL} --dates {DAY} --force", code=1)["dates"][0]
    assert refused["status"] == "REFUSED_MLFS"
    assert told["remedy"] in refused["note"]
    assert {r["model_id"] for r in op.sql(MODELS)} == inferior

    # the one command that mends it
    op(told["remedy"])
    assert op.json(f"props mlfs diagnose --date {DAY}")["verdict"] == "ready"

    # regenerate before tip-off with the new model
    warehouse = DuckDbWarehouse(op.home / "warehouse.duckdb")
    op.models = train(warehouse, tmp_path / "better", DAY - timedelta(days=1), 1095)
    (done,) = op.json(f"python {BACKFILL} --dates {DAY} --force --skip-mlfs-check")["dates"]
    assert done["status"] == "SUCCESS"
    assert done["minutes_to_first_tipoff"] == 120
    assert done["rows_superseded"] >= done["rows_written"] > 0
    assert {r["model_id"] for r in op.sql(MODELS)} == {p.stem for p in op.models.values()}
    systems = op.sql(BY_SYSTEM)
    assert len(systems) == len(SYSTEM_IDS)
    assert sum(r["predictions"] for r in systems) == done["rows_written"]
    assert min(r["last_created"] for r in systems) > max(
        r["created_at"]
        for r in op.sql(
            "SELECT MAX(created_at) AS created_at FROM nba_predictions.player_prop_predictions "
            f"WHERE game_date = DATE('{DAY}') AND NOT is_active"
        )
    )
    assert {r["status"] for r in op.sql(GAMES)} == {"Scheduled"}
    assert op.json(f"props signal --date {DAY}")["signals"]
    waiting = op.json(f"props coverage --dates {DAY}")["systems"]
    assert {s["level"] for s in waiting.values()} == {"NOT_DUE"}
    assert op.json(f"props validate-daily --date {DAY}", code=(0, 1))["findings"]

    # after the games
    op.now = sample_league.AFTER_GAMES
    op(f"props load {results_folder}")
    graded = op.json(f"python {GRADING} --start-date {DAY} --end-date {DAY}")
    assert graded["dates"] == [
        {
            "game_date": DAY.isoformat(),
            "status": "GRADED",
            "graded": done["rows_written"],
            "pending": 0,
            "incomplete_box_scores": [],
        }
    ]
    cover = op.json(f"props coverage --start-date {DAY} --end-date {DAY}")["systems"]
    assert set(cover) == set(SYSTEM_IDS)
    assert {(s["level"], s["coverage"]) for s in cover.values()} == {("OK", 1.0)}
    assert all(s["undue"]["inactive"] > 0 for s in cover.values())
    assert {r["status"] for r in op.sql(GAMES)} == {"Final"}
    (ended,) = op.sql(ENDED)
    assert ended["n"] > 10
    assert 0 < ended["hit"] < 100
    assert abs(ended["bias"]) < 5
    live = op.json("props performance --system catboost_v9 --days 7 --by model_sha256")["groups"]
    assert {g["counted_as"] for g in live} == {"LIVE", "BACKFILL"}
