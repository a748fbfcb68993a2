"""Resolved rows of all files as the rows of a load: one row for each key, gaps filled from stored rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.raw_file import FeedError
from shared.application.feeds.rows import RowKind
from shared.application.importing.merge import Merged, Part, fill_from_stored, merge_rows, with_ids_of_names
from shared.application.ingestion.file_contracts import (
    GAMES,
    GAMES_FILE,
    INJURY_REPORT,
    LOGS_FILE,
    NEEDED_STATS,
    PLAYER_GAME_LOGS,
    PROP_LINES,
    FileContract,
)
from shared.application.ingestion.problems import Note
from shared.application.ingestion.warehouse_tables import BOX_COLUMNS, OPTIONAL_GAME_COLUMNS
from shared.domain.findings import Severity
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
    """Return one row a game. A feed of another site fills what NBA.com left open and changes nothing.

    So a schedule that was printed before a game was moved does not move it back.
    """
    stored = warehouse.query(statement("stored_games", first=FIRST_DATE, last=LAST_DATE))
    stored = stored.filter(pc.and_(pc.is_null(stored["moved_to"]), pc.is_valid(stored["nba_game_id"])))
    stored = stored.select(_GAME_COLUMNS.values()).rename_columns(list(_GAME_COLUMNS))
    league, others = (
        merge_rows(
            [p for p, f in zip(parts, feeds, strict=True) if f.startswith(NBA) is is_league],
            ("game_id",),
            NAMES[GAMES_FILE],
        )
        for is_league in (True, False)
    )
    rows: list[pa.Table] = []
    if league.rows is not None:
        rows.append(_filled(league.rows, stored, keep_stored=False))
        replaced = pc.is_in(stored["game_id"], value_set=rows[0]["game_id"].combine_chunks())
        stored = pa.concat_tables([stored.filter(pc.invert(replaced)), rows[0]], promote_options="permissive")
    if others.rows is not None:
        filled = _filled(others.rows, stored, keep_stored=True)
        if rows:
            repeated = pc.is_in(rows[0]["game_id"], value_set=filled["game_id"].combine_chunks())
            rows[0] = rows[0].filter(pc.invert(repeated))
        rows.append(filled)
    merged = pa.concat_tables(rows, promote_options="permissive") if rows else None
    return Merged(merged, (*league.problems, *others.problems))


_GAME_COLUMNS = {
    "game_id": "nba_game_id", "season": "season", "season_type": "season_type", "game_date": "game_date",
    "home_team": "home_team_tricode", "away_team": "away_team_tricode",
    **{ours: theirs for theirs, ours in OPTIONAL_GAME_COLUMNS.items() if ours != "lines_source"},
}  # fmt: skip
"""Columns of a file of games and of the warehouse's schedule."""


def _filled(rows: pa.Table, stored: pa.Table, keep_stored: bool) -> pa.Table:
    columns = {c: c for c in _GAME_COLUMNS if c != "game_id"}
    return fill_from_stored(rows, stored, {"game_id": "game_id"}, columns, keep_stored=keep_stored)


def merged_box_scores(parts: Sequence[Part], warehouse: Warehouse) -> Merged:
    """Return one row for each player and game; numbers that no file states come from the stored row."""
    if not parts:
        return Merged(None)
    spans = [date_span(p.rows) for p in parts]
    days = {"first": min(first for first, _ in spans), "last": max(last for _, last in spans)}
    stored = warehouse.query(statement("stored_box_scores", **days))
    stored_names = stored.select(["game_date", "team_abbr", "player_name", "player_id"])
    named = with_ids_of_names(
        parts, stored_names.rename_columns(["game_date", "team", "player_name", "player_id"])
    )
    keyed = [Part(p.file, _with_player_key(p.rows)) for p in named]
    merged = merge_rows(keyed, ("game_date", "team", "player_key"), NAMES[LOGS_FILE])
    assert merged.rows is not None
    rows = merged.rows.drop_columns(["player_key"])
    key = {"game_date": "game_date", "team": "team_abbr", "player_id": "player_id"}
    names = {ours: theirs for theirs, ours in BOX_COLUMNS.items()} | {"player_name": "player_name"}
    played = rows["did_play"]
    filled = fill_from_stored(rows.filter(played), stored.filter(pc.invert(stored["is_dnp"])), key, names)
    others = rows.filter(pc.invert(played))
    complete, notes = _complete(filled, parts)
    return Merged(pa.concat_tables([complete, others], promote_options="permissive"), merged.problems, notes)


def _complete(rows: pa.Table, parts: Sequence[Part]) -> tuple[pa.Table, tuple[Note, ...]]:
    """Leave out rows without a number that their file has no column for and that is not stored."""
    lacking = [c for c in NEEDED_STATS if any(c not in p.rows.column_names for p in parts)]
    absent = [c for c in lacking if c not in rows.column_names]
    rows = reduce(lambda t, c: with_column(t, c, pa.nulls(t.num_rows, pa.int64())), absent, rows)
    incomplete = reduce(pc.or_, (pc.is_null(rows[c]) for c in lacking), pa.repeat(False, rows.num_rows))
    count = pc.sum(incomplete).as_py() or 0
    if not count:
        return rows, ()
    row = pc.index(incomplete, True).as_py()
    example = ", ".join(str(rows[c][row].as_py()) for c in ("player_name", "game_date"))
    reason = f"left out, neither the file nor the warehouse has {', '.join(lacking)}"
    if count == rows.num_rows:
        raise FeedError(parts[0].file, f"{count:,} rows without {', '.join(lacking)} ({example})",
                        "these columns; import box scores of NBA.com first, or with it")  # fmt: skip
    return rows.filter(pc.invert(incomplete)), (
        Note(
            Severity.WARNING, parts[0].file if len(parts) == 1 else NAMES[LOGS_FILE], reason, count, example
        ),
    )


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
