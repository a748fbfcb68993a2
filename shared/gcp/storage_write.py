"""Rows into BigQuery by the Storage Write API: one connection a table, one append a batch."""

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
from google.cloud.bigquery_storage_v1 import exceptions as storage_exceptions
from google.cloud.bigquery_storage_v1 import types
from google.cloud.bigquery_storage_v1.writer import AppendRowsStream

from shared.errors import InvalidStatement, Unavailable
from shared.gcp.clients import Clients
from shared.schemas.table import Table

ANSWER_SECONDS = 30.0
TRIES, WAIT_SECONDS = 3, 0.2
OPEN = 4
"""Connections kept at once: a service writes to two tables, a job to a few more, one after the other."""

_PASSING = (Aborted, Cancelled, InternalServerError, ServiceUnavailable, Unknown)
"""What a connection that was closed while idle, or moved, answers: the same append goes through next."""


class StorageWriter:
    """Appends to the default stream of each table: at least once, all rows of a call or none."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._streams: dict[str, AppendRowsStream] = {}
        self._lock = threading.Lock()

    def append(self, table: Table, rows: pa.Table) -> None:
        """``rows`` have all columns of the table; ``Unavailable`` where no answer came, so that they may
        have been written or not."""
        request = types.AppendRowsRequest(
            write_stream=self._stream_name(table), arrow_rows={"rows": _serialized(rows)}
        )
        for left in reversed(range(TRIES)):
            try:
                self._stream(table).send(request).result(timeout=ANSWER_SECONDS)
                return
            except InvalidArgument as exc:
                raise InvalidStatement(f"append to {table.full_name}: {_said(exc)}") from exc
            except (GoogleAPICallError, storage_exceptions.StreamClosedError, TimeoutError) as exc:
                self._forget(table)
                if left == 0 or not isinstance(exc, (*_PASSING, storage_exceptions.StreamClosedError)):
                    raise Unavailable(f"append to {table.full_name}: {type(exc).__name__}: {exc}") from exc
            time.sleep(WAIT_SECONDS)

    def close(self) -> None:
        with self._lock:
            streams, self._streams = self._streams, {}
        for stream in streams.values():
            _close(stream)

    def _stream(self, table: Table) -> AppendRowsStream:
        with self._lock:
            if table.full_name not in self._streams:
                for name in list(self._streams)[: max(0, len(self._streams) - OPEN + 1)]:
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


def _said(exc: InvalidArgument) -> str:
    """The message, and what is wrong with the first row that is refused."""
    rows = getattr(exc.response, "row_errors", ())
    return f"{exc.message}; row {rows[0].index}: {rows[0].message}" if rows else str(exc.message)


def _close(stream: AppendRowsStream) -> None:
    if stream.is_active:
        stream.close()
