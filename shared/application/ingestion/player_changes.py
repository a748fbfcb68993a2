"""Stored box scores and injury reports that belong to another player than when they were loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.players.aliases import KnownAliases
from shared.ports import Statement, Warehouse
from shared.schemas.reference import INJURY_REPORT, PLAYER_GAME_SUMMARY
from shared.schemas.table import Table
from shared.warehouse.history import date_span
from shared.warehouse.statements import statement

SUFFIX = {PLAYER_GAME_SUMMARY.name: "box_scores", INJURY_REPORT.name: "injury_reports"}
"""End of the names of the statements of each table."""

MAX_CHANGES = 200
"""Changes in one transaction: BigQuery takes at most 10,000 parameters."""

_ROW = ("game_id", "team_abbr", "player_lookup")
"""Columns that identify a player's row by his name, in one game."""


@dataclass(frozen=True)
class PlayerChange:
    """Rows of one spelling that change from player ``old`` to ``new``; ``how``: the source of the new id."""

    lookup: str
    old: int
    new: int
    how: str | None
    games: tuple[str, ...]
    stored: pa.Table


def find_player_changes(
    warehouse: Warehouse, table: Table, rows: pa.Table, aliases: KnownAliases
) -> list[PlayerChange]:
    """Compare rows that are about to be written with those that are stored for the same name and game.

    A stored row gives way if its id was made of the name, or if an alias of this spelling names or has named
    its player. Other ids are a source's: the two rows are two players with one name.
    """
    if rows.num_rows == 0:
        return []
    first, last = date_span(rows)
    named = sorted(map(str, aliases.all_named()))
    query = statement(f"rows_by_name_{SUFFIX[table.name]}", first=first, last=last, players=named)
    stored = warehouse.query(query)
    if stored.num_rows == 0:
        return []
    lookups = stored["player_lookup"].combine_chunks()
    new_players = _players_by_name(rows.filter(pc.is_in(rows["player_lookup"], value_set=lookups)))
    found: dict[tuple[str, int, int, str | None], list[int]] = defaultdict(list)
    for i, (*row, old) in enumerate(zip(*_values(stored, (*_ROW, "player_id")), strict=True)):
        lookup = row[2]
        gives_way = old < 0 or old in aliases.players_named(lookup)
        players = new_players.get(tuple(row), {})
        if gives_way and len(players) == 1 and old not in players:
            ((new, how),) = players.items()
            found[lookup, old, new, how].append(i)
    return [_change(stored.take(pa.array(at)), *key) for key, at in found.items()]


def apply_player_changes(warehouse: Warehouse, table: Table, changes: Sequence[PlayerChange]) -> int:
    """Change the players of stored rows; return the number of changed rows. Repeating it changes nothing.

    A row whose new key another stored row has already is removed. Its version must be stored before.
    """
    changed = 0
    for start in range(0, len(changes), MAX_CHANGES):
        changed += sum(warehouse.transact(_statements(table, changes[start : start + MAX_CHANGES])))
    return changed


def _statements(table: Table, changes: Sequence[PlayerChange]) -> list[Statement]:
    statements: list[Statement] = []
    for c in changes:
        first, last = date_span(c.stored)
        params: dict[str, Any] = {
            "first": first, "last": last, "old": c.old, "new": c.new, "player_lookup": c.lookup,
            "games": list(c.games),
        }  # fmt: skip
        statements.append(statement(f"remove_doubled_{SUFFIX[table.name]}", **params))
        if table is INJURY_REPORT:
            params["how"] = c.how
        statements.append(statement(f"change_player_of_{SUFFIX[table.name]}", **params))
    return statements


def _change(stored: pa.Table, lookup: str, old: int, new: int, how: str | None) -> PlayerChange:
    return PlayerChange(lookup, old, new, how, tuple(sorted(set(stored["game_id"].to_pylist()))), stored)


def _players_by_name(rows: pa.Table) -> dict[tuple[str, ...], dict[int, str | None]]:
    """Return the players that rows have for a name in a game, with how each was found."""
    has_how = "player_id_source" in rows.column_names
    how = rows["player_id_source"].to_pylist() if has_how else [None] * rows.num_rows
    players: dict[tuple[str, ...], dict[int, str | None]] = defaultdict(dict)
    for *row, player, source in zip(*_values(rows, (*_ROW, "player_id")), how, strict=True):
        players[tuple(row)][player] = source
    return players


def _values(rows: pa.Table, names: Sequence[str]) -> list[list[Any]]:
    return [rows[name].to_pylist() for name in names]
