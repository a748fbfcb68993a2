"""Box scores of hoopR and sportsdataverse, with the ids of ESPN."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows, RowKind, feed_table
from shared.application.feeds.text_columns import (
    dates,
    decimal,
    is_word,
    read_table,
    refuse,
    refuse_null,
    text,
    where,
    whole,
    yes,
)

COUNTS = {
    "points": "points", "fgm": "field_goals_made", "fga": "field_goals_attempted",
    "fg3m": "three_point_field_goals_made", "fg3a": "three_point_field_goals_attempted",
    "ftm": "free_throws_made", "fta": "free_throws_attempted", "oreb": "offensive_rebounds",
    "dreb": "defensive_rebounds", "reb": "rebounds", "ast": "assists", "stl": "steals", "blk": "blocks",
    "tov": "turnovers", "pf": "fouls", "plus_minus": "plus_minus",
}  # fmt: skip
_IDENTITY = (
    "game_date", "athlete_id", "athlete_display_name", "team_abbreviation", "opponent_team_abbreviation",
    "home_away", "did_not_play",
)  # fmt: skip
_COLUMNS = (*_IDENTITY, "starter", "minutes", *COUNTS.values())
"""``reason`` and ``active`` are not read: they also stand in rows of players who played."""

ABSENT = "NA"
"""R's word for a missing value."""

NBA = "46"
LEAGUES = {NBA: "the NBA", "59": "the WNBA", "41": "men's college", "54": "women's college"}
"""ESPN's numbers of leagues, the ``l`` of ``team_uid``."""

PAGES = ("team_logo", "athlete_headshot_href")
"""Columns of addresses that hold ``/nba/`` or the name of another league."""

TEAMS = 30
"""ESPN's numbers of NBA teams are 1 to 30; All-Star teams and guests have others."""

PRE_SEASON, REGULAR, POST_SEASON, PLAY_IN = 1, 2, 3, 5
SEASON_TYPES = (PRE_SEASON, REGULAR, POST_SEASON, PLAY_IN)


def _is_player_box(raw: RawFile) -> bool:
    return {"athlete_id", "athlete_display_name", "did_not_play"} <= set(raw.header)


def _read(raw: RawFile) -> FeedRows:
    """Read a table ``player_box``; a season is named by the year in which it ends."""
    proofs = [c for c in ("team_uid", *PAGES) if c in raw.header]
    optional = [c for c in ("season", "season_type", "team_id") if c in raw.header]
    table = read_table(raw, (*_COLUMNS, *proofs, *optional), ABSENT)
    _refuse_other_leagues(raw, table, proofs)
    refuse_null(raw, table, (*_IDENTITY, *optional))
    rest = pc.invert(yes(raw, table, "did_not_play"))
    minutes = decimal(raw, table, "minutes")
    counts = {ours: whole(raw, table, theirs) for ours, theirs in COUNTS.items()}
    rows = feed_table(RowKind.BOX_SCORES, {
        **({"season": _seasons(raw, table)} if "season" in optional else {}),
        "game_date": dates(raw, table, "game_date"),
        "source_player_id": whole(raw, table, "athlete_id").cast(pa.string()),
        "player_name": text(table, "athlete_display_name"), "team": text(table, "team_abbreviation"),
        "opponent": text(table, "opponent_team_abbreviation"),
        "is_home": is_word(raw, table, "home_away", "home", "away"), "starter": yes(raw, table, "starter"),
        "did_play": rest, "minutes": pc.if_else(rest, minutes, 0.0), **where(rest, counts),
    })  # fmt: skip
    return _kept(rows, (
        ("rows of pre-season games, which are not imported",
         _is_pre_season(raw, table) if "season_type" in optional else pa.repeat(False, rows.num_rows)),
        ("rows of All-Star or guest teams, which are not imported", _is_other_team(raw, table)),
        ("rows without minutes or points of players who are not marked as absent",
         pc.and_(rest, pc.or_(pc.is_null(minutes), pc.is_null(counts["points"])))),
    ))  # fmt: skip


def _refuse_other_leagues(raw: RawFile, table: pa.Table, proofs: Sequence[str]) -> None:
    """Refuse a row of another league, or one whose league no column states."""
    expected = f"team_uid with l:{NBA} (the NBA)"
    if not proofs:
        raise FeedError(raw.name, f"no column {', '.join(('team_uid', *PAGES))}, so no league", expected)
    if "team_uid" in proofs:
        parts = pc.extract_regex(text(table, "team_uid"), r"^s:40~l:(?P<league>\d+)~t:\d+$")
        league = pc.fill_null(pc.struct_field(parts, "league"), "")
        other = pc.not_equal(league, NBA)
        if pc.any(other).as_py():
            word = league[pc.index(other, True).as_py()].as_py()
            refuse(raw, table, "team_uid", other, f"{expected}, not {LEAGUES.get(word, 'another league')}")
        return
    is_nba = pa.array([False] * table.num_rows)
    for name in proofs:
        address = pc.fill_null(text(table, name), "")
        league = pc.struct_field(pc.extract_regex(address, r"/(?:teamlogos|headshots)/(?P<l>[^/]+)/"), "l")
        refuse(raw, table, name, pc.not_equal(league, "nba"), "an address of the NBA, with /nba/")
        is_nba = pc.or_(is_nba, pc.is_valid(league))
    refuse(raw, table, proofs[0], pc.invert(is_nba), f"{expected}, or an address with /nba/")


def _is_pre_season(raw: RawFile, table: pa.Table) -> pa.Array:
    kinds = whole(raw, table, "season_type")
    expected = "2 (regular season), 3 (post-season), 5 (play-in) or 1 (pre-season)"
    refuse(raw, table, "season_type", pc.invert(pc.is_in(kinds, pa.array(SEASON_TYPES))), expected)
    return pc.equal(kinds, PRE_SEASON)


def _seasons(raw: RawFile, table: pa.Table) -> list[str]:
    return [f"{year - 1}-{year % 100:02d}" for year in whole(raw, table, "season").to_pylist()]


def _is_other_team(raw: RawFile, table: pa.Table) -> pa.Array:
    """Return whether a team is none of the thirty, by its number in ``team_uid`` or ``team_id``."""
    if "team_uid" in table.column_names:
        parts = pc.extract_regex(text(table, "team_uid"), r"~t:(?P<team>\d+)$")
        number = pc.struct_field(parts, "team").cast(pa.int64())
    elif "team_id" in table.column_names:
        number = whole(raw, table, "team_id")
    else:
        raise FeedError(raw.name, "no column team_uid or team_id", "one of them, to leave out All-Star teams")
    return pc.or_(pc.less(number, 1), pc.greater(number, TEAMS))


def _kept(rows: pa.Table, reasons: Sequence[tuple[str, pa.Array]]) -> FeedRows:
    """Return the rows to which no reason applies; a row counts for the first one that does."""
    keep = pa.array([True] * rows.num_rows)
    notes = []
    for reason, applies in reasons:
        left_out = pc.and_(keep, applies)
        count = pc.sum(left_out).as_py() or 0
        if count:
            row = rows.slice(pc.index(left_out, True).as_py(), 1).to_pylist()[0]
            notes.append(FeedNote(reason, count, f"{row['player_name']}, {row['team']}, {row['game_date']}"))
        keep = pc.and_(keep, pc.invert(applies))
    rows = rows.filter(keep)
    return FeedRows({RowKind.BOX_SCORES: rows} if rows.num_rows else {}, tuple(notes))


FEEDS: tuple[Feed, ...] = (
    Feed("hoopr-box-scores", "player_box of hoopR (CSV or Parquet)", _is_player_box, _read, "espn"),
)
