from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from shared.embedded import parquet_parts
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import Unavailable
from shared.ports import Statement
from shared.schemas.predictions import PREDICTION_STAGING, REJECTED_MESSAGES
from tests.embedded.test_stores import full_disk

FIRST, LAST = date(2025, 3, 19), date(2025, 3, 20)
COUNT = Statement(
    "SELECT COUNT(*) AS n FROM nba_predictions.prediction_staging WHERE game_date >= @d", {"d": FIRST}
)
MANY = parquet_parts.MIN_PART_ROWS
TEXT = {c.name: "" for c in PREDICTION_STAGING.columns if c.mode == "REQUIRED" and c.type == "STRING"}
NUMBERS = {c.name: 0.5 for c in PREDICTION_STAGING.columns if c.mode == "REQUIRED" and c.type == "FLOAT64"}
ROW: dict[str, Any] = (
    TEXT | NUMBERS
    | {"has_prop_line": True, "prediction_made_before_game": True, "game_date": FIRST}
    | dict.fromkeys(("as_of", "predicted_at", "created_at"), datetime(2025, 3, 19, 18, 30, 0, 123456, UTC))
)  # fmt: skip


def staged(n: int, **values: Any) -> pa.Table:
    rows = [ROW | {"prediction_id": f"{i:05}", "player_id": i if i % 2 else None} | values for i in range(n)]
    return pa.Table.from_pylist(rows, schema=PREDICTION_STAGING.arrow_schema)


def count(warehouse: DuckDbWarehouse) -> int:
    return int(warehouse.query(COUNT)["n"][0].as_py())


def files(path: Path) -> list[Path]:
    """The parts that hold rows."""
    folder = path.with_suffix(".parts") / "prediction_staging"
    return [p for p in folder.glob("*.parquet") if p.name != "none.parquet"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "it's [1]" / "w.duckdb"


@pytest.fixture
def warehouse(path: Path) -> DuckDbWarehouse:
    made = DuckDbWarehouse(path)
    assert count(made) == 0
    return made


def test_many_rows_become_a_part_and_are_read_with_the_others(warehouse: DuckDbWarehouse, path: Path) -> None:
    many, few = staged(MANY), staged(MANY - 1, game_date=LAST, run_id="few")
    with warehouse.shared_connection():
        warehouse.append(PREDICTION_STAGING, many)
        assert count(warehouse) == MANY
        warehouse.append(PREDICTION_STAGING, few)
        assert count(warehouse) == 2 * MANY - 1
    assert len(files(path)) == 1
    names = ", ".join(PREDICTION_STAGING.column_names)
    select = (
        f"SELECT {names} FROM nba_predictions.prediction_staging WHERE game_date = @d ORDER BY prediction_id"
    )
    for day, rows in ((FIRST, many), (LAST, few)):
        found = DuckDbWarehouse(path).query(Statement(select, {"d": day}))
        assert found.to_pylist() == rows.to_pylist()
    warehouse.append(PREDICTION_STAGING, many)
    assert (count(warehouse), len(files(path))) == (3 * MANY - 1, 2)


def test_another_process_that_has_read_before_sees_what_came_since(
    warehouse: DuckDbWarehouse, path: Path
) -> None:
    other = DuckDbWarehouse(path)
    assert count(other) == 0
    warehouse.append(PREDICTION_STAGING, staged(MANY))
    assert count(other) == MANY


@pytest.mark.parametrize("rows", [
    staged(MANY).drop_columns(["kelly_fraction"]),
    staged(MANY).select(PREDICTION_STAGING.column_names[::-1]),
    staged(MANY).cast(pa.schema([f.with_nullable(True) for f in PREDICTION_STAGING.arrow_schema])),
    staged(MANY).set_column(5, "player_id", pa.array([7] * MANY, pa.int32())),
], ids=["without a column", "in another order", "of nullable columns", "of another type"])  # fmt: skip
def test_rows_that_are_not_as_declared_are_inserted(
    warehouse: DuckDbWarehouse, path: Path, rows: pa.Table
) -> None:
    warehouse.append(PREDICTION_STAGING, rows)
    assert (count(warehouse), files(path)) == (MANY, [])


def test_what_an_insert_refuses_is_refused(warehouse: DuckDbWarehouse, path: Path) -> None:
    unnamed = pa.array([None] + [""] * (MANY - 1), pa.string())
    at = PREDICTION_STAGING.column_names.index("system_id")
    rows = staged(MANY).set_column(at, PREDICTION_STAGING.arrow_schema.field(at), unnamed)
    with pytest.raises(duckdb.ConstraintException, match="system_id"):
        warehouse.append(PREDICTION_STAGING, rows)
    assert (count(warehouse), files(path)) == (0, [])


def test_other_tables_have_no_parts(warehouse: DuckDbWarehouse, path: Path) -> None:
    row = {"rejected_date": FIRST, "rejected_at": datetime.now(UTC), "service": "s", "message_id": "1"}
    row |= {"reason": "r", "body": "b", "body_bytes": 1}
    rows = pa.Table.from_pylist([row] * MANY, schema=REJECTED_MESSAGES.arrow_schema)
    warehouse.append(REJECTED_MESSAGES, rows)
    assert files(path) == []
    asked = Statement("SELECT COUNT(*) AS n FROM nba_predictions.rejected_messages")
    assert warehouse.query(asked)["n"].to_pylist() == [MANY]


@pytest.mark.parametrize("sql", [
    "UPDATE nba_predictions.prediction_staging SET role = 'shadow' WHERE TRUE",
    "DELETE FROM nba_predictions.prediction_staging WHERE TRUE",
])  # fmt: skip
def test_nothing_changes_what_was_staged(warehouse: DuckDbWarehouse, sql: str) -> None:
    warehouse.append(PREDICTION_STAGING, staged(MANY))
    with pytest.raises(duckdb.BinderException, match="base table"):
        warehouse.transact([Statement(sql)])
    assert count(warehouse) == MANY


def test_a_home_can_be_moved(warehouse: DuckDbWarehouse, path: Path, tmp_path: Path) -> None:
    warehouse.append(PREDICTION_STAGING, staged(MANY))
    shutil.move(path.parent, tmp_path / "moved")
    assert count(DuckDbWarehouse(tmp_path / "moved" / path.name)) == MANY


def test_a_part_for_which_the_disk_has_no_room_is_not_there(warehouse: DuckDbWarehouse, path: Path) -> None:
    warehouse.append(PREDICTION_STAGING, staged(MANY))
    with full_disk(), pytest.raises(Unavailable, match="too large"):
        warehouse.append(PREDICTION_STAGING, staged(MANY))
    assert (count(warehouse), len(files(path))) == (MANY, 1)
    warehouse.append(PREDICTION_STAGING, staged(MANY))
    assert (count(DuckDbWarehouse(path)), len(files(path))) == (2 * MANY, 2)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["os.fsync", "pathlib.Path.replace"])
def test_a_part_that_was_cut_off_is_not_there(warehouse: DuckDbWarehouse, path: Path, moment: str) -> None:
    warehouse.append(PREDICTION_STAGING, staged(MANY))
    killed = (
        "import os, pathlib, signal, sys\n"
        "from shared.embedded.duckdb_warehouse import DuckDbWarehouse\n"
        "from shared.schemas.predictions import PREDICTION_STAGING\n"
        "from tests.embedded.test_parts import MANY, count, staged\n"
        "warehouse = DuckDbWarehouse(pathlib.Path(sys.argv[1]))\n"
        "assert count(warehouse) == MANY\n"
        f"{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "warehouse.append(PREDICTION_STAGING, staged(MANY))\n"
    )
    told = subprocess.run([sys.executable, "-c", killed, str(path)], check=False, capture_output=True)
    assert told.returncode == -9, told.stderr
    assert (count(DuckDbWarehouse(path)), len(files(path))) == (MANY, 1)
    warehouse.append(PREDICTION_STAGING, staged(MANY))
    assert count(DuckDbWarehouse(path)) == 2 * MANY
    assert {p.suffix for p in files(path)[0].parent.iterdir()} == {".parquet"}


def test_what_an_earlier_version_staged_stays(path: Path) -> None:
    warehouse = DuckDbWarehouse(path)
    warehouse.append(PREDICTION_STAGING, staged(3))
    shutil.rmtree(path.with_suffix(".parts"))
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE schema_version SET version = 5")
    later = DuckDbWarehouse(path)
    assert count(later) == 3
    later.append(PREDICTION_STAGING, staged(MANY))
    assert count(later) == 3 + MANY
