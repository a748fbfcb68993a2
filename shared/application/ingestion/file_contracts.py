"""What each Parquet file of a load must hold, column by column and row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from shared.domain.injury_status import STATUSES, injury_status

MICROS = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class FileColumn:
    name: str
    type: pa.DataType
    optional: bool = False


@dataclass(frozen=True)
class Check:
    """``is_bad`` gives a boolean a row; the first bad row is named with ``column`` and ``reason``."""

    column: str
    reason: str
    is_bad: Callable[[pa.Table], pa.ChunkedArray]
    null_is_bad: bool = False


@dataclass(frozen=True)
class FileContract:
    name: str
    columns: tuple[FileColumn, ...]
    checks: tuple[Check, ...]
    optional: bool = False


def _columns(spec: str, type_: pa.DataType, optional: bool = False) -> tuple[FileColumn, ...]:
    return tuple(FileColumn(name, type_, optional) for name in spec.split())


def _not_null(*columns: str) -> tuple[Check, ...]:
    def check(column: str) -> Check:
        return Check(column, "is null, wanted a value", lambda t: pc.is_null(t[column]))

    return tuple(check(c) for c in columns)


def _range(column: str, low: float, high: float) -> Check:
    return Check(
        column,
        f"wanted {low:g} to {high:g}",
        lambda t: pc.or_(
            pc.or_(pc.less(t[column], low), pc.greater(t[column], high)),
            pc.is_nan(pc.cast(t[column], pa.float64())),
        ),
    )


def _among(column: str, *values: str) -> Check:
    return Check(
        column,
        f"wanted one of {', '.join(values)}",
        lambda t: pc.and_(pc.invert(pc.is_in(t[column], pa.array(values))), pc.is_valid(t[column])),
    )


def _team(column: str) -> Check:
    return Check(
        column,
        "wanted a three-letter team code",
        lambda t: pc.invert(pc.match_substring_regex(t[column], r"^[A-Z]{3}$")),
    )


def _repeated(*key: str) -> Check:
    def is_bad(t: pa.Table) -> pa.ChunkedArray:
        joined = pc.binary_join_element_wise(*(pc.cast(t[k], pa.string()) for k in key), "|")
        counts = pc.value_counts(joined)
        many = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        return pc.is_in(joined, value_set=many)

    return Check(key[-1], f"a second row of the same {' and '.join(key)}", is_bad)


def _points_do_not_add_up(t: pa.Table) -> pa.ChunkedArray:
    wide = {k: pc.cast(t[k], pa.int64()) for k in ("points", "fgm", "fg3m", "ftm")}
    made = pc.add(pc.add(pc.multiply(wide["fgm"], 2), wide["fg3m"]), wide["ftm"])
    return pc.not_equal(wide["points"], made)


def _played_without(column: str) -> Check:
    return Check(
        column,
        "is null although he played",
        lambda t: pc.and_(t["did_play"], pc.is_null(t[column])),
    )


def _is_no_status(t: pa.Table) -> pa.ChunkedArray:
    unknown = [s for s in pc.unique(t["status"]).to_pylist() if s is not None and injury_status(s) is None]
    return pc.is_in(t["status"], value_set=pa.array(unknown, pa.string()))


GAMES = FileContract(
    "games.parquet",
    (
        *_columns("season season_type game_id home_team away_team", pa.string()),
        *_columns("game_date", pa.date32()),
        *_columns("start_time_utc", MICROS),
        *_columns("home_points away_points", pa.int64()),
        *_columns("lines_source", pa.string(), optional=True),
    ),
    (
        *_not_null("season", "season_type", "game_id", "game_date", "home_team", "away_team"),
        _among("season_type", "Regular Season", "Playoffs"),
        Check(
            "season",
            "wanted YYYY-YY",
            lambda t: pc.invert(pc.match_substring_regex(t["season"], r"^\d{4}-\d{2}$")),
        ),
        _team("home_team"),
        _team("away_team"),
        Check("away_team", "plays against itself", lambda t: pc.equal(t["home_team"], t["away_team"])),
        _range("home_points", 0, 250),
        _range("away_points", 0, 250),
        _repeated("game_date", "away_team", "home_team"),
    ),
)

PLAYER_GAME_LOGS = FileContract(
    "player_game_logs.parquet",
    (
        *_columns("season season_type game_id player_name team opponent dnp_reason source", pa.string()),
        *_columns("game_date", pa.date32()),
        *_columns("player_id", pa.int64()),
        *_columns("is_home starter did_play", pa.bool_()),
        *_columns("minutes usage_pct off_rating def_rating", pa.float64()),
        *_columns("points fgm fga fg3m fg3a ftm fta oreb dreb reb ast stl blk tov pf plus_minus", pa.int64()),
        *_columns("paint_fga paint_fgm mid_range_fga mid_range_fgm", pa.int64(), optional=True),
        *_columns("birth_date", pa.date32(), optional=True),
    ),
    (
        *_not_null(
            "season", "game_date", "player_id", "player_name", "team", "opponent", "is_home", "did_play"
        ),
        _team("team"),
        _team("opponent"),
        *(
            _played_without(c)
            for c in ("minutes", "points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "tov")
        ),
        _range("minutes", 0, 80),
        _range("points", 0, 120),
        Check("points", "is not 2 fgm + fg3m + ftm", _points_do_not_add_up),
        _repeated("game_date", "team", "player_id"),
    ),
)

PROP_LINES = FileContract(
    "prop_lines.parquet",
    (
        *_columns(
            "game_id home_team away_team player_name bookmaker book_type snapshot_precision source",
            pa.string(),
        ),
        *_columns("game_date", pa.date32()),
        *_columns("player_id over_price under_price", pa.int64()),
        *_columns("line", pa.float64()),
        *_columns("is_main", pa.bool_()),
        *_columns("snapshot_time_utc", MICROS),
        *_columns("team opponent", pa.string(), optional=True),
    ),
    (
        *_not_null("game_date", "home_team", "away_team", "player_name", "bookmaker", "line", "is_main"),
        _team("home_team"),
        _team("away_team"),
        _among("book_type", "sportsbook", "dfs"),
        _among("snapshot_precision", "quote", "requested", "date"),
        _range("line", 0.5, 100),
        Check(
            "line",
            "is not a multiple of 0.5",
            lambda t: pc.not_equal(pc.round(pc.multiply(t["line"], 2.0)), pc.multiply(t["line"], 2.0)),
        ),
        Check(
            "snapshot_time_utc",
            "is null although the precision is not 'date'",
            lambda t: pc.and_(
                pc.not_equal(t["snapshot_precision"], "date"), pc.is_null(t["snapshot_time_utc"])
            ),
        ),
        Check(
            "over_price",
            "is not a price in American odds",
            lambda t: pc.less(pc.abs(t["over_price"]), 100),
        ),
        Check(
            "under_price",
            "is not a price in American odds",
            lambda t: pc.less(pc.abs(t["under_price"]), 100),
        ),
    ),
)

INJURY_REPORT = FileContract(
    "injury_report.parquet",
    (
        *_columns("game_id player_name team status", pa.string()),
        *_columns("game_date", pa.date32()),
        *_columns("player_id", pa.int64()),
        *_columns("reported_at_utc", MICROS),
    ),
    (
        *_not_null("game_date", "game_id", "player_id", "player_name", "team", "status", "reported_at_utc"),
        Check("status", f"wanted one of {', '.join(STATUSES)}, or words that mean one", _is_no_status),
    ),
    optional=True,
)

FILES = (GAMES, PLAYER_GAME_LOGS, PROP_LINES, INJURY_REPORT)
