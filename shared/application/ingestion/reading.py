"""Read the files of a folder into tables of the contract's types, and collect what is wrong with them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shared.application.ingestion.casting import cast
from shared.application.ingestion.file_contracts import FILES, FileColumn, FileContract
from shared.application.ingestion.problems import Problem, problem_of
from shared.domain.market.bookmakers import book_key
from shared.domain.players.names import player_lookup
from shared.domain.season_types import SEASON_TYPES, season_type
from shared.errors import NotFound

ARROW_ERRORS = (pa.ArrowException, OSError, OverflowError, ValueError, TypeError, KeyError)
"""What Arrow raises for a file or a type that it cannot read."""


def read_folder(folder: Path) -> tuple[dict[str, pa.Table], list[Problem]]:
    """Return each file that is there by name; ``NotFound`` where a file is absent that must not be."""
    absent = [c.name for c in FILES if not c.optional and not (folder / c.name).exists()]
    if absent:
        wanted = ", ".join(c.name for c in FILES if not c.optional)
        raise NotFound(f"{folder}: no {', no '.join(absent)}; wanted a folder with {wanted}")
    tables: dict[str, pa.Table] = {}
    problems: list[Problem] = []
    for contract in FILES:
        if (folder / contract.name).exists():
            table, found = _read(folder, contract)
            problems += found
            if table is not None:
                tables[contract.name] = table
    return tables, problems


def absent_columns(folder: Path) -> dict[str, frozenset[str]]:
    """Return the columns of the contract that each readable file lacks, by file."""
    there = [c for c in FILES if (folder / c.name).exists()]
    return {
        c.name: frozenset(column.name for column in c.columns) - set(pq.read_schema(folder / c.name).names)
        for c in there
    }


def _read(folder: Path, contract: FileContract) -> tuple[pa.Table | None, list[Problem]]:
    path = folder / contract.name
    try:
        names = pq.read_schema(path).names
        wanted = [c.name for c in contract.columns if c.name in names]
        twice = [name for name, many in Counter(names).items() if many > 1 and name in wanted]
        if twice:
            return None, [
                Problem(contract.name, "there is more than one column of this name", c) for c in twice
            ]
        with pq.ParquetFile(path) as file:
            raw = file.read(columns=wanted)
    except ARROW_ERRORS as exc:
        return None, [Problem(contract.name, f"not a readable Parquet file ({_first_line(exc)})")]
    return _checked(contract, raw)


def _checked(contract: FileContract, raw: pa.Table) -> tuple[pa.Table, list[Problem]]:
    """The columns of the contract and every problem: absent columns, other types, failed checks."""
    problems = _missing(contract, raw.column_names)
    failed = {p.column for p in problems}
    bad: dict[str, pa.Array] = {}
    columns = {}
    for column in contract.columns:
        columns[column.name] = pa.nulls(raw.num_rows, column.type)
        if column.name not in raw.column_names:
            continue
        try:
            done = cast(raw[column.name], column.kind)
        except ARROW_ERRORS as exc:
            problems.append(_other_type(contract.name, column, raw[column.name], exc))
            failed.add(column.name)
            continue
        columns[column.name] = done.values
        if done.is_bad is not None and pc.any(done.is_bad).as_py():
            bad[column.name] = done.is_bad
            reason = _price_hint(column.name, done.reason)
            problems += _some(problem_of(contract.name, column.name, raw[column.name], done.is_bad, reason))
    table = pa.table(columns)
    spelled, found = _spelled(contract, table, failed, bad)
    problems += found
    for check in contract.checks:
        if check.column not in failed:
            is_bad = pc.fill_null(check.is_bad(spelled), False)
            if check.column in bad:
                is_bad = pc.and_(is_bad, pc.invert(bad[check.column]))
            problems += _some(
                problem_of(contract.name, check.column, table[check.column], is_bad, check.reason)
            )
    return spelled, problems


def _missing(contract: FileContract, names: list[str]) -> list[Problem]:
    """One problem for each absent column; the first names the columns that are there."""
    absent = [c.name for c in contract.columns if not c.optional and c.name not in names]
    reasons = [f"is missing; the file has {', '.join(names)}", *["is missing"] * len(absent)]
    return [Problem(contract.name, why, name) for name, why in zip(absent, reasons, strict=False)]


def _other_type(file: str, column: FileColumn, values: pa.ChunkedArray, exc: BaseException) -> Problem:
    detail = f" ({text})" if (text := _first_line(exc)) else ""
    return Problem(file, f"is {values.type}, wanted {column.kind.value}{detail}", column.name)


def _price_hint(column: str, reason: str) -> str:
    return f"{reason}. Prices are American odds, such as -110" if column.endswith("_price") else reason


SPELLINGS = {"player_name": player_lookup, "bookmaker": book_key}


def _spelled(
    contract: FileContract, table: pa.Table, failed: set[str | None], bad: dict[str, pa.Array]
) -> tuple[pa.Table, list[Problem]]:
    """Bookmakers by their key and season types by ours; a name without a letter is a problem."""
    problems: list[Problem] = []
    for column in ("player_name", "bookmaker", "season_type"):
        if column not in table.column_names or column in failed:
            continue
        coded = pc.dictionary_encode(table[column]).combine_chunks()
        words = [_spelling(column, word) for word in coded.dictionary.to_pylist()]
        unknown = pa.array([i for i, w in enumerate(words) if w is None], pa.int32())
        is_bad = pc.is_in(coded.indices, unknown)
        reason = (
            f"wanted one of {', '.join(SEASON_TYPES)}"
            if column == "season_type"
            else "has no letter or digit, wanted a name"
        )
        if len(unknown):
            problems += _some(problem_of(contract.name, column, table[column], is_bad, reason))
            bad[column] = pc.or_(is_bad, bad[column]) if column in bad else is_bad
        if column != "player_name":
            values = pa.array(words, pa.string()).take(coded.indices)
            table = table.set_column(table.column_names.index(column), column, values)
    return table, problems


def _spelling(column: str, word: str) -> str | None:
    if column == "season_type":
        return season_type(word)
    try:
        return SPELLINGS[column](word)
    except ValueError:
        return None


def _some(problem: Problem | None) -> list[Problem]:
    return [] if problem is None else [problem]


def _first_line(exc: BaseException) -> str:
    return next(iter(str(exc).splitlines()), "")
