"""Schedules of the Kaggle data set of box scores, LeagueSchedule24_25 and the like."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.kaggle import game_ids, is_counted, note_of
from shared.application.feeds.raw_file import RawFile
from shared.application.feeds.rows import MICROS, Feed, FeedRows, RowKind, feed_table
from shared.application.feeds.text_columns import by_word, dates, read_table, refuse, refuse_null, text, whole
from shared.domain.instants import EASTERN
from shared.domain.nba_game_ids import kind_of, season_of
from shared.domain.nba_team_ids import TEAM_CODES

LEFT_OUT = "games of the pre-season or the All-Star weekend, which are not imported"
NO_TEAMS = "games whose teams are not known yet"

_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:Z|\+00:00|-0[45]:00)?")


def _teams(raw: RawFile) -> tuple[str, str]:
    """Return the columns of home and away team; their spelling differs between seasons."""
    columns = {name.lower(): name for name in raw.header}
    return columns.get("hometeamid", "homeTeamId"), columns.get("awayteamid", "awayTeamId")


def _is_schedule(raw: RawFile) -> bool:
    columns = {name.lower() for name in raw.header}
    is_of_games = {"gameid", "gamedatetimeest"} <= columns and not {"personid", "homescore"} & columns
    return is_of_games and bool({"hometeamid", "awayteamid"} & columns)


def _read(raw: RawFile) -> FeedRows:
    """Read the games whose teams are known, without results."""
    sides = _teams(raw)
    table = read_table(raw, ("gameId", "gameDateTimeEst", *sides))
    refuse_null(raw, table, table.column_names)
    ids = game_ids(raw, table)
    counted = is_counted(ids)
    unknown = pa.array([False] * table.num_rows)
    codes = []
    for side in sides:
        team_ids = whole(raw, table, side)
        codes.append(pa.array([TEAM_CODES.get(team) for team in team_ids.to_pylist()], pa.string()))
        is_open = pc.equal(team_ids, 0)
        stranger = pc.and_(counted, pc.invert(pc.or_(is_open, pc.is_valid(codes[-1]))))
        refuse(raw, table, side, stranger, "NBA.com's id of a team, 1610612737 to 1610612766, or 0")
        unknown = pc.or_(unknown, is_open)
    starts = _starts(raw, table)
    rows = feed_table(RowKind.GAMES, {
        "game_id": ids, "season": by_word(ids, season_of, pa.string()),
        "season_type": by_word(ids, kind_of, pa.string()), "game_date": dates(raw, table, "gameDateTimeEst"),
        "start_time_utc": starts, "home_team": codes[0], "away_team": codes[1],
    }).filter(pc.and_(counted, pc.invert(unknown)))  # fmt: skip
    notes = (
        *note_of(LEFT_OUT, pc.invert(counted), ids),
        *note_of(NO_TEAMS, pc.and_(counted, unknown), ids),
    )
    return FeedRows({RowKind.GAMES: rows} if rows.num_rows else {}, notes)


def _starts(raw: RawFile, table: pa.Table) -> pa.Array:
    """Return instants of times that are US Eastern, whatever zone is written; null at midnight.

    A time that is not set yet is midnight.
    """
    words = text(table, "gameDateTimeEst")
    is_time = by_word(words, lambda word: _eastern(word) is not None, pa.bool_())
    refuse(raw, table, "gameDateTimeEst", pc.invert(is_time), "a time such as 2025-03-15 20:30:00")
    instants = by_word(words, _eastern, MICROS)
    is_set = by_word(words, lambda word: "00:00:00" not in word, pa.bool_())
    return pc.if_else(is_set, instants, pa.scalar(None, MICROS))


def _eastern(word: str) -> datetime | None:
    """Return the instant of a time on an Eastern clock, None for another text."""
    match = _TIME.fullmatch(word)
    if match is None:
        return None
    try:
        local = datetime.fromisoformat(f"{match[1]}T{match[2]}")
    except ValueError:
        return None
    return local.replace(tzinfo=EASTERN).astimezone(UTC)


FEEDS: tuple[Feed, ...] = (
    Feed("kaggle-schedule", "LeagueSchedule24_25 and the like (CSV)", _is_schedule, _read),
)
