"""Box scores and schedules of popular Kaggle data sets.

The minutes of ``PlayerStatistics`` are whole, or minutes and seconds written as a decimal: 33.09 is 33:09,
and 37.6 is 37:60, a lost zero. Those of the daily set are true decimals. The same digits mean different
times, so each feed has its rule, and a file that contradicts it is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.nba_tables import game_id_of
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import MICROS, Feed, FeedNote, FeedRows, RowKind, feed_table
from shared.application.feeds.text_columns import (
    counts_of_played,
    dates,
    decimal,
    joined,
    read_table,
    text,
    whole,
    yes,
)
from shared.domain.nba_game_ids import kind_of, season_of
from shared.domain.nba_team_ids import TEAM_CODES
from shared.domain.season_types import COUNTED

EASTERN = ZoneInfo("America/New_York")

_COUNTS = {
    "points": "points", "fgm": "fieldGoalsMade", "fga": "fieldGoalsAttempted", "fg3m": "threePointersMade",
    "fg3a": "threePointersAttempted", "ftm": "freeThrowsMade", "fta": "freeThrowsAttempted",
    "oreb": "reboundsOffensive", "dreb": "reboundsDefensive", "reb": "reboundsTotal", "ast": "assists",
    "stl": "steals", "blk": "blocks", "tov": "turnovers", "pf": "foulsPersonal",
    "plus_minus": "plusMinusPoints",
}  # fmt: skip
_STATISTICS = (
    "firstName", "lastName", "personId", "gameId", "gameDateTimeEst", "playerteamCity", "playerteamName",
    "opponentteamCity", "opponentteamName", "home", "numMinutes", *_COUNTS.values(),
)  # fmt: skip

NOT_IMPORTED = "rows of pre-season or All-Star games, which are not imported"


def minutes_and_seconds(raw: RawFile, values: pa.Array, name: str) -> pa.Array:
    """Return minutes of 33.09 for 33:09; refuse a file with a fraction above .60, which is a true decimal."""
    minutes = pc.floor(values)
    seconds = pc.round(pc.multiply(pc.subtract(values, minutes), 100.0))
    worst = pc.max(seconds).as_py()
    if worst is not None and worst > 60:
        came = f"{name} with {worst:.0f} hundredths"
        raise FeedError(raw.name, came, "minutes and seconds, so at most 60 (33.09 for 33:09)")
    return pc.add(minutes, pc.divide(seconds, 60.0))


def _read_statistics(raw: RawFile) -> FeedRows:
    """Read PlayerStatistics. ``gameDateTimeEst`` gives the date only: in some seasons it is hours off."""
    table = read_table(raw, _STATISTICS)
    ids = _game_ids(raw, table)
    keep = _is_counted(ids)
    written = decimal(raw, table, "numMinutes")
    played = pc.is_valid(written)
    counts = {ours: whole(raw, table, theirs) for ours, theirs in _COUNTS.items()}
    rows = feed_table(RowKind.BOX_SCORES, {
        "game_id": ids, "season": _by_id(ids, season_of), "game_date": dates(raw, table, "gameDateTimeEst"),
        "player_id": whole(raw, table, "personId"),
        "player_name": joined(text(table, "firstName"), text(table, "lastName")),
        "team": joined(text(table, "playerteamCity"), text(table, "playerteamName")),
        "opponent": joined(text(table, "opponentteamCity"), text(table, "opponentteamName")),
        "is_home": yes(raw, table, "home"), "did_play": played,
        "minutes": pc.fill_null(minutes_and_seconds(raw, written, "numMinutes"), 0.0),
        **counts_of_played(played, counts),
    }).filter(keep)  # fmt: skip
    return _result(RowKind.BOX_SCORES, rows, ids, keep)


def _game_ids(raw: RawFile, table: pa.Table) -> pa.Array:
    """Return ten-digit ids; each distinct one is parsed once."""
    coded = text(table, "gameId").dictionary_encode()
    parsed = [game_id_of(word.removesuffix(".0"), raw.name) for word in coded.dictionary.to_pylist()]
    return pa.array(parsed, pa.string()).take(coded.indices)


def _by_id(ids: pa.Array, value: Callable[[str], object]) -> pa.Array:
    coded = ids.dictionary_encode()
    return pa.array([value(word) for word in coded.dictionary.to_pylist()]).take(coded.indices)


def _is_counted(ids: pa.Array) -> pa.Array:
    return _by_id(ids, lambda game_id: kind_of(game_id) in COUNTED)


def _result(kind: RowKind, rows: pa.Table, ids: pa.Array, keep: pa.Array, *notes: FeedNote) -> FeedRows:
    left_out = pc.sum(pc.invert(keep)).as_py() or 0
    found = list(notes)
    if left_out:
        found.insert(0, FeedNote(NOT_IMPORTED, left_out, ids[pc.index(keep, False).as_py()].as_py()))
    return FeedRows({kind: rows} if rows.num_rows else {}, tuple(found))


def _schedule_teams(raw: RawFile) -> tuple[str, str]:
    home = "hometeamId" if "hometeamId" in raw.header else "homeTeamId"
    return home, "awayteamId" if "awayteamId" in raw.header else "awayTeamId"


def _is_schedule(raw: RawFile) -> bool:
    return {"gameId", "gameDateTimeEst"} <= set(raw.header) and bool(
        {"hometeamId", "homeTeamId"} & set(raw.header)
    )


def _read_schedule(raw: RawFile) -> FeedRows:
    """Read LeagueSchedule: ``gameDateTimeEst`` is US Eastern, though written with ``+00:00`` or ``Z``."""
    home, away = _schedule_teams(raw)
    table = read_table(raw, ("gameId", "gameDateTimeEst", home, away))
    ids = _game_ids(raw, table)
    counted = _is_counted(ids)
    codes = [pc.cast(whole(raw, table, c), pa.int64()).to_pylist() for c in (home, away)]
    teams = [pa.array([TEAM_CODES.get(i) for i in column], pa.string()) for column in codes]
    has_teams = pc.and_(pc.is_valid(teams[0]), pc.is_valid(teams[1]))
    keep = pc.and_(counted, has_teams)
    rows = feed_table(RowKind.GAMES, {
        "game_id": ids, "season": _by_id(ids, season_of), "season_type": _by_id(ids, kind_of),
        "game_date": dates(raw, table, "gameDateTimeEst"), "start_time_utc": _eastern(raw, table),
        "home_team": teams[0], "away_team": teams[1],
    }).filter(keep)  # fmt: skip
    unknown = pc.and_(counted, pc.invert(has_teams))
    count = pc.sum(unknown).as_py() or 0
    notes = [
        FeedNote("games whose teams are not known yet", count, ids[pc.index(unknown, True).as_py()].as_py())
    ]
    return _result(RowKind.GAMES, rows, ids, counted, *(notes if count else ()))


def _eastern(raw: RawFile, table: pa.Table) -> pa.Array:
    """Return the instants of Eastern wall-clock times; a time at midnight is an unknown one."""
    words = pc.replace_substring(pc.utf8_slice_codeunits(text(table, "gameDateTimeEst"), 0, 19), "T", " ")
    local = pc.strptime(words, format="%Y-%m-%d %H:%M:%S", unit="us", error_is_null=True)
    if local.null_count > words.null_count:
        row = pc.index(pc.and_(pc.is_null(local), pc.is_valid(words)), True).as_py()
        came = f"gameDateTimeEst {table['gameDateTimeEst'][row].as_py()!r}"
        raise FeedError(raw.name, came, "YYYY-MM-DD HH:MM:SS", f"line {row + 2}")
    instants = [None if t is None else t.replace(tzinfo=EASTERN).astimezone(UTC) for t in local.to_pylist()]
    return pa.array(instants, MICROS)


_REGROUPED = (
    "firstName",
    "gameDate",
    "playerteamName",
    "opponentteamName",
    "home",
    "MP",
    "PTS",
    "3PM",
    "TRB",
)
_REGROUPED_COUNTS = {
    "points": "PTS", "fgm": "FG", "fga": "FGA", "fg3m": "3PM", "fg3a": "3PA", "ftm": "FTM", "fta": "FTA",
    "reb": "TRB", "ast": "AST", "stl": "STL", "blk": "BLK", "tov": "TOV",
}  # fmt: skip


def _is_regrouped(raw: RawFile) -> bool:
    return {"firstName", "gameDate", "playerteamName", "MP"} <= set(raw.header)


def _read_regrouped(raw: RawFile) -> FeedRows:
    """Read the regrouped set: whole names in ``firstName``, nicknames of teams, no ids."""
    table = read_table(raw, (*_REGROUPED, *_REGROUPED_COUNTS.values()))
    written = decimal(raw, table, "MP")
    played = pc.is_valid(written)
    rows = feed_table(RowKind.BOX_SCORES, {
        "game_date": dates(raw, table, "gameDate"), "player_name": text(table, "firstName"),
        "team": text(table, "playerteamName"), "opponent": text(table, "opponentteamName"),
        "is_home": yes(raw, table, "home"), "did_play": played,
        "minutes": pc.fill_null(minutes_and_seconds(raw, written, "MP"), 0.0),
        **counts_of_played(played, {o: whole(raw, table, t) for o, t in _REGROUPED_COUNTS.items()}),
    })  # fmt: skip
    return FeedRows({RowKind.BOX_SCORES: rows})


_DAILY_COUNTS = {
    "points": "PTS", "fgm": "FG", "fga": "FGA", "fg3m": "3P", "fg3a": "3PA", "ftm": "FT", "fta": "FTA",
    "oreb": "ORB", "dreb": "DRB", "reb": "TRB", "ast": "AST", "stl": "STL", "blk": "BLK", "tov": "TOV",
    "pf": "PF",
}  # fmt: skip
FEW_FRACTIONS = 30
"""With fewer fractions, all below .60, minutes and seconds cannot be told from decimals."""


def _is_daily(raw: RawFile) -> bool:
    return {"Player", "Tm", "Opp", "MP", "Data"} <= set(raw.header)


def _read_daily(raw: RawFile) -> FeedRows:
    """Read the daily set: the date is in ``Data``, minutes are decimals, nothing says who was at home."""
    table = read_table(raw, ("Player", "Tm", "Opp", "MP", "Data", *_DAILY_COUNTS.values()))
    minutes = decimal(raw, table, "MP")
    _refuse_clock_minutes(raw, minutes)
    played = pc.is_valid(minutes)
    rows = feed_table(RowKind.BOX_SCORES, {
        "game_date": dates(raw, table, "Data"), "player_name": text(table, "Player"),
        "team": text(table, "Tm"), "opponent": text(table, "Opp"), "did_play": played,
        "minutes": pc.fill_null(minutes, 0.0),
        **counts_of_played(played, {o: whole(raw, table, t) for o, t in _DAILY_COUNTS.items()}),
    })  # fmt: skip
    return FeedRows({RowKind.BOX_SCORES: rows})


def _refuse_clock_minutes(raw: RawFile, minutes: pa.Array) -> None:
    """Refuse minutes that look like minutes and seconds: many with two decimals, none above .60."""
    values = np.asarray(pc.drop_null(minutes).to_numpy(zero_copy_only=False), np.float64)
    fractions = values[values != np.floor(values)] % 1
    has_two_decimals = np.allclose(fractions * 100, np.round(fractions * 100), atol=1e-6)
    if len(fractions) >= FEW_FRACTIONS and has_two_decimals and fractions.max() < 0.605:
        raise FeedError(raw.name, "MP with no fraction above .60, so minutes and seconds", "decimal minutes")


def _is_players(raw: RawFile) -> bool:
    return {"personId", "firstName", "lastName", "birthdate"} <= set(raw.header)


def _read_players(raw: RawFile) -> FeedRows:
    table = read_table(raw, ("personId", "firstName", "lastName"))
    names = pc.utf8_trim_whitespace(
        pc.binary_join_element_wise(
            pc.fill_null(text(table, "firstName"), ""), pc.fill_null(text(table, "lastName"), ""), " "
        )
    )
    keep = pc.not_equal(names, "")
    columns = {"player_id": whole(raw, table, "personId"), "player_name": names}
    rows = feed_table(RowKind.PLAYERS, columns).filter(keep)
    left_out = table.num_rows - rows.num_rows
    notes = (FeedNote("rows without a name", left_out),) if left_out else ()
    return FeedRows({RowKind.PLAYERS: rows} if rows.num_rows else {}, notes)


def _is_statistics(raw: RawFile) -> bool:
    return {"personId", "gameId", "numMinutes", "playerteamName"} <= set(raw.header)


FEEDS: tuple[Feed, ...] = (
    Feed(
        "kaggle-player-statistics",
        "PlayerStatistics, historical box scores (CSV)",
        _is_statistics,
        _read_statistics,
    ),
    Feed("kaggle-schedule", "LeagueSchedule24_25 and the like (CSV)", _is_schedule, _read_schedule),
    Feed("kaggle-players", "Players (CSV)", _is_players, _read_players),
    Feed(
        "kaggle-regrouped",
        "box scores with MP, PTS and nicknames of teams (CSV)",
        _is_regrouped,
        _read_regrouped,
    ),
    Feed("kaggle-daily", "daily box scores with the date in Data (CSV)", _is_daily, _read_daily),
)
