from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from shared.backends import BackendSettings, ModelSettings, connect
from shared.errors import Rejected, Unavailable
from shared.gcp.bigquery_warehouse import BigQueryWarehouse
from shared.gcp.failures import translated
from shared.ports import Statement
from shared.schemas.models import MODEL_REGISTRY

CAP = 12345


class Client:
    """BigQuery's client as far as it is called; keeps what each statement was sent with."""

    def __init__(self) -> None:
        self.configs: list[Any] = []

    def query(self, _sql: str, job_config: Any = None) -> Any:
        self.configs.append(job_config)
        return SimpleNamespace(result=lambda: [{"changed": [1, 1]}], num_dml_affected_rows=1)

    def query_and_wait(self, _sql: str, job_config: Any = None) -> Any:
        self.configs.append(job_config)
        return SimpleNamespace(to_arrow=lambda **_: pa.table({}))


def test_every_statement_carries_its_cap() -> None:
    client = Client()
    clients: Any = SimpleNamespace(bigquery=lambda: client, reader=lambda: None)
    warehouse = BigQueryWarehouse(clients, CAP)
    warehouse.query(Statement("SELECT 1"))
    warehouse.transact([Statement("UPDATE t SET a = 1 WHERE TRUE")])
    warehouse.transact([Statement("UPDATE t SET a = 1 WHERE TRUE")] * 2)
    row = {c.name: None for c in MODEL_REGISTRY.columns}
    warehouse.upsert(MODEL_REGISTRY, pa.Table.from_pylist([row]))
    assert [c.maximum_bytes_billed for c in client.configs] == [CAP] * 4


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
    with pytest.raises(Unavailable, match="thing"), translated("thing"):
        raise failure
