"""Writes rows to BigQuery by the Storage Write API: one connection per table, one append per batch."""

from __future__ import annotations

import threading
import time
from typing import Any

import pyarrow as pa
from google.api_core.exceptions import (
    Aborted,
    Cancelled,
    GoogleAPICallError,
    InternalServerError,
    InvalidArgument,
    ServiceUnavailable,
    Unknown,
)
from google.cloud.bigquery_storage_v1 import types
from google.cloud.bigquery_storage_v1.exceptions import StreamClosedError
from google.cloud.bigquery_storage_v1.writer import AppendRowsStream

from shared.errors import InvalidStatement, Unavailable
from shared.gcp.clients import Clients
from shared.schemas.table import Table

RESPONSE_TIMEOUT_SECONDS = 30.0
MAX_ATTEMPTS, RETRY_SECONDS = 3, 0.2
MAX_CONNECTIONS = 4
"""Open connections: a service writes to two tables, a job to a few more, one after the other."""

_TRANSIENT = (Aborted, Cancelled, InternalServerError, ServiceUnavailable, Unknown, StreamClosedError)
"""Errors of a connection that was closed while idle, or moved: a retry of the append succeeds."""


class StorageWriter:
    """Appends to the default stream of each table, at least once; all rows of a call or none."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._streams: dict[str, AppendRowsStream] = {}
        self._lock = threading.Lock()

    def append(self, table: Table, rows: pa.Table) -> None:
        """Append rows with all columns of the table; after ``Unavailable`` they may be written or not."""
        request = types.AppendRowsRequest(
            write_stream=self._stream_name(table), arrow_rows={"rows": _serialized(rows)}
        )
        for attempts_left in reversed(range(MAX_ATTEMPTS)):
            try:
                self._stream(table).send(request).result(timeout=RESPONSE_TIMEOUT_SECONDS)
                return
            except InvalidArgument as exc:
                raise InvalidStatement(f"append to {table.full_name}: {_error_message(exc)}") from exc
            except (GoogleAPICallError, StreamClosedError, TimeoutError) as exc:
                self._forget(table)
                if attempts_left == 0 or not isinstance(exc, _TRANSIENT):
                    raise Unavailable(f"append to {table.full_name}: {type(exc).__name__}: {exc}") from exc
            time.sleep(RETRY_SECONDS)

    def close(self) -> None:
        with self._lock:
            streams, self._streams = self._streams, {}
        for stream in streams.values():
            _close(stream)

    def _stream(self, table: Table) -> AppendRowsStream:
        with self._lock:
            if table.full_name not in self._streams:
                for name in list(self._streams)[: max(0, len(self._streams) - MAX_CONNECTIONS + 1)]:
                    _close(self._streams.pop(name))
                schema = types.ArrowSchema(serialized_schema=table.arrow_schema.serialize().to_pybytes())
                template = types.AppendRowsRequest(
                    write_stream=self._stream_name(table), arrow_rows={"writer_schema": schema}
                )
                self._streams[table.full_name] = AppendRowsStream(self._clients.writer(), template)
            return self._streams[table.full_name]

    def _forget(self, table: Table) -> None:
        with self._lock:
            stream = self._streams.pop(table.full_name, None)
        if stream is not None:
            _close(stream)

    def _stream_name(self, table: Table) -> str:
        project = self._clients.project
        return f"projects/{project}/datasets/{table.dataset}/tables/{table.name}/streams/_default"


def _serialized(rows: pa.Table) -> Any:
    (batch,) = rows.combine_chunks().to_batches()
    return types.ArrowRecordBatch(serialized_record_batch=batch.serialize().to_pybytes())


def _error_message(exc: InvalidArgument) -> str:
    """Return the message, with the error of the first refused row."""
    errors = getattr(exc.response, "row_errors", ())
    return f"{exc.message}; row {errors[0].index}: {errors[0].message}" if errors else str(exc.message)


def _close(stream: AppendRowsStream) -> None:
    if stream.is_active:
        stream.close()
