"""Convert rows of the files to rows of the warehouse's tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion.file_contracts import GAMES_FILE, INJURY_FILE, LINES_FILE, LOGS_FILE
from shared.application.ingestion.groups import groups_of
from shared.application.ingestion.schedule import Schedule
from shared.domain.players import names
from shared.domain.players.injury_status import injury_status
from shared.schemas.reference import INJURY_REPORT, NBA_SCHEDULE, PLAYER_GAME_SUMMARY, PLAYER_POINTS_PROPS
from shared.schemas.table import Table

FILE_OF = {
    NBA_SCHEDULE.name: GAMES_FILE,
    PLAYER_GAME_SUMMARY.name: LOGS_FILE,
    PLAYER_POINTS_PROPS.name: LINES_FILE,
    INJURY_REPORT.name: INJURY_FILE,
}
"""The file of each table that a load writes."""

Tables = Sequence[tuple[Table, pa.Table]]
"""Rows by table, in the order of writing."""


def game_ids(day: pa.ChunkedArray, away: pa.ChunkedArray, home: pa.ChunkedArray) -> pa.Array:
    """Return ``YYYYMMDD_AWAY_HOME`` of each row, null where a part is; each game's text is made once."""
    groups = groups_of(pa.table({"day": day, "away": away, "home": home}), ("day", "away", "home"))
    words = [None if None in key else names.game_id(*key) for key in groups.values]
    return pa.array(words, pa.string()).take(groups.indices)


def game_ids_of_logs(rows: pa.Table) -> pa.ChunkedArray:
    home = rows["is_home"]
    at_home = pc.if_else(home, rows["team"], rows["opponent"])
    visiting = pc.if_else(home, rows["opponent"], rows["team"])
    return game_ids(rows["game_date"], visiting, at_home)


def game_ids_of_quotes(rows: pa.Table) -> pa.ChunkedArray:
    return game_ids(rows["game_date"], rows["away_team"], rows["home_team"])


OPTIONAL_GAME_COLUMNS = {
    "game_start_utc": "start_time_utc", "home_team_score": "home_points", "away_team_score": "away_points",
    "source": "lines_source",
}  # fmt: skip


def schedule_rows(rows: pa.Table) -> pa.Table:
    return pa.table(
        {
            "game_id": game_ids(rows["game_date"], rows["away_team"], rows["home_team"]),
            "nba_game_id": rows["game_id"],
            "game_date": rows["game_date"],
            "season": rows["season"],
            "season_type": rows["season_type"],
            "home_team_tricode": rows["home_team"],
            "away_team_tricode": rows["away_team"],
            **{column: rows[source] for column, source in OPTIONAL_GAME_COLUMNS.items()},
        }
    )


BOX_COLUMNS = {
    "minutes_played": "minutes", "points": "points", "fg_makes": "fgm", "fg_attempts": "fga",
    "three_pt_makes": "fg3m", "three_pt_attempts": "fg3a", "ft_makes": "ftm", "ft_attempts": "fta",
    "offensive_rebounds": "oreb", "defensive_rebounds": "dreb", "assists": "ast", "steals": "stl",
    "blocks": "blk", "turnovers": "tov", "personal_fouls": "pf", "plus_minus": "plus_minus",
    "paint_attempts": "paint_fga", "paint_makes": "paint_fgm", "mid_range_attempts": "mid_range_fga",
    "mid_range_makes": "mid_range_fgm", "usage_rate": "usage_pct", "off_rating": "off_rating",
    "def_rating": "def_rating", "birth_date": "birth_date", "source": "source",
    "starter_flag": "starter", "dnp_reason": "dnp_reason",
}  # fmt: skip


def without_absent_columns(rows: pa.Table, absent: Collection[str]) -> pa.Table:
    """Drop the columns of a schedule or of box scores whose column the file lacks.

    A null in a file removes the stored value; an absent column leaves stored values unchanged.
    """
    columns = OPTIONAL_GAME_COLUMNS if "home_team_tricode" in rows.column_names else BOX_COLUMNS
    return rows.drop_columns([c for c in rows.column_names if columns.get(c) in absent])


def box_score_rows(rows: pa.Table) -> pa.Table:
    return pa.table(
        {
            "player_lookup": lookups(rows["player_name"]),
            "player_id": rows["player_id"],
            "player_name": rows["player_name"],
            "game_id": game_ids_of_logs(rows),
            "game_date": rows["game_date"],
            "season": rows["season"],
            "team_abbr": rows["team"],
            "opponent_team_abbr": rows["opponent"],
            "is_home": rows["is_home"],
            "is_dnp": pc.invert(rows["did_play"]),
            **{column: rows[source] for column, source in BOX_COLUMNS.items()},
        }
    )


def quote_rows(rows: pa.Table, team: pa.Array) -> pa.Table:
    """Return the source's quotes without duplicates; ``quote_id`` is a hash of all but the player's team."""
    quotes = pa.table(
        {
            "game_date": rows["game_date"],
            "game_id": game_ids_of_quotes(rows),
            "player_id": rows["player_id"],
            "player_lookup": lookups(rows["player_name"]),
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
    )
    if not quotes.num_rows:
        return quotes.append_column("quote_id", pa.array([], pa.string())).append_column("team_abbr", team)
    digests = pa.array(
        [hashlib.sha256(text.encode()).hexdigest()[:24] for text in _row_texts(quotes).to_pylist()],
        pa.string(),
    )
    quotes = quotes.append_column("quote_id", digests).append_column("team_abbr", team)
    coded = digests.dictionary_encode()
    if len(coded.dictionary) == len(digests):
        return quotes
    _, first = np.unique(coded.indices.to_numpy(), return_index=True)
    return quotes.take(pa.array(np.sort(first)))


def _row_texts(rows: pa.Table) -> pa.Array:
    """Return each row as the text of a tuple, instants as integers: ``quote_id`` is a hash of it.

    The texts of a column are made once for each distinct value. Stored ids depend on every character.
    """
    texts = []
    for name in rows.column_names:
        column = rows[name]
        column = pc.cast(column, pa.int64()) if pa.types.is_timestamp(column.type) else column
        coded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
        texts.append(
            pa.array([repr(v) for v in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)
        )
    inside = pc.binary_join_element_wise(*texts, ", ")
    return pc.binary_join_element_wise("(", inside, ")", "")


def injury_rows(rows: pa.Table, schedule: Schedule) -> pa.Table:
    return pa.table(
        {
            "game_date": rows["game_date"],
            "game_id": _mapped(rows["game_id"], lambda source_id: schedule.by_source[source_id].game_id),
            "player_id": rows["player_id"],
            "player_lookup": lookups(rows["player_name"]),
            "team_abbr": rows["team"],
            "injury_status": _mapped(rows["status"], lambda text: injury_status(text) or ""),
            "reported_at": rows["reported_at_utc"],
        }
    )


def lookups(column: pa.ChunkedArray) -> pa.Array:
    return _mapped(column, names.player_lookup)


def _mapped(column: pa.ChunkedArray, function: Callable[[str], str]) -> pa.Array:
    coded = pc.dictionary_encode(column).combine_chunks()
    values = pa.array([function(v) for v in coded.dictionary.to_pylist()], pa.string())
    return values.take(coded.indices)
