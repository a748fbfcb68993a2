"""Game logs, box scores and schedules of Basketball-Reference, in the CSV of the usual scraper.

Teams are names in capitals, and field goals include threes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import MICROS, Feed, FeedRows, RowKind, feed_table
from shared.application.feeds.text_columns import (
    by_word,
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
from shared.domain.instants import eastern_date

_COUNTS = {
    "fgm": "made_field_goals", "fga": "attempted_field_goals", "fg3m": "made_three_point_field_goals",
    "fg3a": "attempted_three_point_field_goals", "ftm": "made_free_throws", "fta": "attempted_free_throws",
    "oreb": "offensive_rebounds", "dreb": "defensive_rebounds", "ast": "assists", "stl": "steals",
    "blk": "blocks", "tov": "turnovers", "pf": "personal_fouls",
}  # fmt: skip
_TEAMS = ("team", "location", "opponent")
_BOX = (*_TEAMS, "seconds_played", *_COUNTS.values())
_OF_EACH_PLAYER = ("seconds_played", *_COUNTS.values())


def _is_game_log(raw: RawFile) -> bool:
    return {"date", "seconds_played"} <= set(raw.header) and "slug" not in raw.header


def _read_game_log(raw: RawFile) -> FeedRows:
    """Read the games of one player, whom the file does not name; inactive games have empty cells."""
    if not (raw.player or "").strip():
        raise FeedError(raw.name, "a game log without a player column", "--player NAME")
    optional = tuple(c for c in ("active", "plus_minus") if c in raw.header)
    table = read_table(raw, ("date", "points_scored", *optional, *_BOX))
    refuse_null(raw, table, [c for c in ("date", "active") if c in table.column_names])
    played = yes(raw, table, "active") if "active" in optional else pa.repeat(True, table.num_rows)
    counts = {"points": whole(raw, table, "points_scored"), **_counts(raw, table)}
    if "plus_minus" in optional:
        counts["plus_minus"] = whole(raw, table, "plus_minus")
    refuse_null(raw, table, ("points_scored", *_OF_EACH_PLAYER), played)
    name = " ".join((raw.player or "").split())
    return _box_scores({
        "game_date": dates(raw, table, "date"), "player_name": pa.repeat(name, table.num_rows),
        **_values(raw, table, played, counts),
    })  # fmt: skip


def _is_daily_box(raw: RawFile) -> bool:
    return {"slug", "seconds_played"} <= set(raw.header)


def _read_daily_box(raw: RawFile) -> FeedRows:
    """Read the players of one date, which the file does not state; points follow from the shots."""
    if raw.day is None:
        raise FeedError(raw.name, "box scores without a date column", "--date YYYY-MM-DD")
    table = read_table(raw, ("slug", "name", *_BOX))
    refuse_null(raw, table, ("slug", "name", *_OF_EACH_PLAYER))
    counts = _counts(raw, table)
    threes_and_free_throws = pc.add(counts["fg3m"], counts["ftm"])
    counts["points"] = pc.add(pc.multiply(counts["fgm"], 2), threes_and_free_throws)
    return _box_scores({
        "game_date": pa.repeat(raw.day, table.num_rows), "player_name": text(table, "name"),
        "source_player_id": text(table, "slug"),
        **_values(raw, table, pa.repeat(True, table.num_rows), counts),
    })  # fmt: skip


def _counts(raw: RawFile, table: pa.Table) -> dict[str, pa.Array]:
    counts = {ours: whole(raw, table, theirs) for ours, theirs in _COUNTS.items()}
    return {**counts, "reb": pc.add(counts["oreb"], counts["dreb"])}


def _values(
    raw: RawFile, table: pa.Table, played: pa.Array, counts: Mapping[str, pa.Array]
) -> dict[str, pa.Array]:
    """Return teams, minutes and counts."""
    refuse_null(raw, table, _TEAMS)
    minutes = pc.divide(decimal(raw, table, "seconds_played"), 60.0)
    return {
        "team": text(table, "team"), "opponent": text(table, "opponent"),
        "is_home": is_word(raw, table, "location", "home", "away"), "did_play": played,
        "minutes": pc.if_else(played, minutes, 0.0), **where(played, counts),
    }  # fmt: skip


def _box_scores(columns: Mapping[str, pa.Array]) -> FeedRows:
    return FeedRows({RowKind.BOX_SCORES: feed_table(RowKind.BOX_SCORES, columns)})


def _is_schedule(raw: RawFile) -> bool:
    return {"start_time", "home_team", "away_team"} <= set(raw.header)


def _read_schedule(raw: RawFile) -> FeedRows:
    """Read a season's games. ``start_time`` is UTC: an evening game carries the date of the next day."""
    table = read_table(raw, ("start_time", "away_team", "away_team_score", "home_team", "home_team_score"))
    refuse_null(raw, table, ("start_time", "away_team", "home_team"))
    starts = by_word(text(table, "start_time"), _instant, MICROS)
    refuse(raw, table, "start_time", pc.is_null(starts), "a UTC time such as 2017-10-18 00:01:00+00:00")
    return FeedRows({RowKind.GAMES: feed_table(RowKind.GAMES, {
        "game_date": [eastern_date(start) for start in starts.to_pylist()], "start_time_utc": starts,
        "home_team": text(table, "home_team"), "away_team": text(table, "away_team"),
        "home_points": whole(raw, table, "home_team_score"),
        "away_points": whole(raw, table, "away_team_score"),
    })})  # fmt: skip


def _instant(text_: str) -> datetime | None:
    """Return an instant; None for a text that is no time or states no zone."""
    try:
        start = datetime.fromisoformat(text_)
    except ValueError:
        return None
    return None if start.tzinfo is None else start.astimezone(UTC)


FEEDS: tuple[Feed, ...] = (
    Feed("bref-game-log", "games of one player (CSV), with --player", _is_game_log, _read_game_log),
    Feed(
        "bref-day", "box scores of one date (CSV), with --date", _is_daily_box, _read_daily_box,
        "basketball_reference",
    ),
    Feed("bref-schedule", "games of a season (CSV)", _is_schedule, _read_schedule),
)  # fmt: skip
