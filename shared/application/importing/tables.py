"""Resolved rows of all files as the rows of a load: one row for each key, gaps filled from stored rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.rows import RowKind
from shared.application.importing.merge import Merged, Part, fill_from_stored, merge_rows, with_ids_of_names
from shared.application.ingestion.file_contracts import (
    GAMES,
    GAMES_FILE,
    INJURY_REPORT,
    LOGS_FILE,
    PLAYER_GAME_LOGS,
    PROP_LINES,
    FileContract,
)
from shared.application.ingestion.warehouse_tables import BOX_COLUMNS, OPTIONAL_GAME_COLUMNS
from shared.domain.players.names import player_lookup
from shared.ports import Warehouse
from shared.warehouse.history import date_span, with_column
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from shared.warehouse.statements import statement

CONTRACTS: Mapping[RowKind, FileContract] = {
    RowKind.GAMES: GAMES,
    RowKind.BOX_SCORES: PLAYER_GAME_LOGS,
    RowKind.QUOTES: PROP_LINES,
    RowKind.INJURIES: INJURY_REPORT,
}
"""The file of a load whose columns the rows of each kind have."""

NAMES = {contract.name: kind.value for kind, contract in CONTRACTS.items()}
"""How a message calls the rows that a load keeps under the name of a file."""

NBA = "nba-"
"""Start of the names of NBA.com's feeds; only these change a stored game."""


FileOfRow = Callable[[int], str | None]


def empty_rows(contract: FileContract) -> pa.Table:
    """Return a table of a contract's columns without rows."""
    return pa.table({c.name: pa.array([], c.type) for c in contract.columns})


def merged_games(parts: Sequence[Part], feeds: Sequence[str], warehouse: Warehouse) -> Merged:
    """Return one row a game. A feed of another site fills what NBA.com left open and changes nothing."""
    merged = merge_rows(parts, ("game_id",), NAMES[GAMES_FILE])
    if merged.rows is None:
        return merged
    stored = warehouse.query(statement("stored_games", first=FIRST_DATE, last=LAST_DATE))
    stored = stored.filter(pc.and_(pc.is_null(stored["moved_to"]), pc.is_valid(stored["nba_game_id"])))
    columns = {"season": "season", "season_type": "season_type", "game_date": "game_date"}
    optional = {ours: theirs for theirs, ours in OPTIONAL_GAME_COLUMNS.items() if ours != "lines_source"}
    from_elsewhere = not any(feed.startswith(NBA) for feed in feeds)
    rows = fill_from_stored(
        merged.rows, stored, {"game_id": "nba_game_id"}, columns | optional, keep_stored=from_elsewhere
    )
    return Merged(rows, merged.problems)


def merged_box_scores(parts: Sequence[Part], warehouse: Warehouse) -> Merged:
    """Return one row for each player and game; numbers that no file states come from the stored row."""
    named = [Part(p.file, _with_player_key(p.rows)) for p in with_ids_of_names(parts)]
    merged = merge_rows(named, ("game_date", "team", "player_key"), NAMES[LOGS_FILE])
    if merged.rows is None or merged.rows.num_rows == 0:
        return merged
    rows = merged.rows.drop_columns(["player_key"])
    first, last = date_span(rows)
    stored = warehouse.query(statement("stored_box_scores", first=first, last=last))
    key = {"game_date": "game_date", "team": "team_abbr", "player_id": "player_id"}
    names = {ours: theirs for theirs, ours in BOX_COLUMNS.items()} | {"player_name": "player_name"}
    if "player_id" in rows.column_names:
        played = rows["did_play"]
        filled = fill_from_stored(rows.filter(played), stored.filter(pc.invert(stored["is_dnp"])), key, names)
        others = rows.filter(pc.invert(played))
        rows = pa.concat_tables([filled, others], promote_options="permissive")
    return Merged(rows, merged.problems)


def _with_player_key(rows: pa.Table) -> pa.Table:
    """Add the text that names a player within one team and game: the id, else the name's key."""
    ids = rows["player_id"].to_pylist()
    names = rows["player_name"].to_pylist() if "player_name" in rows.column_names else [None] * rows.num_rows
    keys = [
        str(i) if i is not None else player_lookup(name) if name is not None else None
        for i, name in zip(ids, names, strict=True)
    ]
    return with_column(rows, "player_key", pa.array(keys, pa.string()))


def absent_columns(rows: pa.Table, contract: FileContract) -> frozenset[str]:
    return frozenset(c.name for c in contract.columns) - set(rows.column_names)


def file_of_row(parts: Sequence[Part], rows: pa.Table) -> FileOfRow:
    """Return the file of a row where ``rows`` are those of ``parts`` one after the other, otherwise None."""
    ends = np.cumsum([p.rows.num_rows for p in parts])
    if not len(ends) or ends[-1] != rows.num_rows:
        return lambda _: parts[0].file if len(parts) == 1 else None
    return lambda row: parts[int(np.searchsorted(ends, row, side="right"))].file
