"""What one game date asks of stores and broker: ``python -m tests.bench.traffic``.

Plays the sample league's date in one process and prints one JSON object: bytes of the messages, rows and bytes
in each table, and what each job has the warehouse read. ``infra/costs.py`` is built on these figures, and a test
compares them.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlglot
from sqlglot import exp

from shared.application.features.build import BuildFeatures
from shared.application.grading.grade import GradePredictions
from shared.application.ingestion.load import LoadFolder
from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC
from shared.application.training.train import TrainModels, demo_windows
from shared.application.validation.daily import ValidateDaily
from shared.embedded import sample_league
from shared.embedded.broker.store import MessageStore
from shared.embedded.clock import FixedClock
from shared.embedded.dead_letters import BrokerDeadLetters
from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.model_store import DirectoryModelStore
from shared.model_registry.loading import LoadedModel, load_model
from shared.ports import Statement, Warehouse
from shared.schemas.catalog import TABLES
from shared.schemas.messages import wrap
from shared.schemas.predictions import PLAYER_PROP_PREDICTIONS, PREDICTION_KEY_OUTCOMES, PREDICTION_STAGING
from shared.schemas.table import Table
from tests.application.jobs import InProcess
from tests.conftest import CLOCK, DAY

FIXED_BYTES = {"INT64": 8, "FLOAT64": 8, "DATE": 8, "TIMESTAMP": 8, "BOOL": 1}
"""Bytes that BigQuery counts for a value; a string is two and its UTF-8, NULL is none."""

WRITTEN_BY_A_RUN = (PREDICTION_STAGING, PLAYER_PROP_PREDICTIONS, PREDICTION_KEY_OUTCOMES)


class Counting:
    """A warehouse that counts the tables it is asked to read, and the rows that it answers with."""

    def __init__(self, inner: Warehouse) -> None:
        self._inner = inner
        self.statements = self.tables = self.bytes = 0

    def query(self, statement: Statement) -> pa.Table:
        self._count([statement])
        rows = self._inner.query(statement)
        self.bytes += rows.nbytes
        return rows

    def append(self, table: Table, rows: pa.Table) -> None:
        self._inner.append(table, rows)

    def upsert(self, table: Table, rows: pa.Table, *, replace: bool = False) -> int:
        """A MERGE reads its target; where its rows come from costs nothing."""
        self.statements += 1
        self.tables += 1
        return self._inner.upsert(table, rows, replace=replace)

    def transact(self, statements: Sequence[Statement]) -> list[int]:
        self._count(statements)
        return self._inner.transact(statements)

    def shared_connection(self) -> AbstractContextManager[None]:
        return self._inner.shared_connection()

    def take(self) -> dict[str, int]:
        """What was counted since the last time."""
        taken = {"statements": self.statements, "tables": self.tables, "answered_bytes": self.bytes}
        self.statements = self.tables = self.bytes = 0
        return taken

    def _count(self, statements: Sequence[Statement]) -> None:
        self.statements += len(statements)
        for s in statements:
            tables = sqlglot.parse_one(s.sql, read="bigquery").find_all(exp.Table)
            self.tables += len({(t.db, t.name) for t in tables if t.db})


def logical_bytes(table: Table, rows: pa.Table) -> int:
    """What BigQuery would say these rows weigh."""
    total = 0
    for c in table.columns:
        values = rows[c.name]
        if c.mode == "REPEATED":
            values = pc.list_flatten(values)
        values = pc.drop_null(values)
        if c.type == "STRING":
            total += 2 * len(values) + (pc.sum(pc.binary_length(values)).as_py() or 0)
        else:
            total += FIXED_BYTES[c.type] * len(values)
    return total


def measure(
    warehouse: DuckDbWarehouse, models: Mapping[str, LoadedModel], results: Path, folder: Path
) -> dict[str, Any]:
    """Figures of the features, one live run and the grading of the sample league's date."""
    counting = Counting(warehouse)
    jobs: dict[str, dict[str, int]] = {}
    BuildFeatures(counting, CLOCK, SqliteDocuments(folder / "documents.sqlite"))(DAY, DAY)
    jobs["features"] = counting.take()
    world = InProcess(counting, folder, models)
    world.start()
    requests = [len(wrap(m.body, "1" * 17, m.attributes)) for m in world.outbox.sent[REQUEST_TOPIC]]
    begun = time.perf_counter()
    world.work(world.take_jobs())
    worked = time.perf_counter() - begun
    ready = [len(wrap(m.body, "1" * 17, m.attributes)) for m in world.outbox.sent[READY_TOPIC]]
    for report in world.reports():
        world.record(report)
    jobs["run"] = counting.take()
    after = FixedClock(sample_league.AFTER_GAMES)
    LoadFolder(warehouse, after)(results)
    GradePredictions(counting, after)(DAY, DAY)
    jobs["grading"] = counting.take()
    _validate(counting, world, after, folder)
    jobs["validation"] = counting.take()
    return {
        "players": len(requests),
        "request_bytes": round(mean(requests)),
        "ready_bytes": round(mean(ready)),
        "run_bytes_per_player": round(_run_bytes(world) / len(requests)),
        "worker_milliseconds_per_player": round(1000 * worked / len(requests), 2),
        "rows_per_player": {t.name: _rows(warehouse, t).num_rows / len(requests) for t in WRITTEN_BY_A_RUN},
        "bytes_per_row": {t.name: _weight(warehouse, t) for t in TABLES if t.partition},
        "jobs": jobs,
    }


def _run_bytes(world: InProcess) -> int:
    """Of the fields in which the run store keeps who is expected: games and ids by spelling."""
    (run,) = world.runs.runs()
    players = world.runs.players(run.run_id)
    games = {p.player_lookup: p.game_id for p in players}
    ids = {p.player_lookup: p.player_id for p in players}
    return len(json.dumps(games)) + len(json.dumps(ids))


def _validate(warehouse: Warehouse, world: InProcess, clock: FixedClock, folder: Path) -> None:
    documents = SqliteDocuments(folder / "documents.sqlite")
    letters = BrokerDeadLetters(MessageStore(folder / "broker.sqlite"), folder, "http://127.0.0.1:9")
    ValidateDaily(warehouse, world.runs, documents, DirectoryModelStore(), clock, letters)(DAY)


def _rows(warehouse: DuckDbWarehouse, table: Table) -> pa.Table:
    sql = f"SELECT * FROM {table.full_name} WHERE {table.partition} = @day"
    return warehouse.query(Statement(sql, {"day": DAY}))


def _weight(warehouse: DuckDbWarehouse, table: Table) -> int:
    rows = _rows(warehouse, table)
    return round(logical_bytes(table, rows) / rows.num_rows) if rows.num_rows else 0


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        league = sample_league.generate(seasons=2)
        sample_league.write_parquet(sample_league.league_before(league, DAY), folder / "before")
        sample_league.write_parquet(sample_league.results_of(league, DAY), folder / "after")
        warehouse = DuckDbWarehouse(folder / "warehouse.duckdb")
        LoadFolder(warehouse, CLOCK)(folder / "before")
        BuildFeatures(warehouse, CLOCK, SqliteDocuments(folder / "documents.sqlite"))(DAY, DAY)
        store = DirectoryModelStore()
        windows = [w for w in demo_windows(DAY) if w.system_id != "catboost_v8"]
        bundles = TrainModels(warehouse, store, str(folder))(windows, CLOCK.now())
        models = {s: load_model(store, s, b.path) for s, b in bundles.items()}
        sizes = {s: Path(b.path).stat().st_size for s, b in bundles.items()}
        told = measure(warehouse, models, folder / "after", folder)
    print(json.dumps({**told, "model_bytes": sizes}, indent=2))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
