"""Past games, quotes and injury reports, read into the arrays of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.domain.arrays import Bools, Floats, Ints, Strings
from shared.domain.features.compute import LOAD_DAYS
from shared.domain.features.history import STATS, BoxScores, Games, History
from shared.domain.instants import UNKNOWN
from shared.ports import Warehouse
from shared.warehouse.schedule import games_between
from shared.warehouse.statements import statement

_STAT_COLUMNS = dict(
    zip(
        STATS,
        (
            "points", "minutes_played", "fg_attempts", "three_pt_attempts", "three_pt_makes", "ft_attempts",
            "ft_makes", "offensive_rebounds", "turnovers", "paint_attempts", "paint_makes",
            "mid_range_attempts", "mid_range_makes",
        ),
        strict=True,
    )
)  # fmt: skip


@dataclass(frozen=True)
class Past:
    """A history and the player's spelling in each of its rows; ``table``: the games as read."""

    history: History
    lookups: Strings
    table: pa.Table

    def spellings(self, player: Ints, day: Ints, as_of: Ints) -> list[str | None]:
        """Return each player's spelling in the newest row before an instant, None without one."""
        h = self.history
        if not len(self.lookups):
            return [None] * len(player)
        code = h.player_codes(player)
        first = h.players.from_day(code, np.zeros(len(player), np.int64))
        end = h.players.before(code, day, as_of)
        words = self.lookups[np.maximum(end - 1, 0)].tolist()
        return [w if has_row else None for w, has_row in zip(words, (end > first).tolist(), strict=True)]


def read_history(warehouse: Warehouse, first: date, last: date) -> Past:
    """Read the games of ``first`` to ``last`` and all earlier games that their features may use."""
    since = first - timedelta(days=LOAD_DAYS)
    table = games_between(warehouse, since, last)
    games = games_of(table)
    rows = warehouse.query(statement("box_scores_between", first=since, last=last))
    order = np.argsort(games.game_id)
    row_game = strings(rows["game_id"])
    at = np.minimum(np.searchsorted(games.game_id[order], row_game), max(len(order) - 1, 0))
    has_game = (
        games.game_id[order][at] == row_game if len(order) else np.zeros(len(row_game), np.bool_)
    )  # a box score without a game in the schedule has no tip-off, so it has no place in time
    box = BoxScores(
        player=ints(rows["player_id"])[has_game],
        game=(order[at] if len(order) else at)[has_game],
        is_home=bools(rows["is_home"])[has_game],
        birth_day=floats(pc.cast(pc.cast(rows["birth_date"], pa.int32()), pa.int64()))[has_game],
        stats={name: floats(rows[column])[has_game] for name, column in _STAT_COLUMNS.items()},
    )
    history = History(games, box)
    return Past(history, strings(rows["player_lookup"])[has_game][history.order], table)


def by_day(rows: pa.Table) -> dict[date, pa.Table]:
    """Split rows, which are in order of ``game_date``, by date without a copy."""
    return {day: rows.slice(at.start, at.stop - at.start) for day, at in days_of(rows).items()}


def date_span(rows: pa.Table) -> tuple[date, date]:
    """Return the first and the last ``game_date`` of at least one row."""
    ends = pc.min_max(rows["game_date"]).as_py()
    return ends["min"], ends["max"]


def with_column(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """Return the rows with a column replaced in its place, or added as the last one."""
    if name not in rows.column_names:
        return rows.append_column(name, values)
    return rows.set_column(rows.column_names.index(name), name, values)


def days_of(rows: pa.Table) -> dict[date, slice]:
    """Return the slice of each date's rows, which are in order of ``game_date``."""
    days = np.asarray(rows["game_date"].to_numpy())
    starts = np.flatnonzero(days[1:] != days[:-1]) + 1
    ends = [0, *starts.tolist(), len(days)] if len(days) else []
    return {days[a].item(): slice(a, b) for a, b in pairwise(ends)}


def games_of(table: pa.Table) -> Games:
    return Games(
        game_id=strings(table["game_id"]),
        day=day_numbers(table["game_date"]),
        tipoff=micros(table["game_start_utc"]),
        season=np.array([int(s[:4]) for s in table["season"].to_pylist()], dtype=np.int64),
        playoffs=strings(table["season_type"]) == "Playoffs",
        home=strings(table["home_team_tricode"]),
        away=strings(table["away_team_tricode"]),
    )


def strings(column: pa.ChunkedArray) -> Strings:
    coded = pc.dictionary_encode(pc.fill_null(column, "None")).combine_chunks()
    words = np.array(coded.dictionary.to_pylist(), dtype=np.str_)
    return np.asarray(words[coded.indices.to_numpy()])


def ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.to_numpy(), dtype=np.int64)


def day_numbers(column: pa.ChunkedArray) -> Ints:
    """Days since 1970."""
    return ints(pc.cast(pc.cast(column, pa.int32()), pa.int64()))


def bools(column: pa.ChunkedArray) -> Bools:
    """False where null."""
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def floats(column: pa.ChunkedArray | pa.Array) -> Floats:
    """Return (n,) values, NaN where null."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)


def nullable(values: Floats) -> pa.Array:
    """Return the values with null for NaN."""
    return pa.array(values, from_pandas=True)


def padded(column: pa.ChunkedArray, width: int) -> Floats:
    """Return (n, width) numbers of each list, NaN after its last one."""
    lists = column.combine_chunks()
    length = np.asarray(pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False))
    out = np.full((len(lists), width), np.nan)
    out[np.arange(width) < length[:, None]] = floats(pc.list_flatten(lists))
    return out


def micros(column: pa.ChunkedArray) -> Ints:
    """Return microseconds, ``UNKNOWN`` where null."""
    plain = pc.cast(pc.cast(column, pa.timestamp("us", "UTC")), pa.int64())
    return np.asarray(pc.fill_null(plain, UNKNOWN).to_numpy(), dtype=np.int64)
