"""Box scores, game logs and schedules of Basketball-Reference, as its most used scraper writes them in CSV.

Teams are names in capitals. Field goals include three-pointers. The game log of a player does not name the
player, and the box scores of a day do not state the date.
"""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import MICROS, Feed, FeedRows, RowKind, feed_table
from shared.application.feeds.text_columns import (
    counts_of_played,
    dates,
    decimal,
    read_table,
    text,
    whole,
    yes,
)

EASTERN = ZoneInfo("America/New_York")
ID_SPACE = "basketball_reference"

_COUNTS = {
    "fgm": "made_field_goals", "fga": "attempted_field_goals", "fg3m": "made_three_point_field_goals",
    "fg3a": "attempted_three_point_field_goals", "ftm": "made_free_throws", "fta": "attempted_free_throws",
    "oreb": "offensive_rebounds", "dreb": "defensive_rebounds", "ast": "assists", "stl": "steals",
    "blk": "blocks", "tov": "turnovers", "pf": "personal_fouls",
}  # fmt: skip
_SHARED = ("team", "opponent", "location", "seconds_played", *_COUNTS.values())


def _is_log(raw: RawFile) -> bool:
    return {"active", "points_scored", "seconds_played"} <= set(raw.header)


def _read_log(raw: RawFile) -> FeedRows:
    """Read the log of one player's season; the user names the player."""
    if raw.player is None:
        raise FeedError(raw.name, "a game log without a player", "the player's name, by --player")
    table = read_table(raw, ("active", "date", "points_scored", "plus_minus", *_SHARED))
    played = yes(raw, table, "active")
    counts = {"points": whole(raw, table, "points_scored"), "plus_minus": whole(raw, table, "plus_minus")}
    return _box_scores(raw, table, played, counts, {
        "game_date": dates(raw, table, "date"),
        "player_name": pa.repeat(raw.player, table.num_rows),
    })  # fmt: skip


def _is_day(raw: RawFile) -> bool:
    return {"slug", "seconds_played", "made_field_goals"} <= set(raw.header)


def _read_day(raw: RawFile) -> FeedRows:
    """Read the box scores of a day. They have no points: these are 2 FG + 3P + FT."""
    if raw.day is None:
        raise FeedError(raw.name, "no date in the file or its name", "the game date, by --date")
    table = read_table(raw, ("slug", "name", *_SHARED))
    made, threes, free = (whole(raw, table, _COUNTS[c]) for c in ("fgm", "fg3m", "ftm"))
    points = pc.add(pc.add(pc.multiply(made, 2), threes), free)
    played = pc.is_valid(decimal(raw, table, "seconds_played"))
    return _box_scores(raw, table, played, {"points": points}, {
        "game_date": pa.repeat(pa.scalar(raw.day, pa.date32()), table.num_rows),
        "player_name": text(table, "name"), "source_player_id": text(table, "slug"),
    })  # fmt: skip


def _box_scores(
    raw: RawFile,
    table: pa.Table,
    played: pa.Array,
    counts: dict[str, pa.Array],
    identity: dict[str, pa.Array],
) -> FeedRows:
    seconds = decimal(raw, table, "seconds_played")
    counts |= {ours: whole(raw, table, theirs) for ours, theirs in _COUNTS.items()}
    counts["reb"] = pc.add(counts["oreb"], counts["dreb"])
    rows = feed_table(RowKind.BOX_SCORES, {
        **identity, "team": text(table, "team"), "opponent": text(table, "opponent"),
        "is_home": pc.equal(text(table, "location"), "HOME"), "did_play": played,
        "minutes": pc.if_else(played, pc.divide(seconds, 60.0), 0.0), **counts_of_played(played, counts),
    })  # fmt: skip
    return FeedRows({RowKind.BOX_SCORES: rows})


_SCHEDULE = ("start_time", "away_team", "away_team_score", "home_team", "home_team_score")


def _is_schedule(raw: RawFile) -> bool:
    return {"start_time", "away_team_score", "home_team_score"} <= set(raw.header)


def _read_schedule(raw: RawFile) -> FeedRows:
    """Read the schedule of a season: start times are UTC, and no game has an id."""
    table = read_table(raw, _SCHEDULE)
    instants = _instants(raw, table)
    days = [None if t is None else t.astimezone(EASTERN).date() for t in instants.to_pylist()]
    rows = feed_table(RowKind.GAMES, {
        "game_date": days, "start_time_utc": instants, "home_team": text(table, "home_team"),
        "away_team": text(table, "away_team"), "home_points": whole(raw, table, "home_team_score"),
        "away_points": whole(raw, table, "away_team_score"),
    })  # fmt: skip
    return FeedRows({RowKind.GAMES: rows})


def _instants(raw: RawFile, table: pa.Table) -> pa.Array:
    words = text(table, "start_time")
    is_utc = pc.match_substring_regex(words, r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\+00:00|Z)$")
    bad = pc.fill_null(pc.invert(is_utc), True)
    if pc.any(bad).as_py():
        row = pc.index(bad, True).as_py()
        came = f"start_time {table['start_time'][row].as_py()!r}"
        raise FeedError(raw.name, came, "a time in UTC, 2017-10-18 00:01:00+00:00", f"line {row + 2}")
    local = pc.strptime(
        pc.replace_substring(pc.utf8_slice_codeunits(words, 0, 19), "T", " "),
        format="%Y-%m-%d %H:%M:%S", unit="us",
    )  # fmt: skip
    return pc.assume_timezone(local, str(UTC)).cast(MICROS)


FEEDS: tuple[Feed, ...] = (
    Feed(
        "bref-game-log",
        "game log of a player, by the web scraper (CSV); needs --player",
        _is_log,
        _read_log,
        ID_SPACE,
    ),
    Feed("bref-day", "box scores of a day, by the web scraper (CSV)", _is_day, _read_day, ID_SPACE),
    Feed("bref-schedule", "schedule of a season, by the web scraper (CSV)", _is_schedule, _read_schedule),
)
