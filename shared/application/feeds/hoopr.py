"""Box scores of hoopR and sportsdataverse, with the ids of ESPN.

The same columns are published for the WNBA; the league is in ``team_uid``. ``reason`` is filled for players
who played too, and ``active`` is not whether someone played: only ``did_not_play`` is.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows, RowKind, feed_table
from shared.application.feeds.text_columns import (
    counts_of_played,
    dates,
    decimal,
    read_table,
    text,
    whole,
    yes,
)

NBA_LEAGUE = "l:46"
LEAGUES = {
    "l:46": "NBA",
    "l:59": "WNBA",
    "l:41": "men's college basketball",
    "l:54": "women's college basketball",
}
"""Leagues by the second part of ``team_uid``."""

ID_SPACE = "espn"
_COUNTS = {
    "points": "points", "fgm": "field_goals_made", "fga": "field_goals_attempted",
    "fg3m": "three_point_field_goals_made", "fg3a": "three_point_field_goals_attempted",
    "ftm": "free_throws_made", "fta": "free_throws_attempted", "oreb": "offensive_rebounds",
    "dreb": "defensive_rebounds", "reb": "rebounds", "ast": "assists", "stl": "steals", "blk": "blocks",
    "tov": "turnovers", "pf": "fouls", "plus_minus": "plus_minus",
}  # fmt: skip
_COLUMNS = (
    "game_date", "athlete_id", "athlete_display_name", "minutes", "starter", "did_not_play", "team_uid",
    "team_abbreviation", "opponent_team_abbreviation", "home_away", *_COUNTS.values(),
)  # fmt: skip

ALL_STAR_TEAMS = ("EAST", "WEST", "LEB", "GIA", "DUR", "USA", "WORLD", "CHK", "SHQ", "CAN", "KEN")
"""Codes of teams of the All-Star weekend."""


def _recognises(raw: RawFile) -> bool:
    return {"athlete_id", "athlete_display_name", "did_not_play"} <= set(raw.header)


def _read(raw: RawFile) -> FeedRows:
    table = read_table(raw, _COLUMNS)
    _refuse_other_leagues(raw, table)
    played = pc.invert(yes(raw, table, "did_not_play"))
    minutes = decimal(raw, table, "minutes")
    rows = feed_table(RowKind.BOX_SCORES, {
        "game_date": dates(raw, table, "game_date"),
        "source_player_id": pc.replace_substring_regex(text(table, "athlete_id"), r"\.0$", ""),
        "player_name": text(table, "athlete_display_name"), "team": text(table, "team_abbreviation"),
        "opponent": text(table, "opponent_team_abbreviation"),
        "is_home": pc.equal(text(table, "home_away"), "home"), "did_play": played,
        "starter": pc.and_(pc.fill_null(yes(raw, table, "starter"), False), played),
        "minutes": pc.if_else(played, minutes, 0.0),
        **counts_of_played(played, {ours: whole(raw, table, theirs) for ours, theirs in _COUNTS.items()}),
    })  # fmt: skip
    is_star = pc.or_(*(pc.is_in(rows[c], pa.array(ALL_STAR_TEAMS)) for c in ("team", "opponent")))
    count = pc.sum(is_star).as_py() or 0
    notes = (FeedNote("rows of the All-Star weekend, which are not imported", count),) if count else ()
    rows = rows.filter(pc.invert(is_star))
    return FeedRows({RowKind.BOX_SCORES: rows} if rows.num_rows else {}, notes)


def _refuse_other_leagues(raw: RawFile, table: pa.Table) -> None:
    uids = [uid or "" for uid in pc.unique(text(table, "team_uid")).to_pylist()]
    for uid in uids:
        league = next((part for part in uid.split("~") if part.startswith("l:")), uid)
        if league != NBA_LEAGUE:
            raise FeedError(
                raw.name, f"team_uid {uid!r}, {LEAGUES.get(league, 'another league')}", "l:46 (NBA)"
            )


FEEDS: tuple[Feed, ...] = (
    Feed(
        "hoopr-box-scores",
        "player_box of hoopR or sportsdataverse (CSV or Parquet)",
        _recognises,
        _read,
        ID_SPACE,
    ),
)
