"""The warehouse on BigQuery."""

from __future__ import annotations

import io
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from google.cloud import bigquery

from shared.errors import AppError, NotFound, Rejected, Unavailable
from shared.gcp.bigquery_parameters import number_parameters, parameters, rows_parameter
from shared.gcp.clients import Clients
from shared.gcp.failures import translate_errors
from shared.gcp.storage_write import StorageWriter
from shared.ports import Statement
from shared.schemas.table import Table
from shared.warehouse.merge import merge, require_distinct_keys

STREAMED_BYTES = 8 * 1024 * 1024
"""Rows up to this size are written by one append, whose limit is 10 MB; more rows by a load job."""

PARAMETER_ROWS, PARAMETER_BYTES = 500, 1024 * 1024
"""Rows up to this number and size are merged from a query parameter, which is several times as large in the
request; more rows from a table that a load job fills."""

SCRATCH = "props_scratch"
"""Dataset of these tables, the only one in which programs may create tables."""

SCRATCH_LIFETIME = timedelta(hours=1)

logger = logging.getLogger("props")


class BigQueryWarehouse:
    """``max_bytes_billed`` caps each statement: one that would scan more fails before it costs anything."""

    def __init__(self, clients: Clients, max_bytes_billed: int) -> None:
        self._clients = clients
        self._cap = max_bytes_billed
        self._writer = StorageWriter(clients)

    def query(self, statement: Statement) -> pa.Table:
        with _query_errors("query"):
            rows = self._clients.bigquery().query_and_wait(
                statement.sql, job_config=self._config(statement.params)
            )
            return rows.to_arrow(bqstorage_client=self._clients.reader())

    def append(self, table: Table, rows: pa.Table) -> None:
        if rows.num_rows == 0:
            return
        full_rows = _with_all_columns(table, rows)
        if full_rows.nbytes <= STREAMED_BYTES:
            self._writer.append(table, full_rows)
        else:
            self._load(table.full_name, table, full_rows)

    def upsert(self, table: Table, rows: pa.Table, *, replace: bool = False) -> int:
        if rows.num_rows == 0:
            return 0
        require_distinct_keys(table, rows)
        config = self._config(_bounds(table, rows))
        with self._source(table, rows, config) as source:
            sql = merge(table, rows.column_names, source, replace=replace, bounded=True)
            with _query_errors(f"merge into {table.full_name}"):
                return self._changed_rows(self._clients.bigquery().query(sql, job_config=config))

    def transact(self, statements: Sequence[Statement]) -> list[int]:
        if len(statements) == 1:
            (statement,) = statements
            with _query_errors("statement"):
                job = self._clients.bigquery().query(statement.sql, self._config(statement.params))
                return [self._changed_rows(job)]
        texts, values = number_parameters(statements)
        counting_statements = "\n".join(
            f"{t.rstrip().rstrip(';')};\nSET changed = ARRAY_CONCAT(changed, [@@row_count]);" for t in texts
        )
        script = (
            "DECLARE changed ARRAY<INT64> DEFAULT [];\nBEGIN TRANSACTION;\n"
            f"{counting_statements}\nCOMMIT TRANSACTION;\nSELECT changed;"
        )
        with _query_errors("transaction"):
            (row,) = self._clients.bigquery().query(script, self._config(values)).result()
        return [int(n) for n in row["changed"]]

    def shared_connection(self) -> AbstractContextManager[None]:
        """Do nothing: BigQuery needs no connection."""
        return nullcontext()

    def close(self) -> None:
        self._writer.close()

    def _config(self, values: Mapping[str, Any]) -> Any:
        return bigquery.QueryJobConfig(
            query_parameters=parameters(values), maximum_bytes_billed=self._cap, use_legacy_sql=False
        )

    def _changed_rows(self, job: Any) -> int:
        job.result()
        return int(job.num_dml_affected_rows or 0)

    @contextmanager
    def _source(self, table: Table, rows: pa.Table, config: Any) -> Iterator[str]:
        """Yield the source of ``rows`` for a MERGE: a parameter, or a table in ``SCRATCH``."""
        if rows.num_rows <= PARAMETER_ROWS and rows.nbytes <= PARAMETER_BYTES:
            config.query_parameters = [*config.query_parameters, rows_parameter("rows", table, rows)]
            columns = ", ".join(f"r.{c} AS {c}" for c in rows.column_names)
            yield f"(SELECT {columns} FROM UNNEST(@rows) AS r)"
            return
        name = f"{SCRATCH}.{table.name}_{uuid.uuid4().hex}"
        self._create(name, table, rows)
        try:
            self._load(name, table, rows)
            yield name
        finally:
            self._drop(name)

    def _create(self, name: str, table: Table, rows: pa.Table) -> None:
        scratch_table = bigquery.Table(f"{self._clients.project}.{name}", _fields(table, rows.column_names))
        scratch_table.expires = datetime.now(UTC) + SCRATCH_LIFETIME
        with _query_errors(f"create {name}"):
            self._clients.bigquery().create_table(scratch_table)

    def _drop(self, name: str) -> None:
        """Delete a scratch table; a failure is only logged, since the table expires."""
        try:
            with _query_errors(f"drop {name}"):
                self._clients.bigquery().delete_table(f"{self._clients.project}.{name}", not_found_ok=True)
        except AppError as exc:
            logger.warning("%s; it expires by itself", exc)

    def _load(self, name: str, table: Table, rows: pa.Table) -> None:
        """Add rows to an existing table by a load job."""
        data = io.BytesIO()
        pq.write_table(rows, data)
        data.seek(0)
        parquet_options = bigquery.ParquetOptions()
        parquet_options.enable_list_inference = True
        config = bigquery.LoadJobConfig(
            source_format="PARQUET",
            schema=_fields(table, rows.column_names),
            create_disposition="CREATE_NEVER",
            write_disposition="WRITE_APPEND",
            parquet_options=parquet_options,
        )
        with _query_errors(f"load into {name}"):
            self._clients.bigquery().load_table_from_file(
                data, f"{self._clients.project}.{name}", job_config=config
            ).result()


@contextmanager
def _query_errors(operation: str) -> Iterator[None]:
    """Translate errors; a missing table means that the store is not set up, so ``Unavailable``."""
    try:
        with translate_errors(operation):
            yield
    except NotFound as exc:
        raise Unavailable(f"{exc}; Terraform creates datasets and tables") from exc


def _with_all_columns(table: Table, rows: pa.Table) -> pa.Table:
    """Return the rows with all columns of the table, in its order and types; a NULL array becomes empty."""
    unknown = [c for c in rows.column_names if c not in table.column_names]
    if unknown:
        raise Rejected(f"{table.full_name} has no column {unknown[0]!r}")
    columns = []
    for f in table.arrow_schema:
        is_present = f.name in rows.column_names
        column = rows[f.name].cast(f.type) if is_present else pa.nulls(rows.num_rows, f.type)
        columns.append(pc.coalesce(column, pa.scalar([], f.type)) if pa.types.is_list(f.type) else column)
    return pa.table(columns, schema=table.arrow_schema)


def _bounds(table: Table, rows: pa.Table) -> dict[str, Any]:
    if table.partition is None:
        return {}
    dates = pc.min_max(rows[table.partition])
    return {"first": dates["min"].as_py(), "last": dates["max"].as_py()}


def _fields(table: Table, names: Sequence[str]) -> list[Any]:
    return [
        bigquery.SchemaField(c.name, c.type, c.mode, description=c.meaning)
        for c in table.columns
        if c.name in names
    ]
