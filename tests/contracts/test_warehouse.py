from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from shared.errors import InvalidStatement, Rejected, Unavailable
from shared.gcp import bigquery_warehouse
from shared.ports import Statement, Warehouse
from shared.schemas.feature_store import FEATURE_SNAPSHOTS, ML_FEATURE_STORE
from shared.schemas.models import MODEL_REGISTRY
from shared.schemas.predictions import (
    PREDICTION_ACCURACY,
    PREDICTION_KEY_OUTCOMES,
    PREDICTION_STAGING,
    REJECTED_MESSAGES,
)
from shared.schemas.table import Table

DAY = date(2025, 3, 19)
NOON = datetime(2025, 3, 19, 12, 0, 0, 123456, tzinfo=UTC)
Make = Callable[[Sequence[Table]], Warehouse]
VALUES: dict[str, Any] = {"STRING": "äö 'quoted' \\", "INT64": 2**53 + 1, "FLOAT64": 0.1 + 0.2, "BOOL": True,
                          "DATE": DAY, "TIMESTAMP": NOON}  # fmt: skip


def full_row(table: Table) -> dict[str, Any]:
    return {c.name: [VALUES[c.type]] * 3 if c.mode == "REPEATED" else VALUES[c.type] for c in table.columns}


def rows_of(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=table.arrow_schema)


def select(table: Table, columns: str = "*", order: str = "1") -> Statement:
    return Statement(
        f"SELECT {columns} FROM {table.full_name} WHERE {table.partition} BETWEEN @a AND @b ORDER BY {order}",
        {"a": DAY - timedelta(days=9), "b": DAY + timedelta(days=9)},
    )


def test_what_is_appended_comes_back_in_the_tables_types(warehouse_of: Make) -> None:
    warehouse = warehouse_of([PREDICTION_STAGING])
    row = full_row(PREDICTION_STAGING)
    warehouse.append(PREDICTION_STAGING, rows_of(PREDICTION_STAGING, [row]))
    found = warehouse.query(select(PREDICTION_STAGING))
    assert found.to_pylist() == [row]
    assert found.schema.types == PREDICTION_STAGING.arrow_schema.types
    needed = {c.name: VALUES[c.type] for c in PREDICTION_STAGING.columns if c.mode == "REQUIRED"}
    only = pa.table({name: pa.array([value]) for name, value in needed.items()})
    warehouse.append(
        PREDICTION_STAGING, only.cast(pa.schema([PREDICTION_STAGING.arrow_schema.field(n) for n in needed]))
    )
    assert warehouse.query(select(PREDICTION_STAGING)).num_rows == 2
    warehouse.append(PREDICTION_STAGING, PREDICTION_STAGING.arrow_schema.empty_table())


def test_lists_come_back_and_no_list_is_an_empty_one(warehouse_of: Make) -> None:
    warehouse = warehouse_of([ML_FEATURE_STORE])
    row = full_row(ML_FEATURE_STORE)
    nothing = row | {"snapshot_id": "z", "recent": None, "context": [], "zone_shares": None}
    warehouse.append(ML_FEATURE_STORE, rows_of(ML_FEATURE_STORE, [row, nothing]))
    first, second = warehouse.query(select(ML_FEATURE_STORE, order="snapshot_id")).to_pylist()
    assert second == row
    assert [first[c] or [] for c in ("recent", "context", "zone_shares")] == [[], [], []]


def test_an_append_of_more_than_fits_in_one_request(
    warehouse_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigquery_warehouse, "STREAMED_BYTES", 1000)
    warehouse = warehouse_of([PREDICTION_STAGING])
    rows = [full_row(PREDICTION_STAGING) | {"prediction_id": f"{i}"} for i in range(50)]
    warehouse.append(PREDICTION_STAGING, rows_of(PREDICTION_STAGING, rows))
    found = warehouse.query(select(PREDICTION_STAGING)).to_pylist()
    assert sorted(found, key=lambda r: int(r["prediction_id"])) == rows


def test_a_row_that_does_not_fit_leaves_nothing(warehouse_of: Make) -> None:
    warehouse = warehouse_of([REJECTED_MESSAGES])
    rows = [full_row(REJECTED_MESSAGES), full_row(REJECTED_MESSAGES) | {"reason": None}]
    nullable = pa.schema([f.with_nullable(True) for f in REJECTED_MESSAGES.arrow_schema])
    with pytest.raises(Exception, match=r"(?i)null|rows are invalid"):
        warehouse.append(REJECTED_MESSAGES, pa.Table.from_pylist(rows, schema=nullable))
    assert warehouse.query(select(REJECTED_MESSAGES)).num_rows == 0


def accuracy(**values: Any) -> pa.Table:
    row = {
        "game_date": DAY, "game_id": "g", "player_lookup": "p", "player_id": 1, "system_id": "s",
        "model_key": "m", "counted_as": "LIVE", "outcome": "HIT", "actual_points": 21, "is_current": True, "is_voided": False,
        "prediction_id": "1", "role": "champion", "prediction_run_mode": "LIVE", "predicted_points": 20.0,
        "confidence_score": 90.0, "recommendation": "OVER", "graded_at": NOON,
    } | values  # fmt: skip
    return rows_of(PREDICTION_ACCURACY, [row])


def test_a_stamp_alone_is_no_difference_and_only_replace_forgets_a_value(warehouse_of: Make) -> None:
    warehouse = warehouse_of([PREDICTION_ACCURACY])
    later = NOON + timedelta(days=1)
    assert warehouse.upsert(PREDICTION_ACCURACY, accuracy()) == 1
    assert warehouse.upsert(PREDICTION_ACCURACY, accuracy(graded_at=later)) == 0
    void = accuracy(outcome="VOID", actual_points=None, graded_at=later)
    assert warehouse.upsert(PREDICTION_ACCURACY, void) == 1
    told = select(PREDICTION_ACCURACY, "outcome, actual_points, graded_at")
    assert warehouse.query(told).to_pylist() == [{"outcome": "VOID", "actual_points": 21, "graded_at": later}]
    assert warehouse.upsert(PREDICTION_ACCURACY, void, replace=True) == 1
    assert warehouse.query(told).to_pylist()[0]["actual_points"] is None
    assert warehouse.upsert(PREDICTION_ACCURACY, void, replace=True) == 0


def outcomes(many: int, **values: Any) -> pa.Table:
    row = {"run_id": "r", "game_date": DAY, "game_id": "g", "system_id": "s", "outcome": "predicted"}
    return rows_of(
        PREDICTION_KEY_OUTCOMES,
        [row | {"player_lookup": f"p{i:04d}", "player_id": i} | values for i in range(many)],
    )


@pytest.mark.parametrize("there", [False, True])
def test_rows_that_share_a_key_are_refused_whether_the_key_is_there_or_not(
    warehouse_of: Make, there: bool
) -> None:
    warehouse = warehouse_of([PREDICTION_ACCURACY])
    if there:
        warehouse.upsert(PREDICTION_ACCURACY, accuracy())
    rows = pa.concat_tables([accuracy(), accuracy(outcome="MISS"), accuracy(game_id="h")])
    with pytest.raises(
        Rejected, match="2 rows to write share a key with another; the first: game_date 2025-03-19"
    ):
        warehouse.upsert(PREDICTION_ACCURACY, rows)
    assert warehouse.query(select(PREDICTION_ACCURACY)).num_rows == int(there)


@pytest.mark.parametrize("many", [3, 700])
def test_an_upsert_of_few_rows_or_many(warehouse_of: Make, many: int) -> None:
    warehouse = warehouse_of([PREDICTION_KEY_OUTCOMES])
    assert warehouse.upsert(PREDICTION_KEY_OUTCOMES, outcomes(many - 1)) == many - 1
    assert warehouse.upsert(PREDICTION_KEY_OUTCOMES, outcomes(many)) == 1
    assert warehouse.upsert(PREDICTION_KEY_OUTCOMES, outcomes(many)) == 0
    assert warehouse.upsert(PREDICTION_KEY_OUTCOMES, outcomes(many, reason="why")) == many
    found = warehouse.query(select(PREDICTION_KEY_OUTCOMES, "player_lookup, reason"))
    assert found.num_rows == many
    assert set(found["reason"].to_pylist()) == {"why"}
    assert warehouse.upsert(PREDICTION_KEY_OUTCOMES, outcomes(0)) == 0


def test_a_table_without_a_partition_is_upserted_too(warehouse_of: Make) -> None:
    warehouse = warehouse_of([MODEL_REGISTRY])
    row = full_row(MODEL_REGISTRY)
    assert warehouse.upsert(MODEL_REGISTRY, rows_of(MODEL_REGISTRY, [row])) == 1
    assert warehouse.upsert(MODEL_REGISTRY, rows_of(MODEL_REGISTRY, [row | {"state": "shadow"}])) == 1
    found = warehouse.query(Statement("SELECT * FROM nba_predictions.model_registry")).to_pylist()
    assert found == [row | {"state": "shadow"}]


def test_what_is_asked_together_is_no_transaction(warehouse_of: Make) -> None:
    warehouse = warehouse_of([PREDICTION_KEY_OUTCOMES])

    def broken_off() -> None:
        with warehouse.shared_connection(), warehouse.shared_connection():
            warehouse.append(PREDICTION_KEY_OUTCOMES, outcomes(2))
            assert warehouse.upsert(PREDICTION_KEY_OUTCOMES, outcomes(3)) == 1
            raise KeyError("of whoever asks")

    with pytest.raises(KeyError):
        broken_off()
    assert warehouse.query(select(PREDICTION_KEY_OUTCOMES)).num_rows == 3


INSERT = (
    "INSERT INTO nba_predictions.feature_snapshots (snapshot_id, game_date, as_of, mode, rows_built, created_at) "
    "VALUES (@id, @day, @now, 'LIVE', 1, @now)"
)
UPDATE = "UPDATE nba_predictions.feature_snapshots SET rows_built = @n WHERE game_date = @day"


def test_a_transaction_is_whole_or_not_at_all_and_counts_what_it_changed(warehouse_of: Make) -> None:
    warehouse = warehouse_of([FEATURE_SNAPSHOTS])
    first = Statement(INSERT, {"id": "a", "day": DAY, "now": NOON})
    second = Statement(INSERT, {"id": "b", "day": DAY, "now": NOON})
    broken = Statement(
        "INSERT INTO nba_predictions.feature_snapshots (snapshot_id) VALUES (@id)", {"id": "c"}
    )
    with pytest.raises(Exception, match=r"(?i)null|required"):
        warehouse.transact([first, broken])
    assert warehouse.query(select(FEATURE_SNAPSHOTS)).num_rows == 0
    assert warehouse.transact([first]) == [1]
    update = Statement(UPDATE, {"n": 7, "day": DAY})
    assert warehouse.transact([second, update]) == [1, 2]
    assert warehouse.query(select(FEATURE_SNAPSHOTS, "rows_built"))["rows_built"].to_pylist() == [7, 7]
    assert warehouse.transact([Statement(UPDATE, {"n": 7, "day": DAY + timedelta(days=1)})]) == [0]


def test_transactions_at_once_both_happen_or_say_so(warehouse_of: Make) -> None:
    warehouse = warehouse_of([FEATURE_SNAPSHOTS])
    warehouse.transact([Statement(INSERT, {"id": "a", "day": DAY, "now": NOON})])
    add = "UPDATE nba_predictions.feature_snapshots SET rows_built = rows_built + 1 WHERE game_date = @day"
    done: list[bool] = []

    def work() -> None:
        for _ in range(3):
            try:
                warehouse.transact([Statement(add, {"day": DAY})] * 2)
                done.append(True)
            except Unavailable:
                done.append(False)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    total = warehouse.query(select(FEATURE_SNAPSHOTS, "rows_built"))["rows_built"][0].as_py()
    assert (len(done), total) == (9, 1 + 2 * sum(done))


@pytest.mark.parametrize(
    "value", [True, False, 3, -(2**60), 0.1 + 0.2, "a 'b' \\ @c", DAY, NOON, ["x", "y"], [1, 2]]
)
def test_a_parameter_comes_back_as_it_went(warehouse_of: Make, value: Any) -> None:
    found = warehouse_of([]).query(Statement("SELECT @value AS value", {"value": value}))
    assert found.to_pylist() == [{"value": value}]


def test_a_parameter_of_another_kind_is_refused(warehouse_of: Make) -> None:
    with pytest.raises((Rejected, InvalidStatement, Exception), match=r"(?i)value|complex|type"):
        warehouse_of([]).query(Statement("SELECT @value AS value", {"value": 1j}))


@pytest.mark.parametrize(
    "sql", ["SELECT nothing FROM (SELECT 1 AS one)", "SELECT CAST('x' AS INT64) AS n", "SELEKT 1"]
)
def test_a_statement_that_is_wrong_is_not_a_store_that_is_away(warehouse_of: Make, sql: str) -> None:
    with pytest.raises(InvalidStatement):
        warehouse_of([]).query(Statement(sql))
