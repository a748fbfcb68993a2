"""One row for each game or player-game of several files, and of the stored rows where the files are silent.

A feed that does not state a value never takes a stored one back. Two files that state different values are
refused with both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion.problems import Note, Problem, format_value
from shared.domain.players.names import player_lookup

MINUTES_TOLERANCE = 1.0
"""Minutes of one player in two files may differ by less: some sources round to whole minutes."""

OWN_VALUES = frozenset(
    {"source", "player_name", "start_time_utc", "dnp_reason", "usage_pct", "off_rating", "def_rating"}
)
"""Columns in which sources differ without a mistake; the first file's value counts."""


@dataclass(frozen=True)
class Part:
    """Rows of one file."""

    file: str
    rows: pa.Table


@dataclass(frozen=True)
class Merged:
    """One row for each key, in the order of first appearance, and the contradictions."""

    rows: pa.Table | None
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def merge_rows(parts: Sequence[Part], key: tuple[str, ...], label: str) -> Merged:
    """Combine the rows of one kind; the values of an earlier part go before those of a later one.

    Parts of disjoint keys stay as they are. ``label`` names the rows in a problem.
    """
    if not parts:
        return Merged(None)
    whole = pa.concat_tables([p.rows for p in parts], promote_options="permissive").unify_dictionaries()
    if len(parts) == 1:
        return Merged(whole)
    file_of_row = [p.file for p in parts for _ in range(p.rows.num_rows)]
    keys = list(zip(*(whole[c].to_pylist() for c in key), strict=True))
    first: dict[tuple[Any, ...], int] = {}
    later = [i for i, k in enumerate(keys) if first.setdefault(k, i) != i]
    if not later:
        return Merged(whole)
    wanted = {keys[i] for i in later}
    rows = dict(_rows_at(whole, [i for i, k in enumerate(keys) if k in wanted]))
    problems: list[Problem] = []
    for i in later:
        kept = first[keys[i]]
        problems += _combine(rows[kept], rows[i], (file_of_row[kept], file_of_row[i]), key, label)
    combined = pa.Table.from_pylist([rows[first[k]] for k in wanted], whole.schema)
    alone = whole.take(pa.array([i for i, k in enumerate(keys) if k not in wanted], pa.int64()))
    return Merged(pa.concat_tables([alone, combined]), tuple(problems))


def _rows_at(table: pa.Table, rows: Sequence[int]) -> list[tuple[int, dict[str, Any]]]:
    return list(zip(rows, table.take(pa.array(rows, pa.int64())).to_pylist(), strict=True))


def _combine(
    kept: dict[str, Any], other: dict[str, Any], files: tuple[str, str], key: tuple[str, ...], label: str
) -> list[Problem]:
    """Fill the nulls of ``kept`` from ``other``; return the values that contradict each other."""
    problems = []
    for column, value in other.items():
        if kept[column] is None or value is None:
            kept[column] = value if kept[column] is None else kept[column]
        elif column == "minutes" and abs(kept[column] - value) < MINUTES_TOLERANCE:
            kept[column] = value if kept[column] == int(kept[column]) else kept[column]
        elif value != kept[column] and column not in OWN_VALUES:
            name = kept.get("player_name") or ""
            where = " ".join(str(kept[k]) for k in key if kept[k] is not None)
            reason = f"{format_value(kept[column])} in {files[0]}, {format_value(value)} in {files[1]}"
            problems.append(Problem(label, f"{name} {where}: {reason}, expected one value".strip(), column))
    return problems


def with_ids_of_names(parts: Sequence[Part], stored: pa.Table) -> list[Part]:
    """Give box scores without a player id that of the same date, team and name.

    The id comes from another part, else from ``stored``, rows with the columns that identify.
    """
    ids: dict[tuple[date, str, str], int] = {}
    for rows in (stored, *(p.rows for p in parts)):
        for day, team, name, player in _identities(rows):
            if player is not None and player > 0 and name is not None:
                ids[day, team, player_lookup(name)] = player
    with_ids = []
    for part in parts:
        found = [
            ids.get((day, team, player_lookup(name))) if player is None and name is not None else player
            for day, team, name, player in _identities(part.rows)
        ]
        columns = {c: part.rows[c] for c in part.rows.column_names} | {
            "player_id": pa.array(found, pa.int64())
        }
        with_ids.append(Part(part.file, pa.table(columns)))
    return with_ids


def _identities(rows: pa.Table) -> list[tuple[date, str, str | None, int | None]]:
    columns = ("game_date", "team", "player_name", "player_id")
    nulls = [None] * rows.num_rows
    return list(
        zip(*(rows[c].to_pylist() if c in rows.column_names else nulls for c in columns), strict=True)
    )


def fill_from_stored(
    rows: pa.Table,
    stored: pa.Table,
    key: Mapping[str, str],
    columns: Mapping[str, str],
    *,
    keep_stored: bool = False,
) -> pa.Table:
    """Return ``rows`` with nulls and absent columns filled from the stored row of the same key.

    ``key`` and ``columns`` map a column of ``rows`` to its name in the warehouse. ``keep_stored``: a stored
    value also goes before a different one of ``rows``.
    """
    by_key = {k: i for i, k in enumerate(zip(*(stored[c].to_pylist() for c in key.values()), strict=True))}
    at = [by_key.get(k) for k in zip(*(rows[c].to_pylist() for c in key), strict=True)]
    if all(i is None for i in at):
        return rows
    taken = stored.take(pa.array(at, pa.int64()))
    filled = {c: rows[c] for c in rows.column_names}
    for column, stored_column in columns.items():
        values = taken[stored_column]
        if column in filled:
            values = values.cast(filled[column].type)
            both = (values, filled[column]) if keep_stored else (filled[column], values)
            values = pc.coalesce(*both)
        filled[column] = values
    return pa.table(filled)
