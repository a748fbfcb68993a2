"""Google's analyzer and reference evaluator of GoogleSQL, as the package ``zetasql`` has them.

The package is the C++ library as WebAssembly. Compiling it takes tens of seconds, so the compiled module is
kept under the name of its version and of the compiler's in a folder that is given.
"""

from __future__ import annotations

import ctypes
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import wasmtime
from filelock import FileLock
from zetasql.core.exceptions import ServerError
from zetasql.core.wasm_client import WasmClient, get_tzinfo_dir
from zetasql.wasi import get_wasm_path
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as service
from zetasql.wasi._pb2.zetasql.proto import options_pb2, simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2 as language
from zetasql.wasi._pb2.zetasql.public import type_pb2, value_pb2
from zetasql.wasi._pb2.zetasql.resolved_ast import resolved_node_kind_pb2 as kinds

from shared.schemas.catalog import TABLES
from shared.schemas.table import Column, Table

EPOCH_DATE, EPOCH = date(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)
CATALOG = "warehouse"

TYPES = {
    "STRING": type_pb2.TYPE_STRING,
    "BYTES": type_pb2.TYPE_BYTES,
    "INT64": type_pb2.TYPE_INT64,
    "FLOAT64": type_pb2.TYPE_DOUBLE,
    "NUMERIC": type_pb2.TYPE_NUMERIC,
    "BOOL": type_pb2.TYPE_BOOL,
    "DATE": type_pb2.TYPE_DATE,
    "TIMESTAMP": type_pb2.TYPE_TIMESTAMP,
    "DATETIME": type_pb2.TYPE_DATETIME,
    "TIME": type_pb2.TYPE_TIME,
    "JSON": type_pb2.TYPE_JSON,
    "INTERVAL": type_pb2.TYPE_INTERVAL,
}
_TABLE = re.compile(rf"\b(?:{'|'.join({t.dataset for t in TABLES})})\.\w+")
DECLARED = {"now": "TIMESTAMP"}
"""Types of parameters that do not show from what a statement does with them."""

_BY = re.compile(r"\b(MAX|MIN)_BY\(([^,()]+), ([^,()]+)\)")
"""Functions of BigQuery that the library does not have; BigQuery's manual gives what they stand for."""

_LISTS = re.compile(r"\bUNNEST\(@(\w+)\)", re.IGNORECASE)
"""Parameters that the analyzer has no type for unless it is declared."""

NAMES = {kind: name for name, kind in TYPES.items()}

NOT_IN_BIGQUERY = ("TIMESTAMP_NANOS", "TIMESTAMP_PICOS", "SPANNER", "DISABLE_", "STRICT_FUNCTION_DEFAULT")
"""Parts of the names of language features that BigQuery does not have."""

STATEMENTS = (
    kinds.RESOLVED_QUERY_STMT,
    kinds.RESOLVED_INSERT_STMT,
    kinds.RESOLVED_UPDATE_STMT,
    kinds.RESOLVED_DELETE_STMT,
    kinds.RESOLVED_MERGE_STMT,
    kinds.RESOLVED_CREATE_TABLE_STMT,
)


class GoogleSqlError(Exception):
    """What the analyzer or the evaluator has to say against a statement."""


@dataclass(frozen=True)
class Answer:
    """Columns as (name, type) and rows of Python's values."""

    columns: tuple[tuple[str, str], ...]
    rows: list[tuple[Any, ...]]


class GoogleSql:
    """One instance of the library, with the tables of the warehouse."""

    def __init__(self, folder: Path) -> None:
        self._client = _client(folder)
        found = self._call(
            "GetLanguageOptions",
            service.LanguageOptionsRequest(maximum_features=True),
            options_pb2.LanguageOptionsProto,
        )
        off = {n for f, n in _features().items() if any(part in n for part in NOT_IN_BIGQUERY)}
        features = [f for f in found.enabled_language_features if _features()[f] not in off]
        self._language = options_pb2.LanguageOptionsProto(
            name_resolution_mode=language.NAME_RESOLUTION_DEFAULT,
            product_mode=language.PRODUCT_EXTERNAL,
            enabled_language_features=features,
            supported_statement_kinds=STATEMENTS,
            reserved_keywords=["QUALIFY"],
        )
        self._nested = self._register()

    def analyze(self, sql: str) -> dict[str, str]:
        """Types of the statement's parameters, by what it does with them; ``GoogleSqlError`` for a statement
        that BigQuery would refuse."""
        options = self._options(DECLARED | dict.fromkeys(_LISTS.findall(sql), "ARRAY<STRING>"))
        options.allow_undeclared_parameters = True
        request = service.AnalyzeRequest(
            options=options, registered_catalog_id=self._nested, sql_statement=_known(sql)
        )
        resolved = self._call("Analyze", request, service.AnalyzeResponse).resolved_statement
        found: dict[str, str] = {}
        _collect_parameters(getattr(resolved, resolved.WhichOneof("node")), found)
        return found

    def evaluate(self, sql: str) -> Answer:
        """What one query over no table gives."""
        request = service.EvaluateQueryRequest(
            sql=_known(sql), options=self._options({}), registered_catalog_id=self._nested
        )
        return _answer(self._call("EvaluateQuery", request, service.EvaluateQueryResponse))

    def prepare(self, sql: str, types: Mapping[str, str]) -> Prepared:
        """A query that is analyzed once and evaluated over many tables. Making it takes fifty times as long as
        applying it, and the content of a catalog cannot change, so that tables go in as parameters."""
        tables = [t for t in TABLES if t.full_name in _TABLE.findall(sql)]
        options = self._options(types)
        for table in tables:
            options.query_parameters.add(name=_rows_name(table), type=_rows_type(table))
        request = service.PrepareQueryRequest(
            sql=_TABLE.sub(lambda m: f"(SELECT * FROM UNNEST(@{m[0].replace('.', '__')}))", _known(sql)),
            options=options,
            registered_catalog_id=self._nested,
        )
        made = self._call("PrepareQuery", request, service.PrepareQueryResponse)
        return Prepared(self, made.prepared, types, tables)

    def _options(self, parameters: Mapping[str, str]) -> Any:
        return options_pb2.AnalyzerOptionsProto(
            language_options=self._language,
            default_timezone="UTC",
            query_parameters=[
                options_pb2.AnalyzerOptionsProto.QueryParameterProto(name=n, type=type_of(t))
                for n, t in parameters.items()
            ],
        )

    def _register(self) -> int:
        catalog = simple_catalog_pb2.SimpleCatalogProto(
            name=CATALOG,
            builtin_function_options=options_pb2.ZetaSQLBuiltinFunctionOptionsProto(
                language_options=self._language
            ),
        )
        for dataset in sorted({t.dataset for t in TABLES}):
            place = catalog.catalog.add(name=dataset)
            for table in (t for t in TABLES if t.dataset == dataset):
                made = place.table.add(name=table.name)
                for c in table.columns:
                    made.column.add(name=c.name, type=type_of(column_type(c)), is_writable_column=True)
        request = service.RegisterCatalogRequest(simple_catalog=catalog)
        return int(self._call("RegisterCatalog", request, service.RegisterResponse).registered_id)

    def _call(self, method: str, request: Any, response: Any) -> Any:
        try:
            return self._client.call_grpc_func(f"ZetaSqlLocalService_{method}", request, response)
        except ServerError as exc:
            raise GoogleSqlError(str(exc)) from exc


def _known(sql: str) -> str:
    return _BY.sub(r"ANY_VALUE(\2 HAVING \1 \3)", sql)


def _collect_parameters(message: Any, found: dict[str, str]) -> None:
    """Every parameter below a node of the resolved statement."""
    if type(message).__name__ == "ResolvedParameterProto":
        found[message.name] = type_name(message.parent.type)
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for each in value if field.is_repeated else [value]:
                _collect_parameters(each, found)


class Prepared:
    """A query of GoogleSQL with the tables and parameters that it reads."""

    def __init__(
        self, google: GoogleSql, state: Any, types: Mapping[str, str], tables: Sequence[Table]
    ) -> None:
        self._google, self._state, self._types, self._tables = google, state, types, tables

    def evaluate(self, values: Mapping[str, Any], rows: Mapping[str, Any]) -> Answer:
        """``rows``: of each table by its full name, as ``rows_of`` makes them."""
        params = [service.Parameter(name=n, value=value_of(v, self._types[n])) for n, v in values.items()]
        params += [service.Parameter(name=_rows_name(t), value=rows[t.full_name]) for t in self._tables]
        request = service.EvaluateQueryRequest(prepared_query_id=self._state.prepared_query_id, params=params)
        return _answer(
            self._google._call("EvaluateQuery", request, service.EvaluateQueryResponse), self._state.columns
        )


def rows_of(table: Table, rows: Iterable[Sequence[Any]]) -> Any:
    """Rows of a table as the evaluator takes them."""
    types = [column_type(c) for c in table.columns]
    made = value_pb2.ValueProto()
    made.array_value.SetInParent()
    for row in rows:
        struct = made.array_value.element.add().struct_value
        struct.field.extend([value_of(v, t) for v, t in zip(row, types, strict=True)])
    return made


def column_type(column: Column) -> str:
    return f"ARRAY<{column.type}>" if column.mode == "REPEATED" else column.type


def _rows_name(table: Table) -> str:
    return table.full_name.replace(".", "__")


def _rows_type(table: Table) -> Any:
    made = type_pb2.TypeProto(type_kind=type_pb2.TYPE_ARRAY)
    made.array_type.element_type.type_kind = type_pb2.TYPE_STRUCT
    for c in table.columns:
        made.array_type.element_type.struct_type.field.add(
            field_name=c.name, field_type=type_of(column_type(c))
        )
    return made


def _answer(response: Any, prepared: Any = None) -> Answer:
    columns = [(c.name, c.type) for c in (prepared or response.prepared.columns)]
    rows = [
        tuple(python_of(cell, kind) for cell, (_, kind) in zip(row.cell, columns, strict=True))
        for row in response.content.table_data.row
    ]
    return Answer(tuple((n, type_name(t)) for n, t in columns), rows)


def type_of(name: str) -> Any:
    if name.startswith("ARRAY<"):
        made = type_pb2.TypeProto(type_kind=type_pb2.TYPE_ARRAY)
        made.array_type.element_type.CopyFrom(type_of(name[6:-1]))
        return made
    return type_pb2.TypeProto(type_kind=TYPES[name])


def type_name(kind: Any) -> str:
    if kind.type_kind == type_pb2.TYPE_ARRAY:
        return f"ARRAY<{type_name(kind.array_type.element_type)}>"
    if kind.type_kind == type_pb2.TYPE_STRUCT:
        return f"STRUCT<{', '.join(type_name(f.field_type) for f in kind.struct_type.field)}>"
    return NAMES[kind.type_kind]


def value_of(value: Any, kind: str) -> Any:
    """A value of Python as one of a type of BigQuery's."""
    made = value_pb2.ValueProto()
    if value is None:
        return made
    if kind.startswith("ARRAY<"):
        made.array_value.SetInParent()
        made.array_value.element.extend([value_of(v, kind[6:-1]) for v in value])
    elif kind == "TIMESTAMP":
        micros = (value - EPOCH) // timedelta(microseconds=1)
        made.timestamp_value.seconds, made.timestamp_value.nanos = micros // 10**6, micros % 10**6 * 1000
    elif kind == "DATE":
        made.date_value = (value - EPOCH_DATE).days
    else:
        field = {"STRING": "string", "INT64": "int64", "FLOAT64": "double", "BOOL": "bool"}[kind]
        setattr(made, f"{field}_value", value)
    return made


def python_of(value: Any, kind: Any) -> Any:
    """The value of Python that the driver of a warehouse gives for it."""
    which = value.WhichOneof("value")
    if which is None:
        return None
    if kind.type_kind == type_pb2.TYPE_ARRAY:
        return [python_of(e, kind.array_type.element_type) for e in value.array_value.element]
    if kind.type_kind == type_pb2.TYPE_STRUCT:
        fields = kind.struct_type.field
        return {
            f.field_name: python_of(v, f.field_type)
            for f, v in zip(fields, value.struct_value.field, strict=True)
        }
    if kind.type_kind == type_pb2.TYPE_TIMESTAMP:
        at = value.timestamp_value
        return EPOCH + timedelta(seconds=at.seconds, microseconds=at.nanos // 1000)
    if kind.type_kind == type_pb2.TYPE_DATE:
        return EPOCH_DATE + timedelta(days=value.date_value)
    if kind.type_kind == type_pb2.TYPE_NUMERIC:
        return Decimal(int.from_bytes(value.numeric_value, "little", signed=True)).scaleb(-9)
    return getattr(value, which)


class _Client(WasmClient):
    """The package's client over a module that was compiled before, with memory copied as a whole."""

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module) -> None:
        wasi = wasmtime.WasiConfig()
        zones = get_tzinfo_dir()
        if zones:
            wasi.preopen_dir(zones, "/usr/share/zoneinfo")
        self.store = wasmtime.Store(engine)
        self.store.set_wasi(wasi)
        linker = wasmtime.Linker(engine)
        linker.define_wasi()
        self.instance = linker.instantiate(self.store, module)
        self.exports = self.instance.exports(self.store)
        if "_initialize" in self.exports:
            self.exports["_initialize"](self.store)
        self.memory = self.exports["memory"]

    def write_bytes(self, ptr: int, data: bytes) -> None:
        ctypes.memmove(ctypes.addressof(self.memory.data_ptr().contents) + ptr, data, len(data))

    def read_bytes(self, ptr: int, size: int) -> bytes:
        return ctypes.string_at(ctypes.addressof(self.memory.data_ptr().contents) + ptr, size)


def _client(folder: Path) -> _Client:
    config = wasmtime.Config()
    config.shared_memory = True
    config.cranelift_opt_level = "none"
    engine = wasmtime.Engine(config)
    kept = folder / f"zetasql-{version('zetasql')}-wasmtime-{version('wasmtime')}.cwasm"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            incoming = folder / f"{uuid.uuid4()}.incoming"
            incoming.write_bytes(wasmtime.Module.from_file(engine, get_wasm_path()).serialize())
            incoming.replace(kept)
    return _Client(engine, wasmtime.Module.deserialize_file(engine, str(kept)))


def _features() -> dict[int, str]:
    return {number: name for name, number in language.LanguageFeature.items()}
