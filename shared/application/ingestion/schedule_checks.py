"""Check rows against the clock and their games: no result before tip-off, no other game date."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion.file_contracts import GAMES_FILE, INJURY_FILE, LINES_FILE, LOGS_FILE
from shared.application.ingestion.groups import groups_of
from shared.application.ingestion.problems import Note, Problem, problems_of
from shared.application.ingestion.schedule import Schedule, days_of, tipoffs_of
from shared.application.ingestion.warehouse_tables import game_ids_of_logs, game_ids_of_quotes
from shared.domain.arrays import Bools, Ints
from shared.domain.findings import Severity
from shared.domain.instants import UNKNOWN, eastern_date, midnights, to_day, to_micros
from shared.domain.season_types import COUNTED
from shared.warehouse.history import micros, with_column
from shared.warehouse.merge import rows_of_repeated_keys


def without_midnight_tipoffs(games: pa.Table) -> tuple[pa.Table, list[Note]]:
    """Games whose tip-off is 00:00 US Eastern have none: sources write that for an unknown time."""
    tipoff, day = micros(games["start_time_utc"]), days_of(games["game_date"])
    is_midnight = (tipoff != UNKNOWN) & (tipoff == midnights(day, 0))
    reason = "tip-off is midnight US Eastern, read as unknown"
    return _nullify(games, ("start_time_utc",), is_midnight, reason)


def without_empty_scores(games: pa.Table) -> tuple[pa.Table, list[Note]]:
    """Games of 0-0 have no score: sources write that before a game."""
    empty = pc.and_(pc.equal(games["home_points"], 0), pc.equal(games["away_points"], 0))
    is_empty = np.asarray(pc.fill_null(empty, False).to_numpy(zero_copy_only=False), np.bool_)
    return _nullify(games, ("home_points", "away_points"), is_empty, "a score of 0-0 is read as not played")


def _nullify(
    games: pa.Table, columns: tuple[str, ...], where: Bools, reason: str
) -> tuple[pa.Table, list[Note]]:
    if not where.any():
        return games, []
    for column in columns:
        values = pc.if_else(pa.array(where), pa.scalar(None, games[column].type), games[column])
        games = with_column(games, column, values)
    row = int(np.flatnonzero(where)[0])
    example = f"row {row}, game_id {games['game_id'][row].as_py()}"
    return games, [Note(Severity.INFO, GAMES_FILE, reason, int(where.sum()), example)]


def problems_of_games(games: pa.Table, now: datetime) -> list[Problem]:
    tipoff, day = micros(games["start_time_utc"]), days_of(games["game_date"])
    has_tipoff = (tipoff != UNKNOWN) & (day != 0)
    other_date = has_tipoff & ((tipoff < midnights(day, 0)) | (tipoff >= midnights(day, 1)))
    has_score = _valid(games["home_points"]) | _valid(games["away_points"])
    is_early = has_score & ~other_date & _not_begun(tipoff, day, now)
    return _problems(
        GAMES_FILE,
        games,
        (
            "game_date",
            other_date,
            "is not the US Eastern date of start_time_utc (leave that null where the time is not known)",
        ),
        ("home_points", is_early, f"a score, and the game has not begun at {_utc_text(now)}"),
        ("game_date", _has_second_game(games), "a second game of a team on one date"),
    )


def _has_second_game(games: pa.Table) -> Bools:
    """Return whether a team of each game has another game on its date in the file.

    All-Star and pre-season games, in which squads are split, are not checked.
    """
    columns = ("game_date", "home_team", "away_team", "season_type")
    rows = list(zip(*(games[c].to_pylist() for c in columns), strict=True))
    counts = Counter((day, team) for day, *teams, kind in rows if kind in COUNTED for team in teams)
    return np.array(
        [any(counts[day, team] > 1 for team in teams) and kind in COUNTED for day, *teams, kind in rows],
        np.bool_,
    )


def problems_of_logs(logs: pa.Table, schedule: Schedule, now: datetime) -> list[Problem]:
    game_ids = game_ids_of_logs(logs)
    is_early = _not_begun(tipoffs_of(schedule, game_ids), days_of(logs["game_date"]), now)
    keys = pa.table({"game_id": game_ids, "player_id": logs["player_id"]})
    complete = _valid(keys["game_id"]) & _valid(keys["player_id"])
    repeated = rows_of_repeated_keys(("game_id", "player_id"), keys).to_numpy(zero_copy_only=False) & complete
    return _problems(
        LOGS_FILE,
        logs,
        ("game_date", is_early, f"a box score, and the game has not begun at {_utc_text(now)}"),
        ("player_id", repeated, "a second row of the same game and player"),
        ("game_date", _other_date(logs, schedule), OTHER_DATE),
        ("game_id", _other_teams(logs, schedule, "team", "opponent"), OTHER_TEAMS),
    )


def problems_of_quotes(quotes: pa.Table, schedule: Schedule) -> list[Problem]:
    day, captured = days_of(quotes["game_date"]), micros(quotes["snapshot_time_utc"])
    commence = micros(quotes["commence_time_utc"])
    has_commence_time = (commence != UNKNOWN) & (commence != midnights(day, 0)) & (day != 0)
    other_date = has_commence_time & ((commence < midnights(day, 0)) | (commence >= midnights(day, 1)))
    tipoff = np.where(has_commence_time, commence, tipoffs_of(schedule, game_ids_of_quotes(quotes)))
    is_late = (captured != UNKNOWN) & (tipoff != UNKNOWN) & (captured >= tipoff)
    return _problems(
        LINES_FILE,
        quotes,
        ("game_date", other_date, "is not the US Eastern date of commence_time_utc"),
        ("game_date", _other_date(quotes, schedule), OTHER_DATE),
        ("game_id", _other_teams(quotes, schedule, "home_team", "away_team"), OTHER_TEAMS),
        ("snapshot_time_utc", is_late, "captured at or after tip-off"),
    )


def problems_of_injuries(injuries: pa.Table, schedule: Schedule) -> list[Problem]:
    known_ids = pa.array(list(schedule.by_source), pa.string())
    unknown = pc.and_(pc.invert(pc.is_in(injuries["game_id"], known_ids)), pc.is_valid(injuries["game_id"]))
    is_unknown = np.asarray(unknown.to_numpy(zero_copy_only=False), np.bool_)
    return _problems(
        INJURY_FILE,
        injuries,
        ("game_id", is_unknown, "is not in games.parquet, nor in the warehouse"),
        ("game_date", _other_date(injuries, schedule), OTHER_DATE),
        ("game_id", _other_teams(injuries, schedule, "team"), OTHER_TEAMS),
    )


def _problems(file: str, table: pa.Table, *checks: tuple[str, Bools, str]) -> list[Problem]:
    return [
        problem
        for column, is_bad, reason in checks
        for problem in problems_of(file, column, table[column], pa.array(is_bad), reason)
    ]


def _not_begun(tipoff: Ints, day: Ints, now: datetime) -> Bools:
    """Return whether each game begins after ``now``, by its tip-off or, without one, its date."""
    return np.where(tipoff != UNKNOWN, tipoff > to_micros(now), day > to_day(eastern_date(now)))


def _other_date(rows: pa.Table, schedule: Schedule) -> Bools:
    """Return whether the source's game id belongs to a game of the folder on another date."""
    coded = pc.dictionary_encode(rows["game_id"]).combine_chunks()
    of_word = [
        to_day(g.day) if (g := schedule.by_source.get(w)) and g.in_folder else 0
        for w in coded.dictionary.to_pylist()
    ]
    table = np.array([*of_word, 0], dtype=np.int64)
    indices = coded.indices.fill_null(len(of_word)).to_numpy(zero_copy_only=False)
    day = table[np.asarray(indices, np.int64)]
    is_other: Bools = (day != 0) & (day != days_of(rows["game_date"]))
    return is_other & _valid(rows["game_date"])


OTHER_DATE = "is not the date of this game_id in games.parquet"
OTHER_TEAMS = "is a game of other teams in games.parquet or the warehouse"


def _other_teams(rows: pa.Table, schedule: Schedule, *columns: str) -> Bools:
    """Return whether the source's game id belongs to a game of the date without a team of the row."""
    if pc.all(pc.is_null(rows["game_id"]), min_count=0).as_py():
        return np.zeros(rows.num_rows, np.bool_)
    groups = groups_of(rows, ("game_id", "game_date", *columns))
    bad = np.array([_is_other_game(schedule, *key) for key in groups.values], np.bool_)
    return np.asarray(bad[groups.of_row])


def _is_other_game(schedule: Schedule, source_id: str | None, day: date | None, *teams: str) -> bool:
    game = schedule.by_source.get(source_id) if source_id is not None else None
    return game is not None and game.day == day and not {t for t in teams if t} <= game.teams


def _valid(column: pa.ChunkedArray) -> Bools:
    return np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), np.bool_)


def _utc_text(now: datetime) -> str:
    return f"{now:%Y-%m-%d %H:%M} UTC"
