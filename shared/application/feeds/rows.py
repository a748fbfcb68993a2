"""Rows of a feed as its file states them: teams and players in the source's words, not yet resolved.

A reader gives each table by ``feed_table``: only columns listed here, absent ones where the feed has none.
An absent column leaves stored values unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import pyarrow as pa

from shared.application.feeds.raw_file import RawFile

MICROS = pa.timestamp("us", tz="UTC")


class RowKind(StrEnum):
    """What a row is about; the value is its name in messages."""

    GAMES = "games"
    BOX_SCORES = "box scores"
    QUOTES = "quotes"
    INJURIES = "injury reports"
    PLAYERS = "players"
    PLAYER_IDS = "player ids"


def _columns(names: str, kind: pa.DataType) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), kind)


COLUMNS: dict[RowKind, dict[str, pa.DataType]] = {
    RowKind.GAMES: {
        **_columns("game_id season season_type home_team away_team", pa.string()),
        "game_date": pa.date32(),
        "start_time_utc": MICROS,
        **_columns("home_points away_points", pa.int64()),
    },
    RowKind.BOX_SCORES: {
        **_columns(
            "game_id season season_type player_name team opponent source_player_id dnp_reason", pa.string()
        ),
        "game_date": pa.date32(),
        **_columns(
            "player_id points fgm fga fg3m fg3a ftm fta oreb dreb reb ast stl blk tov pf plus_minus",
            pa.int64(),
        ),
        **_columns("is_home did_play starter", pa.bool_()),
        **_columns("minutes usage_pct off_rating def_rating", pa.float64()),
    },
    RowKind.QUOTES: {
        **_columns("event_id home_team away_team player_name source_player_id player_team", pa.string()),
        **_columns("bookmaker book_type snapshot_precision", pa.string()),
        "game_date": pa.date32(),
        "days_later": pa.int64(),
        **_columns("player_id over_price under_price", pa.int64()),
        "line": pa.float64(),
        "is_main": pa.bool_(),
        "snapshot_time_utc": MICROS,
    },
    RowKind.INJURIES: {
        **_columns("game_id home_team away_team team player_name source_player_id status", pa.string()),
        "player_id": pa.int64(),
        "game_date": pa.date32(),
        "reported_at_utc": MICROS,
    },
    RowKind.PLAYERS: {
        "player_id": pa.int64(),
        **_columns("player_name team", pa.string()),
        **_columns("first_season last_season", pa.int64()),
    },
    RowKind.PLAYER_IDS: {
        "player_id": pa.int64(),
        **_columns("source source_player_id player_name", pa.string()),
    },
}
"""``game_id`` and ``player_id`` are NBA.com's or null. ``source_player_id`` is an id of the feed's own space.

Quotes: ``home_team`` and ``away_team`` may be in either order. ``days_later``: the game is on ``game_date``
or at most so many days after it; 0 or absent where the feed gives the date. ``snapshot_precision``: quote,
requested or date. Players: the years in which the first and the last season began.
"""


def feed_table(kind: RowKind, columns: Mapping[str, Any]) -> pa.Table:
    """Return a table of the declared types; raise ``KeyError`` for a column that is not declared.

    A value is a list, or an Arrow array that can be cast without loss. An array of dictionary-encoded values
    of the declared type stays encoded, so a reader of large files encodes its columns of text.
    """
    types = COLUMNS[kind]
    return pa.table({name: _typed(values, types[name]) for name, values in columns.items()})


def _typed(values: Any, kind: pa.DataType) -> Any:
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        return pa.array(values, kind)
    is_encoded = pa.types.is_dictionary(values.type) and values.type.value_type == kind
    return values if is_encoded or values.type == kind else values.cast(kind)


@dataclass(frozen=True)
class FeedNote:
    """Rows that a reader left out or changed by a rule; ``example`` names the first of them."""

    reason: str
    rows: int
    example: str = ""


@dataclass(frozen=True)
class FeedRows:
    """Tables by kind, each with one or more rows, and notes on what was left out."""

    tables: Mapping[RowKind, pa.Table] = field(default_factory=dict)
    notes: Sequence[FeedNote] = ()


@dataclass(frozen=True)
class Feed:
    """A format of files: ``recognises`` looks at structure alone, ``read`` raises ``FeedError``.

    ``id_space`` names the source of ``source_player_id`` in the aliases of players, for example ``espn``.
    """

    name: str
    title: str
    recognises: Callable[[RawFile], bool]
    read: Callable[[RawFile], FeedRows]
    id_space: str = ""
