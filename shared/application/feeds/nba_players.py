"""Lists of players of NBA.com, and tables of the ids that other sources use."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.nba_tables import columns_of, headers_of, integer, records
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows, RowKind, feed_table

_SETS = ("PlayerIndex", "CommonAllPlayers")
_INDEX = ("PERSON_ID", "PLAYER_FIRST_NAME", "PLAYER_LAST_NAME", "TEAM_ABBREVIATION", "FROM_YEAR", "TO_YEAR")
_ALL = ("PERSON_ID", "DISPLAY_FIRST_LAST", "TEAM_ABBREVIATION", "FROM_YEAR", "TO_YEAR")


def _is_list(raw: RawFile) -> bool:
    columns = headers_of(raw, _SETS)
    return "PERSON_ID" in columns and bool({"PLAYER_LAST_NAME", "DISPLAY_FIRST_LAST"} & columns)


def _read_list(raw: RawFile) -> FeedRows:
    """Read an index of players; ``FROM_YEAR`` and ``TO_YEAR`` are the first and the last season."""
    is_index = "PLAYER_LAST_NAME" in headers_of(raw, _SETS)
    rows: list[dict[str, Any]] = []
    for row in records(raw, _SETS, _INDEX if is_index else _ALL):
        player = integer(row["PERSON_ID"], raw.name, "PERSON_ID")
        place = f"player {player}"
        if player is None:
            raise FeedError(raw.name, "a row without PERSON_ID", "an id in each row")
        name = (
            f"{row['PLAYER_FIRST_NAME'] or ''} {row['PLAYER_LAST_NAME'] or ''}"
            if is_index
            else row["DISPLAY_FIRST_LAST"]
        )
        rows.append({
            "player_id": player, "player_name": " ".join(str(name).split()),
            "team": (row["TEAM_ABBREVIATION"] or "").strip() or None,
            "first_season": integer(row["FROM_YEAR"], raw.name, f"FROM_YEAR of {place}"),
            "last_season": integer(row["TO_YEAR"], raw.name, f"TO_YEAR of {place}"),
        })  # fmt: skip
    if not rows:
        return FeedRows({}, (FeedNote("no player", 0),))
    return FeedRows({RowKind.PLAYERS: feed_table(RowKind.PLAYERS, columns_of(rows))})


_CROSSWALK = ("NBAID", "ESPNID", "BBRefID")
ID_SPACES = {"ESPNID": "espn", "BBRefID": "basketball_reference"}
"""Columns of the crosswalk by the id space that they hold."""


def _is_crosswalk(raw: RawFile) -> bool:
    return {"NBAID", "ESPNID"} <= set(raw.header)


def _read_crosswalk(raw: RawFile) -> FeedRows:
    """Read a table of ids. An id that stands for two players is left out, and counted."""
    raw.need(_CROSSWALK)
    table = raw.csv("windows-1252")
    names = dict(zip(table["NBAID"].to_pylist(), _names(table), strict=True))
    parts = []
    notes = []
    for column, space in ID_SPACES.items():
        rows = zip(table["NBAID"].to_pylist(), table[column].to_pylist(), strict=True)
        pairs = list(dict.fromkeys((nba, _id_text(o)) for nba, o in rows if nba and o and o != ABSENT))
        players, others = (Counter(ids) for ids in zip(*pairs, strict=True))
        kept = [(nba, other) for nba, other in pairs if players[nba] == 1 and others[other] == 1]
        left_out = [pair for pair in pairs if pair not in set(kept)]
        if left_out:
            example = f"{column} {left_out[0][1]}, NBAID {left_out[0][0]}"
            notes.append(FeedNote("rows with an id that stands for two players", len(left_out), example))
        parts.append(feed_table(RowKind.PLAYER_IDS, {
            "player_id": [integer(nba, raw.name, "NBAID") for nba, _ in kept], "source": [space] * len(kept),
            "source_player_id": [other for _, other in kept], "player_name": [names[nba] for nba, _ in kept],
        }))  # fmt: skip
    return FeedRows({RowKind.PLAYER_IDS: pa.concat_tables(parts)}, tuple(notes))


ABSENT = "NA"
"""The crosswalk's word for an id that a source does not have."""


def _names(table: pa.Table) -> list[str | None]:
    column = next((c for c in ("NBAName", "PLAYER_NAME", "Name") if c in table.column_names), None)
    return list(pc.utf8_trim_whitespace(table[column]).to_pylist()) if column else [None] * table.num_rows


def _id_text(value: str) -> str:
    """``2528386.0`` of a column with gaps is the id ``2528386``."""
    return value.removesuffix(".0").strip()


FEEDS: tuple[Feed, ...] = (
    Feed(
        "nba-players", "list of players, playerindex or commonallplayers (JSON or CSV)", _is_list, _read_list
    ),
    Feed(
        "player-ids",
        "ids of players at NBA.com, ESPN and Basketball-Reference (CSV)",
        _is_crosswalk,
        _read_crosswalk,
    ),
)
