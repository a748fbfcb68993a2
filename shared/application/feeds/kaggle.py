"""Box scores and players of popular Kaggle data sets.

``PlayerStatistics`` and the set that is grouped from it write minutes and seconds as a decimal, in older rows
whole minutes. The daily set has true decimals. The same digits mean different times, so each feed has its
rule, and a file that contradicts it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows, RowKind, feed_table
from shared.application.feeds.text_columns import (
    by_word,
    dates,
    decimal,
    joined,
    read_table,
    refuse,
    refuse_null,
    text,
    where,
    whole,
    yes,
)
from shared.domain.nba_game_ids import kind_of, parse_game_id, season_of
from shared.domain.season_types import COUNTED
from shared.domain.written_minutes import Notation, is_clock, minutes_of_clock, notation_of

_COUNTS = {
    "points": "points", "fgm": "fieldGoalsMade", "fga": "fieldGoalsAttempted", "fg3m": "threePointersMade",
    "fg3a": "threePointersAttempted", "ftm": "freeThrowsMade", "fta": "freeThrowsAttempted",
    "oreb": "reboundsOffensive", "dreb": "reboundsDefensive", "reb": "reboundsTotal", "ast": "assists",
    "stl": "steals", "blk": "blocks", "tov": "turnovers", "pf": "foulsPersonal",
    "plus_minus": "plusMinusPoints",
}  # fmt: skip
_IDENTITY = (
    "personId", "gameId", "gameDateTimeEst", "playerteamName", "opponentteamName", "home",
)  # fmt: skip
_NAMES = ("firstName", "lastName", "playerteamCity", "opponentteamCity")

LEFT_OUT = "rows of pre-season or All-Star games, which are not imported"
UNKNOWN_MINUTES = "rows with points but without minutes"
NO_APPEARANCE = "rows of 0 minutes without any count, read as players who did not play"


def game_ids(raw: RawFile, table: pa.Table) -> pa.Array:
    """Return ids of ten digits; the sets write them as numbers, without the leading zeros."""
    refuse_null(raw, table, ("gameId",))

    def parsed(word: str) -> str:
        try:
            return parse_game_id(word.removesuffix(".0"))
        except ValueError as exc:
            came, _, expected = str(exc).rpartition(", expected ")
            raise FeedError(raw.name, came, expected) from exc

    return by_word(text(table, "gameId"), parsed, pa.string())


def is_counted(ids: pa.Array) -> pa.Array:
    """Return whether each game is imported."""
    return by_word(ids, lambda game_id: kind_of(game_id) in COUNTED, pa.bool_())


def note_of(reason: str, rows: pa.Array, examples: pa.Array) -> tuple[FeedNote, ...]:
    """Return a note on the rows that are true, with the value of the first; none without such rows."""
    count = pc.sum(rows).as_py() or 0
    return (FeedNote(reason, count, str(examples[pc.index(rows, True).as_py()])),) if count else ()


def _is_statistics(raw: RawFile) -> bool:
    return {"personId", "gameId", "numMinutes"} <= set(raw.header)


def _read_statistics(raw: RawFile) -> FeedRows:
    """Read PlayerStatistics: the id alone gives season and kind of a game, whatever ``gameType`` says.

    ``gameDateTimeEst`` is hours off in some seasons: only its date is used.
    """
    comment = ("comment",) if "comment" in raw.header else ()
    table = read_table(raw, (*_IDENTITY, *_NAMES, "numMinutes", *_COUNTS.values(), *comment))
    refuse_null(raw, table, _IDENTITY)
    ids = game_ids(raw, table)
    counts = {ours: whole(raw, table, theirs) for ours, theirs in _COUNTS.items()}
    minutes = _clock_minutes(raw, table, "numMinutes")
    reasons = text(table, "comment") if comment else pa.nulls(table.num_rows, pa.string())
    names = joined(text(table, "firstName"), text(table, "lastName"))
    refuse(raw, table, "lastName", pc.is_null(names), "a name")
    played, notes, keep = _appearances(minutes, counts, reasons, is_counted(ids), ids)
    rows = feed_table(RowKind.BOX_SCORES, {
        "game_id": ids, "season": by_word(ids, season_of, pa.string()),
        "season_type": by_word(ids, kind_of, pa.string()), "game_date": dates(raw, table, "gameDateTimeEst"),
        "player_id": whole(raw, table, "personId"), "player_name": names,
        "team": joined(text(table, "playerteamCity"), text(table, "playerteamName")),
        "opponent": joined(text(table, "opponentteamCity"), text(table, "opponentteamName")),
        "is_home": yes(raw, table, "home"), "did_play": played,
        "minutes": pc.if_else(played, minutes, 0.0), **where(played, counts),
        **({"dnp_reason": pc.if_else(played, pa.scalar(None, pa.string()), reasons)} if comment else {}),
    }).filter(keep)  # fmt: skip
    return FeedRows({RowKind.BOX_SCORES: rows} if rows.num_rows else {}, notes)


def _appearances(
    minutes: pa.Array, counts: Mapping[str, pa.Array], reasons: pa.Array, counted: pa.Array, ids: pa.Array
) -> tuple[pa.Array, tuple[FeedNote, ...], pa.Array]:
    """Return who played, notes, and the rows to keep.

    A player with 0 whole minutes and any count was on the floor; without one, nothing shows it. Points
    without minutes are of a time when nobody wrote them down.
    """
    has_count = pa.array(np.zeros(len(minutes), np.bool_))
    for values in counts.values():
        has_count = pc.or_(has_count, pc.fill_null(pc.not_equal(values, 0), False))
    absent = pc.fill_null(pc.match_substring_regex(reasons, r"^(DNP|DND|NWT)\b"), False)
    has_minutes = pc.fill_null(pc.greater(minutes, 0.0), False)
    played = pc.and_(pc.or_(has_minutes, has_count), pc.invert(absent))
    unknown = pc.and_(pc.and_(played, pc.is_null(minutes)), counted)
    idle = pc.and_(
        pc.and_(pc.equal(pc.fill_null(minutes, -1.0), 0.0), pc.invert(pc.or_(has_count, absent))), counted
    )
    notes = (
        *note_of(LEFT_OUT, pc.invert(counted), ids),
        *note_of(UNKNOWN_MINUTES, unknown, ids),
        *note_of(NO_APPEARANCE, idle, ids),
    )
    return played, notes, pc.and_(counted, pc.invert(unknown))


def _clock_minutes(raw: RawFile, table: pa.Table, name: str) -> pa.Array:
    """Return minutes of minutes and seconds or whole minutes; refuse a value that is neither."""
    written = decimal(raw, table, name)
    values = np.asarray(written.to_numpy(zero_copy_only=False), np.float64)
    expected = "minutes and seconds as a decimal, 33.09 for 33:09, so no fraction above .60"
    refuse(raw, table, name, pa.array(~is_clock(values)), expected)
    return pa.array(minutes_of_clock(values), pa.float64(), from_pandas=True)


_GROUPED_COUNTS = {
    "points": "PTS", "fgm": "FG", "fga": "FGA", "fg3m": "3PM", "fg3a": "3PA", "ftm": "FTM", "fta": "FTA",
    "reb": "TRB", "ast": "AST", "stl": "STL", "blk": "BLK", "tov": "TOV",
}  # fmt: skip
_GROUPED = ("firstName", "gameDate", "playerteamName", "opponentteamName", "home", "MP")


def _is_regrouped(raw: RawFile) -> bool:
    return {"playerteamName", "MP"} <= set(raw.header)


def _read_regrouped(raw: RawFile) -> FeedRows:
    """Read the grouped set: ``firstName`` is the whole name, teams are nicknames, there are no ids."""
    table = read_table(raw, (*_GROUPED, *_GROUPED_COUNTS.values()))
    refuse_null(raw, table, (*_GROUPED, *_GROUPED_COUNTS.values()))
    names = text(table, "firstName")
    counts = {ours: whole(raw, table, theirs) for ours, theirs in _GROUPED_COUNTS.items()}
    minutes = _clock_minutes(raw, table, "MP")
    everyone = pa.repeat(True, table.num_rows)
    played, notes, keep = _appearances(
        minutes, counts, pa.nulls(table.num_rows, pa.string()), everyone, names
    )
    return FeedRows({RowKind.BOX_SCORES: feed_table(RowKind.BOX_SCORES, {
        "game_date": dates(raw, table, "gameDate"), "player_name": names,
        "team": text(table, "playerteamName"), "opponent": text(table, "opponentteamName"),
        "is_home": yes(raw, table, "home"), "did_play": played, "minutes": minutes, **where(played, counts),
    }).filter(keep)}, notes)  # fmt: skip


_DAILY_COUNTS = {
    "points": "PTS", "fgm": "FG", "fga": "FGA", "fg3m": "3P", "fg3a": "3PA", "ftm": "FT", "fta": "FTA",
    "oreb": "ORB", "dreb": "DRB", "reb": "TRB", "ast": "AST", "stl": "STL", "blk": "BLK", "tov": "TOV",
    "pf": "PF",
}  # fmt: skip
_DAILY = ("Player", "Tm", "Opp", "MP", "Data", *_DAILY_COUNTS.values())


def _is_daily(raw: RawFile) -> bool:
    return {"Player", "Tm", "Opp", "MP"} <= set(raw.header)


def _read_daily(raw: RawFile) -> FeedRows:
    """Read the daily set: players who played, the date in ``Data``, and no column for who was at home."""
    table = read_table(raw, _DAILY)
    refuse_null(raw, table, _DAILY)
    minutes = decimal(raw, table, "MP")
    notation = notation_of(np.asarray(minutes.to_numpy(zero_copy_only=False), np.float64))
    if notation is Notation.CLOCK:
        came = f"MP without a fraction above .60, so {notation}"
        raise FeedError(raw.name, came, Notation.DECIMAL.value)
    return FeedRows({RowKind.BOX_SCORES: feed_table(RowKind.BOX_SCORES, {
        "game_date": dates(raw, table, "Data"), "player_name": text(table, "Player"),
        "team": text(table, "Tm"), "opponent": text(table, "Opp"),
        "did_play": pa.repeat(True, table.num_rows), "minutes": minutes,
        **{ours: whole(raw, table, theirs) for ours, theirs in _DAILY_COUNTS.items()},
    })})  # fmt: skip


def _is_players(raw: RawFile) -> bool:
    header = set(raw.header)
    return {"personId", "firstName", "lastName"} <= header and not {"gameId", "numMinutes"} & header


def _read_players(raw: RawFile) -> FeedRows:
    table = read_table(raw, ("personId", "firstName", "lastName"))
    refuse_null(raw, table, ("personId",))
    names = joined(text(table, "firstName"), text(table, "lastName"))
    keep = pc.is_valid(names)
    ids = whole(raw, table, "personId")
    notes = note_of("rows without a name", pc.invert(keep), ids)
    rows = feed_table(RowKind.PLAYERS, {"player_id": ids, "player_name": names}).filter(keep)
    return FeedRows({RowKind.PLAYERS: rows} if rows.num_rows else {}, notes)


FEEDS: tuple[Feed, ...] = (
    Feed(
        "kaggle-player-statistics", "PlayerStatistics, historical box scores (CSV)", _is_statistics,
        _read_statistics,
    ),
    Feed(
        "kaggle-regrouped", "PlayerStatistics with the columns MP and PTS (CSV)", _is_regrouped,
        _read_regrouped,
    ),
    Feed("kaggle-daily", "daily box scores with the date in Data (CSV)", _is_daily, _read_daily),
    Feed("kaggle-players", "Players (CSV)", _is_players, _read_players),
)  # fmt: skip
