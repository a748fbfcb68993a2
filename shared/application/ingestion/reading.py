"""Read the files of a folder into tables of the contract's types, and collect their problems."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion import table_files
from shared.application.ingestion.casting import cast
from shared.application.ingestion.file_contracts import FILES, FileColumn, FileContract
from shared.application.ingestion.problems import Problem, problems_of
from shared.domain.market.bookmakers import book_key
from shared.domain.players.names import player_lookup
from shared.domain.season_types import SEASON_TYPES, season_type
from shared.errors import NotFound
from shared.warehouse.history import with_column

ARROW_ERRORS = (pa.ArrowException, OSError, OverflowError, ValueError, TypeError, KeyError)
"""Errors that Arrow raises for a file or a type that it cannot read."""


def read_folder(folder: Path) -> tuple[dict[str, pa.Table], list[Problem]]:
    """Return each present file by name; raise ``NotFound`` if a required file is absent."""
    paths = {c.name: table_files.find(folder, c.name) for c in FILES}
    absent = [c.name for c in FILES if not c.optional and paths[c.name] is None]
    if absent:
        required = ", ".join(c.name for c in FILES if not c.optional)
        raise NotFound(
            f"{folder}: no {', no '.join(absent)}; expected a folder with {required}, or with .csv or .json "
            "instead. Files of NBA.com, The Odds API and other sources are read by props import"
        )
    tables: dict[str, pa.Table] = {}
    problems: list[Problem] = []
    for contract in FILES:
        path = paths[contract.name]
        if path is not None:
            table, file_problems = _read(path, contract)
            problems += file_problems
            if table is not None:
                tables[contract.name] = table
    return tables, problems


def file_names(folder: Path) -> dict[str, str]:
    """Return the name of the file that is read for each file of the contracts."""
    paths = {c.name: table_files.find(folder, c.name) for c in FILES}
    return {name: path.name for name, path in paths.items() if path is not None}


def absent_columns(folder: Path) -> dict[str, frozenset[str]]:
    """Return the columns of the contract that each readable file lacks, by file."""
    paths = {c: table_files.find(folder, c.name) for c in FILES}
    return {
        c.name: frozenset(column.name for column in c.columns) - set(table_files.column_names(path))
        for c, path in paths.items()
        if path is not None
    }


def _read(path: Path, contract: FileContract) -> tuple[pa.Table | None, list[Problem]]:
    try:
        names = table_files.column_names(path)
        columns = [c.name for c in contract.columns if c.name in names]
        repeated = [name for name, count in Counter(names).items() if count > 1 and name in columns]
        if repeated:
            return None, [
                Problem(contract.name, "there is more than one column of this name", c) for c in repeated
            ]
        raw = table_files.read(path, columns)
    except table_files.Unreadable as exc:
        return None, [Problem(contract.name, str(exc))]
    except ARROW_ERRORS as exc:
        kind = table_files.FORMATS[path.suffix]
        return None, [Problem(contract.name, f"not a readable {kind} file ({_first_line(exc)})")]
    return check_rows(contract, raw)


def check_rows(contract: FileContract, raw: pa.Table) -> tuple[pa.Table, list[Problem]]:
    """Return the columns of the contract and all problems: absent columns, other types, failed checks."""
    problems = _missing_columns(contract, raw.column_names)
    failed = {p.column for p in problems}
    bad: dict[str, pa.Array] = {}
    columns = {}
    for column in contract.columns:
        columns[column.name] = pa.nulls(raw.num_rows, column.type)
        if column.name not in raw.column_names:
            continue
        try:
            parsed = cast(raw[column.name], column.kind)
        except ARROW_ERRORS as exc:
            problems.append(_type_problem(contract.name, column, raw[column.name], exc))
            failed.add(column.name)
            continue
        columns[column.name] = parsed.values
        if parsed.is_bad is not None and pc.any(parsed.is_bad).as_py():
            bad[column.name] = parsed.is_bad
            reason = _price_hint(column.name, parsed.reason)
            problems += problems_of(contract.name, column.name, raw[column.name], parsed.is_bad, reason)
    table = pa.table(columns)
    normalized, name_problems = _normalize(contract, table, failed, bad)
    problems += name_problems
    for check in contract.checks:
        if check.column not in failed:
            is_bad = pc.fill_null(check.is_bad(normalized), False)
            if check.column in bad:
                is_bad = pc.and_(is_bad, pc.invert(bad[check.column]))
            problems += problems_of(contract.name, check.column, table[check.column], is_bad, check.reason)
    return normalized, problems


def _missing_columns(contract: FileContract, names: list[str]) -> list[Problem]:
    """Return one problem for each absent column; the first lists the columns of the file."""
    absent = [c.name for c in contract.columns if not c.optional and c.name not in names]
    reasons = [f"is missing; the file has {', '.join(names)}", *["is missing"] * len(absent)]
    return [Problem(contract.name, why, name) for name, why in zip(absent, reasons, strict=False)]


def _type_problem(file: str, column: FileColumn, values: pa.ChunkedArray, exc: BaseException) -> Problem:
    detail = f" ({text})" if (text := _first_line(exc)) else ""
    return Problem(file, f"is {values.type}, expected {column.kind.value}{detail}", column.name)


def _price_hint(column: str, reason: str) -> str:
    return f"{reason}. Prices are American odds, such as -110" if column.endswith("_price") else reason


SPELLINGS = {"player_name": player_lookup, "bookmaker": book_key}


def _normalize(
    contract: FileContract, table: pa.Table, failed: set[str | None], bad: dict[str, pa.Array]
) -> tuple[pa.Table, list[Problem]]:
    """Replace bookmakers by keys and season types by ours; report names without a letter."""
    problems: list[Problem] = []
    for column in ("player_name", "bookmaker", "season_type"):
        if column not in table.column_names or column in failed:
            continue
        coded = pc.dictionary_encode(table[column]).combine_chunks()
        words = [_normalized_word(column, word) for word in coded.dictionary.to_pylist()]
        unknown = pa.array([i for i, w in enumerate(words) if w is None], pa.int32())
        is_bad = pc.is_in(coded.indices, unknown)
        reason = (
            f"expected one of {', '.join(SEASON_TYPES)}"
            if column == "season_type"
            else "has no letter or digit, expected a name"
        )
        if len(unknown):
            problems += problems_of(contract.name, column, table[column], is_bad, reason)
            bad[column] = pc.or_(is_bad, bad[column]) if column in bad else is_bad
        if column != "player_name":
            values = pa.array(words, pa.string()).take(coded.indices)
            table = with_column(table, column, values)
    return table, problems


def _normalized_word(column: str, word: str) -> str | None:
    if column == "season_type":
        return season_type(word)
    try:
        return SPELLINGS[column](word)
    except ValueError:
        return None


def _first_line(exc: BaseException) -> str:
    return next(iter(str(exc).splitlines()), "")
