from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from google.api_core.exceptions import BadRequest, Forbidden

from shared.backends import BackendSettings, ModelSettings, connect
from shared.errors import InvalidStatement, Rejected, Unavailable
from shared.gcp.bigquery_warehouse import BigQueryWarehouse
from shared.gcp.failures import translate_errors
from shared.ports import Statement
from shared.schemas.models import MODEL_REGISTRY
from tests.conftest import Logged

CAP = 12345


class Client:
    """BigQuery's client as far as it is called; keeps what each statement was sent with."""

    def __init__(self, refuses: bool = False, fails: bool = False) -> None:
        self.refuses, self.fails = refuses, fails
        self.statements: list[str] = []
        self.configs: list[Any] = []
        self.made: list[Any] = []
        self.loads: list[tuple[str, Any]] = []
        self.dropped: list[str] = []

    def query(self, sql: str, job_config: Any = None) -> Any:
        self.statements.append(sql)
        self.configs.append(job_config)
        if self.fails:
            raise BadRequest("wrong")
        return SimpleNamespace(result=lambda: [{"changed": [1, 1]}], num_dml_affected_rows=1)

    def create_table(self, table: Any) -> None:
        self.made.append(table)

    def load_table_from_file(self, _data: Any, name: str, job_config: Any) -> Any:
        self.loads.append((name, job_config))
        return SimpleNamespace(result=lambda: None)

    def delete_table(self, name: str, not_found_ok: bool) -> None:
        assert not_found_ok
        self.dropped.append(name)
        if self.refuses:
            raise Forbidden("no")

    def query_and_wait(self, _sql: str, job_config: Any = None) -> Any:
        self.configs.append(job_config)
        return SimpleNamespace(to_arrow=lambda **_: pa.table({}))


def warehouse_on(client: Client) -> BigQueryWarehouse:
    clients: Any = SimpleNamespace(bigquery=lambda: client, reader=lambda: None, project="p")
    return BigQueryWarehouse(clients, CAP)


def test_every_statement_carries_its_cap() -> None:
    client = Client()
    warehouse = warehouse_on(client)
    warehouse.query(Statement("SELECT 1"))
    warehouse.transact([Statement("UPDATE t SET a = 1 WHERE TRUE")])
    warehouse.transact([Statement("UPDATE t SET a = 1 WHERE TRUE")] * 2)
    row = {c.name: None for c in MODEL_REGISTRY.columns}
    warehouse.upsert(MODEL_REGISTRY, pa.Table.from_pylist([row]))
    assert [c.maximum_bytes_billed for c in client.configs] == [CAP] * 4


def models(many: int, reason: str = "r") -> pa.Table:
    row = {c.name: None for c in MODEL_REGISTRY.columns} | {"state_reason": reason}
    return pa.Table.from_pylist([row | {"model_id": f"m{i}"} for i in range(many)])


def test_many_rows_are_merged_from_a_scratch_table_that_expires_and_is_dropped() -> None:
    client = Client()
    began = datetime.now(UTC)
    assert warehouse_on(client).upsert(MODEL_REGISTRY, models(501)) == 1
    (made,), ((loaded, config),) = client.made, client.loads
    name = f"{made.dataset_id}.{made.table_id}"
    assert re.fullmatch(r"props_scratch\.model_registry_[0-9a-f]{32}", name)
    assert timedelta(minutes=59) < made.expires - began < timedelta(hours=2)
    assert loaded == f"p.{name}"
    assert config.create_disposition == "CREATE_NEVER"
    assert f"USING {name} AS s" in client.statements[0]
    assert client.dropped == [f"p.{name}"]


def test_rows_that_are_few_and_large_are_no_parameter_either() -> None:
    client = Client()
    warehouse_on(client).upsert(MODEL_REGISTRY, models(20))
    assert not client.made
    warehouse_on(client).upsert(MODEL_REGISTRY, models(20, "r" * 100_000))
    assert len(client.made) == 1


def test_a_scratch_table_that_cannot_be_dropped_changes_nothing_of_the_answer(logged: Logged) -> None:
    assert warehouse_on(Client(refuses=True)).upsert(MODEL_REGISTRY, models(501)) == 1
    (line,) = logged()
    assert line["severity"] == "WARNING"
    assert "it expires by itself" in line["message"]
    with pytest.raises(InvalidStatement, match=r"merge into nba_predictions\.model_registry.*wrong"):
        warehouse_on(Client(refuses=True, fails=True)).upsert(MODEL_REGISTRY, models(501))


def test_google_cloud_takes_no_fixed_clock_and_wants_a_project() -> None:
    with pytest.raises(Rejected, match="needs GCP_PROJECT_ID"):
        connect(BackendSettings(props_backend="gcp"))
    with pytest.raises(Rejected, match="the clock cannot be fixed"):
        connect(BackendSettings(props_backend="gcp", gcp_project_id="p", props_now="2025-03-19T20:00:00Z"))


def test_making_the_backend_asks_nobody() -> None:
    settings = ModelSettings(
        props_backend="gcp",
        gcp_project_id="p",
        catboost_v9_model_path="gs://b/m.cbm",
        model_generation=7,
    )
    backend = connect(settings)
    assert backend.model_folder == "gs://p-models"
    backend.close()


@pytest.mark.parametrize("failure", [TimeoutError("late"), ConnectionResetError("gone")])
def test_a_connection_that_fails_is_a_store_that_is_away(failure: OSError) -> None:
    with pytest.raises(Unavailable, match="thing"), translate_errors("thing"):
        raise failure
