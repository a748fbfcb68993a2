"""Load a folder of Parquet files: all of it is checked before any of it is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shared.application.ingestion.file_contracts import FILES, FileContract
from shared.application.ingestion.history import RowHistory
from shared.application.ingestion.moved_games import (
    MovedGame,
    apply_schedule_changes,
    find_schedule_changes,
)
from shared.domain import names
from shared.domain.injury_status import injury_status
from shared.errors import NotFound, Rejected
from shared.ports import Clock, Warehouse
from shared.schemas.reference import INJURY_REPORT, NBA_SCHEDULE, PLAYER_GAME_SUMMARY, PLAYER_POINTS_PROPS
from shared.schemas.table import Table
from shared.warehouse.schedule import refresh_game_status

Progress = Callable[[str, int, int], None]
"""Told a step's name, rows done and rows in all."""

CHUNK = 50_000


@dataclass(frozen=True)
class Loaded:
    """Rows read and rows that were new or changed, by table.

    ``moved``: games that stand on another date now. ``replaced``: rows whose earlier version was kept.
    """

    read: dict[str, int]
    changed: dict[str, int]
    moved: tuple[MovedGame, ...] = ()
    replaced: int = 0


class LoadFolder:
    """Adds the files of a folder to the warehouse; loading the same folder again changes nothing."""

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse = warehouse
        self._clock = clock

    def __call__(self, folder: Path, progress: Progress = lambda *_: None) -> Loaded:
        """Raises ``NotFound`` for a folder without the files, ``Rejected`` for the first bad value."""
        files = {c.name: _read(folder, c) for c in FILES if (folder / c.name).exists() or not c.optional}
        tables: list[tuple[Table, pa.Table]] = [
            (NBA_SCHEDULE, _schedule(files["games.parquet"])),
            (PLAYER_GAME_SUMMARY, _box_scores(files["player_game_logs.parquet"])),
            (PLAYER_POINTS_PROPS, _quotes(files["prop_lines.parquet"])),
        ]
        if "injury_report.parquet" in files:
            tables.append((INJURY_REPORT, _injuries(files["injury_report.parquet"], tables[0][1])))
        places = find_schedule_changes(self._warehouse, tables[0][1])
        history = RowHistory(self._warehouse, self._clock.now())
        changed = {}
        for table, rows in tables:
            changed[table.name] = history.withdraw_quotes(rows) if table is PLAYER_POINTS_PROPS else 0
            for chunk, done in _chunks(rows):
                changed[table.name] += history.write(table, chunk)
                progress(table.name, done, rows.num_rows)
        apply_schedule_changes(self._warehouse, places, self._clock.now())
        refresh_game_status(self._warehouse, self._clock.now())
        return Loaded({t.name: r.num_rows for t, r in tables}, changed, places.moved, history.kept)


def _chunks(rows: pa.Table) -> Iterator[tuple[pa.Table, int]]:
    for at in range(0, rows.num_rows, CHUNK):
        chunk = rows.slice(at, CHUNK)
        yield chunk, at + chunk.num_rows


def _read(folder: Path, contract: FileContract) -> pa.Table:
    path = folder / contract.name
    if not path.exists():
        wanted = ", ".join(c.name for c in FILES if not c.optional)
        raise NotFound(f"{folder}: no {contract.name}; wanted a folder with {wanted}")
    try:
        rows = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as exc:
        raise Rejected(f"{path}: not a readable Parquet file ({exc})") from exc
    columns = {}
    for column in contract.columns:
        if column.name not in rows.column_names:
            if column.optional:
                columns[column.name] = pa.nulls(rows.num_rows, column.type)
                continue
            raise Rejected(f"{path}: column {column.name} is missing; it has {', '.join(rows.column_names)}")
        values = rows[column.name].combine_chunks()
        try:
            columns[column.name] = values.cast(column.type)
        except pa.ArrowInvalid as exc:
            raise Rejected(
                f"{path}: column {column.name}: is {values.type}, wanted {column.type} ({exc})"
            ) from exc
    checked = pa.table(columns)
    for check in contract.checks:
        bad = pc.fill_null(check.is_bad(checked), check.null_is_bad)
        if pc.any(bad).as_py():
            row = pc.index(bad, True).as_py()
            value = checked[check.column][row].as_py()
            raise Rejected(f"{path}: row {row}, column {check.column}, value {value!r}: {check.reason}")
    return checked


def _schedule(rows: pa.Table) -> pa.Table:
    home, away = rows["home_points"], rows["away_points"]
    return pa.table(
        {
            "game_id": _game_ids(rows["game_date"], rows["away_team"], rows["home_team"]),
            "nba_game_id": rows["game_id"],
            "game_date": rows["game_date"],
            "season": rows["season"],
            "season_type": rows["season_type"],
            "game_start_utc": rows["start_time_utc"],
            "home_team_tricode": rows["home_team"],
            "away_team_tricode": rows["away_team"],
            "home_team_score": home,
            "away_team_score": away,
            "source": rows["lines_source"],
        }
    )


_BOX_COLUMNS = {
    "minutes_played": "minutes", "points": "points", "fg_makes": "fgm", "fg_attempts": "fga",
    "three_pt_makes": "fg3m", "three_pt_attempts": "fg3a", "ft_makes": "ftm", "ft_attempts": "fta",
    "offensive_rebounds": "oreb", "defensive_rebounds": "dreb", "assists": "ast", "steals": "stl",
    "blocks": "blk", "turnovers": "tov", "personal_fouls": "pf", "plus_minus": "plus_minus",
    "paint_attempts": "paint_fga", "paint_makes": "paint_fgm", "mid_range_attempts": "mid_range_fga",
    "mid_range_makes": "mid_range_fgm", "usage_rate": "usage_pct", "off_rating": "off_rating",
    "def_rating": "def_rating", "birth_date": "birth_date", "source": "source",
    "starter_flag": "starter", "dnp_reason": "dnp_reason",
}  # fmt: skip


def _box_scores(rows: pa.Table) -> pa.Table:
    home = rows["is_home"]
    at_home = pc.if_else(home, rows["team"], rows["opponent"])
    visiting = pc.if_else(home, rows["opponent"], rows["team"])
    return pa.table(
        {
            "player_lookup": _lookups(rows["player_name"]),
            "player_id": rows["player_id"],
            "player_name": rows["player_name"],
            "game_id": _game_ids(rows["game_date"], visiting, at_home),
            "game_date": rows["game_date"],
            "season": rows["season"],
            "team_abbr": rows["team"],
            "opponent_team_abbr": rows["opponent"],
            "is_home": home,
            "is_dnp": pc.invert(rows["did_play"]),
            **{ours: rows[theirs] for ours, theirs in _BOX_COLUMNS.items()},
        }
    )


def _quotes(rows: pa.Table) -> pa.Table:
    lookups = _lookups(rows["player_name"])
    games = _game_ids(rows["game_date"], rows["away_team"], rows["home_team"])
    main = {
        "game_date": rows["game_date"],
        "game_id": games,
        "player_id": rows["player_id"],
        "player_lookup": lookups,
        "bookmaker": rows["bookmaker"],
        "book_type": rows["book_type"],
        "points_line": rows["line"],
        "over_price": rows["over_price"],
        "under_price": rows["under_price"],
        "is_main": rows["is_main"],
        "captured_at": rows["snapshot_time_utc"],
        "captured_precision": rows["snapshot_precision"],
        "source": rows["source"],
    }
    quotes = pa.table(main)
    ids = [hashlib.sha256(repr(r).encode()).hexdigest()[:24] for r in _tuples(quotes)]
    first = np.sort(np.unique(np.array(ids), return_index=True)[1])
    described = quotes.append_column("team_abbr", rows["team"])  # says who is quoted, makes no other quote
    return described.append_column("quote_id", pa.array(ids)).take(pa.array(first))


def _tuples(rows: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Rows as plain values; instants as integers, which read faster and never depend on a zone."""
    plain = [
        pc.cast(c, pa.int64()) if pa.types.is_timestamp(c.type) else c
        for c in (rows[name] for name in rows.column_names)
    ]
    return zip(*(c.to_pylist() for c in plain), strict=True)


def _injuries(rows: pa.Table, schedule: pa.Table) -> pa.Table:
    ours = dict(zip(schedule["nba_game_id"].to_pylist(), schedule["game_id"].to_pylist(), strict=True))
    unknown = sorted({g for g in rows["game_id"].to_pylist() if g not in ours})
    if unknown:
        raise Rejected(f"injury_report.parquet: game_id {unknown[0]} is not in games.parquet")
    return pa.table(
        {
            "game_date": rows["game_date"],
            "game_id": _map(rows["game_id"], ours.__getitem__),
            "player_id": rows["player_id"],
            "player_lookup": _lookups(rows["player_name"]),
            "team_abbr": rows["team"],
            "injury_status": _map(rows["status"], lambda text: injury_status(text) or ""),
            "reported_at": rows["reported_at_utc"],
        }
    )


def _lookups(column: pa.ChunkedArray) -> pa.Array:
    return _map(column, names.player_lookup)


def _map(column: pa.ChunkedArray, function: Callable[[str], str]) -> pa.Array:
    coded = pc.dictionary_encode(column).combine_chunks()
    values = pa.array([function(v) for v in coded.dictionary.to_pylist()], pa.string())
    return values.take(coded.indices)


def _game_ids(day: pa.ChunkedArray, away: pa.ChunkedArray, home: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(pc.strftime(day, format="%Y%m%d"), away, home, "_")
