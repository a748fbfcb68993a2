"""What the adapters rely on, asked of the BigQuery stand-in through the real clients."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter, StructQueryParameter
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport

from tests.emulators import processes
from tests.emulators.fixtures import require
from tests.emulators.processes import BigQuery, environment

pytestmark = pytest.mark.emulators

DAY, NOON = date(2026, 1, 15), datetime(2026, 1, 15, 12, 0, 0, 123457, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("game_date", pa.date32()),
        ("player", pa.string()),
        ("points", pa.float64()),
        ("at", pa.timestamp("us", tz="UTC")),
        ("tags", pa.list_(pa.string())),
    ]
)
TABLE = """
CREATE OR REPLACE TABLE league.{name} (
  game_date DATE NOT NULL, player STRING NOT NULL, points FLOAT64, at TIMESTAMP, tags ARRAY<STRING>
) PARTITION BY game_date CLUSTER BY player OPTIONS (require_partition_filter = TRUE)
"""
ON_DAY = ScalarQueryParameter("day", "DATE", DAY)


class Warehouse:
    """The two real clients side by side."""

    def __init__(self, server: BigQuery) -> None:
        self.client = bigquery.Client(project="hoops", credentials=AnonymousCredentials())
        self._channel = grpc.insecure_channel(server.grpc_address)
        self._writer = BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=self._channel))

    def close(self) -> None:
        self._channel.close()
        self.client.close()

    def table(self, name: str) -> str:
        """A new, empty table."""
        self.client.create_dataset("league", exists_ok=True)
        self.run(TABLE.format(name=name))
        return f"league.{name}"

    def run(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.job(sql, *parameters).result()]

    def job(self, sql: str, *parameters: Any) -> Any:
        return self.client.query(
            sql, job_config=bigquery.QueryJobConfig(query_parameters=list(parameters)), job_retry=None
        )

    def append(self, table: str, rows: list[dict[str, Any]]) -> list[Any]:
        """The answers to one append to the default stream."""
        dataset, name = table.split(".")
        batch = pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
        request = types.AppendRowsRequest(
            write_stream=f"projects/hoops/datasets/{dataset}/tables/{name}/streams/_default",
            arrow_rows={
                "writer_schema": {"serialized_schema": SCHEMA.serialize().to_pybytes()},
                "rows": {"serialized_record_batch": batch.serialize().to_pybytes()},
            },
        )
        # A retry would begin again with an iterator that has nothing left: no rows, no answer, no error.
        return list(self._writer.append_rows(iter([request]), retry=None, timeout=30))


@pytest.fixture
def warehouse(bigquery_emulator: BigQuery, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", environment(bigquery_emulator)["BIGQUERY_EMULATOR_HOST"])
    with closing(Warehouse(bigquery_emulator)) as found:
        yield found


def row(i: int, **others: Any) -> dict[str, Any]:
    return {"game_date": DAY, "player": f"p{i}", "points": i / 3, "at": NOON, "tags": ["a", "b"], **others}


def structs(rows: list[dict[str, Any]]) -> ArrayQueryParameter:
    kinds = {"game_date": "DATE", "player": "STRING", "points": "FLOAT64", "at": "TIMESTAMP"}
    return ArrayQueryParameter(
        "rows",
        "STRUCT",
        [
            StructQueryParameter(None, *(ScalarQueryParameter(n, k, r[n]) for n, k in kinds.items()))
            for r in rows
        ],
    )


def test_appended_rows_are_found_by_date_instant_and_array(warehouse: Warehouse) -> None:
    table = warehouse.table("appended")
    (answer,) = warehouse.append(table, [row(1), row(2, points=None, tags=[])])
    assert not answer.error.code
    found = warehouse.run(
        f"SELECT player, points, at, tags FROM {table} "
        "WHERE game_date = @day AND at = @noon AND player IN UNNEST(@players) ORDER BY player",
        ON_DAY,
        ScalarQueryParameter("noon", "TIMESTAMP", NOON),
        ArrayQueryParameter("players", "STRING", ["p1", "p2", "p3"]),
    )
    assert found == [("p1", 1 / 3, NOON, ["a", "b"]), ("p2", None, NOON, [])]


def test_an_append_is_refused_as_a_whole(warehouse: Warehouse) -> None:
    table = warehouse.table("refused")
    (answer,) = warehouse.append(table, [row(1), row(2, player=None)])
    assert answer.error.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert [(e.index, e.message) for e in answer.row_errors] == [(1, "Missing required field: player.")]
    assert warehouse.run(f"SELECT COUNT(*) FROM {table} WHERE game_date = @day", ON_DAY) == [(0,)]
    with pytest.raises(NotFound):
        warehouse.append("league.nowhere", [row(1)])


def test_a_partition_filter_is_required(warehouse: Warehouse) -> None:
    table = warehouse.table("filtered")
    with pytest.raises(BadRequest, match="without a filter"):
        warehouse.run(f"SELECT COUNT(*) FROM {table}")


def test_rows_merge_from_a_parameter_with_nulls(warehouse: Warehouse) -> None:
    table = warehouse.table("merged")
    sql = f"""
        MERGE {table} t USING (SELECT r.* FROM UNNEST(@rows) AS r) s
        ON t.game_date = @day AND t.player = s.player
        WHEN MATCHED THEN UPDATE SET points = s.points, at = s.at
        WHEN NOT MATCHED THEN INSERT (game_date, player, points, at) VALUES (s.game_date, s.player, s.points, s.at)
    """
    for rows, changed in (
        ([row(1, points=None, at=None), row(2)], 2),
        ([row(1), row(3, at=None)], 2),
    ):
        job = warehouse.job(sql, structs(rows), ON_DAY)
        job.result()
        assert job.num_dml_affected_rows == changed
    found = warehouse.run(
        f"SELECT player, points, at FROM {table} WHERE game_date = @day ORDER BY player", ON_DAY
    )
    assert found == [("p1", 1 / 3, NOON), ("p2", 2 / 3, NOON), ("p3", 1.0, None)]
    with pytest.raises(BadRequest, match="at most one source row"):
        warehouse.run(sql, structs([row(1), row(1)]), ON_DAY)


def test_a_transaction_tells_how_many_rows_each_statement_changed(warehouse: Warehouse) -> None:
    table = warehouse.table("activated")
    warehouse.append(table, [row(i) for i in range(5)])
    script = f"""
        DECLARE changed ARRAY<INT64> DEFAULT [];
        BEGIN TRANSACTION;
        UPDATE {table} SET points = 0 WHERE game_date = @day AND player IN UNNEST(@players);
        SET changed = ARRAY_CONCAT(changed, [@@row_count]);
        MERGE {table} t USING (SELECT r.* FROM UNNEST(@rows) AS r) s ON t.game_date = @day AND t.player = s.player
        WHEN MATCHED THEN UPDATE SET at = NULL WHEN NOT MATCHED THEN INSERT (game_date, player) VALUES (@day, s.player);
        SET changed = ARRAY_CONCAT(changed, [@@row_count]);
        DELETE FROM {table} WHERE game_date = @day AND player = 'p0';
        SET changed = ARRAY_CONCAT(changed, [@@row_count]);
        UPDATE {table} SET points = 9 WHERE game_date = @day AND player = 'nobody';
        SET changed = ARRAY_CONCAT(changed, [@@row_count]);
        COMMIT TRANSACTION;
        SELECT changed;
    """
    players = ArrayQueryParameter("players", "STRING", ["p1", "p2"])
    job = warehouse.job(script, ON_DAY, players, structs([row(3), row(4), row(7)]))
    assert [tuple(r.values()) for r in job.result()] == [([2, 3, 1, 0],)]
    children = {
        c.statement_type: c.num_dml_affected_rows for c in warehouse.client.list_jobs(parent_job=job.job_id)
    }
    assert (children["MERGE"], children["DELETE"]) == (3, 1)


def test_a_transaction_that_fails_changes_nothing(warehouse: Warehouse) -> None:
    table = warehouse.table("untouched")
    warehouse.append(table, [row(1)])
    merge = f"MERGE {table} t USING (SELECT 'p2' AS player) s ON t.game_date = @day AND t.player = s.player WHEN NOT MATCHED THEN INSERT (game_date, player) VALUES (@day, s.player)"
    with pytest.raises(BadRequest, match="not today"):
        warehouse.run(f"BEGIN TRANSACTION; {merge}; SELECT ERROR('not today'); COMMIT TRANSACTION;", ON_DAY)
    assert warehouse.run(f"SELECT player FROM {table} WHERE game_date = @day", ON_DAY) == [("p1",)]


def test_transactions_that_meet_are_told_so_and_one_goes_through(warehouse: Warehouse) -> None:
    table = warehouse.table("contended")
    warehouse.append(table, [row(0, points=0.0)])
    add = f"BEGIN TRANSACTION; UPDATE {table} SET points = points + 1 WHERE game_date = @day; COMMIT TRANSACTION;"
    failures: list[str] = []

    def one() -> None:
        try:
            warehouse.run(add, ON_DAY)
        except BadRequest as exc:
            failures.append(str(exc))

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("aborted due to concurrent update" in f for f in failures)
    assert warehouse.run(f"SELECT points FROM {table} WHERE game_date = @day", ON_DAY) == [
        (6.0 - len(failures),)
    ]


def test_parquet_fills_a_table_that_expires(warehouse: Warehouse) -> None:
    warehouse.client.create_dataset("league", exists_ok=True)
    columns = [
        bigquery.SchemaField("game_date", "DATE", "REQUIRED"),
        bigquery.SchemaField("player", "STRING"),
        bigquery.SchemaField("tags", "STRING", "REPEATED"),
    ]
    temporary = bigquery.Table("hoops.league.incoming", columns)
    temporary.expires = datetime(2999, 1, 1, tzinfo=UTC)
    warehouse.client.delete_table(temporary, not_found_ok=True)
    warehouse.client.create_table(temporary)
    data = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([row(i) for i in range(300)], SCHEMA).select([0, 1, 4]), data)
    data.seek(0)
    lists = bigquery.ParquetOptions()
    lists.enable_list_inference = True
    config = bigquery.LoadJobConfig(
        source_format="PARQUET", parquet_options=lists, write_disposition="WRITE_APPEND"
    )
    job = warehouse.client.load_table_from_file(data, temporary, job_config=config)
    assert job.result().output_rows == 300
    found = "SELECT COUNT(*), COUNTIF(ARRAY_LENGTH(tags) = 2) FROM league.incoming"
    assert warehouse.run(found) == [(300, 300)]
    assert warehouse.client.get_table(temporary).expires == temporary.expires


def test_what_was_answered_survives_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("bigquery")
    with processes.bigquery(tmp_path) as server:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", server.rest_url)
        with closing(Warehouse(server)) as before:
            table = before.table("kept")
            before.append(table, [row(1), row(2)])
            before.run(f"UPDATE {table} SET points = 7 WHERE game_date = @day AND player = 'p1'", ON_DAY)
        server.kill()
        server.restart()
        with closing(Warehouse(server)) as after:
            kept = after.run(
                f"SELECT player, points FROM {table} WHERE game_date = @day ORDER BY player", ON_DAY
            )
    assert kept == [("p1", 7.0), ("p2", 2 / 3)]
