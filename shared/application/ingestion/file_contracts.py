"""The columns and the row checks of each Parquet file of a load."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion.casting import ARROW, Kind
from shared.application.ingestion.checks import (
    Check,
    american_odds,
    among,
    at_least_zero,
    in_range,
    matches,
    multiple_of_half,
    not_null,
    points_do_not_add_up,
    repeated,
    required_if_played,
    required_with,
    season_mismatch,
    team_code,
    zero_unless_played,
)
from shared.domain.players.injury_status import STATUSES, injury_status

GAMES_FILE, LOGS_FILE = "games.parquet", "player_game_logs.parquet"
LINES_FILE, INJURY_FILE = "prop_lines.parquet", "injury_report.parquet"


@dataclass(frozen=True)
class FileColumn:
    """A column that is read; ``optional``: it may be absent, which is the same as null in every row."""

    name: str
    kind: Kind
    optional: bool = False

    @property
    def type(self) -> pa.DataType:
        return ARROW[self.kind]


@dataclass(frozen=True)
class FileContract:
    """The columns of a file and the checks of its rows; ``optional``: the file may be absent."""

    name: str
    columns: tuple[FileColumn, ...]
    checks: tuple[Check, ...]
    optional: bool = False


def _columns(names: str, kind: Kind, optional: bool = False) -> tuple[FileColumn, ...]:
    return tuple(FileColumn(name, kind, optional) for name in names.split())


NEEDED_STATS = ("minutes", "points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "tov")
"""Box-score numbers that features and grading read."""

_OTHER_STATS = (
    "dreb", "reb", "ast", "stl", "blk", "pf", "paint_fga", "paint_fgm", "mid_range_fga", "mid_range_fgm",
)  # fmt: skip


def _unknown_status(rows: pa.Table) -> pa.ChunkedArray:
    words = pc.unique(rows["status"]).to_pylist()
    unknown = [w for w in words if w is not None and injury_status(w) is None]
    return pc.is_in(rows["status"], value_set=pa.array(unknown, pa.string()))


GAMES = FileContract(
    GAMES_FILE,
    (
        *_columns("season season_type", Kind.TEXT),
        *_columns("game_id", Kind.GAME_ID),
        *_columns("home_team away_team", Kind.TEXT),
        *_columns("game_date", Kind.DATE),
        *_columns("start_time_utc", Kind.INSTANT, optional=True),
        *_columns("home_points away_points", Kind.INTEGER, optional=True),
        *_columns("lines_source", Kind.TEXT, optional=True),
    ),
    (
        *not_null("season", "season_type", "game_id", "game_date", "home_team", "away_team"),
        matches("season", r"^\d{4}-\d{2}$", "expected YYYY-YY"),
        Check("season", "is not the season of game_date", season_mismatch),
        team_code("home_team"),
        team_code("away_team"),
        Check("away_team", "plays against itself", lambda t: pc.equal(t["home_team"], t["away_team"])),
        in_range("home_points", 0, 250),
        in_range("away_points", 0, 250),
        required_with("home_points", "away_points"),
        required_with("away_points", "home_points"),
        repeated("game_date", "away_team", "home_team"),
        repeated("game_id"),
    ),
)

PLAYER_GAME_LOGS = FileContract(
    LOGS_FILE,
    (
        *_columns("season player_name team opponent", Kind.TEXT),
        *_columns("game_date", Kind.DATE),
        *_columns("player_id", Kind.INTEGER, optional=True),
        *_columns("is_home did_play", Kind.BOOL),
        *_columns("minutes", Kind.MINUTES),
        *_columns("points fgm fga fg3m fg3a ftm fta oreb tov", Kind.INTEGER),
        *_columns("game_id", Kind.GAME_ID, optional=True),
        *_columns("dnp_reason source", Kind.TEXT, optional=True),
        *_columns("starter", Kind.BOOL, optional=True),
        *_columns("usage_pct off_rating def_rating", Kind.NUMBER, optional=True),
        *_columns("dreb reb ast stl blk pf plus_minus", Kind.INTEGER, optional=True),
        *_columns("paint_fga paint_fgm mid_range_fga mid_range_fgm", Kind.INTEGER, optional=True),
        *_columns("birth_date", Kind.DATE, optional=True),
    ),
    (
        *not_null("season", "game_date", "player_name", "team", "opponent", "is_home", "did_play"),
        matches("season", r"^\d{4}-\d{2}$", "expected YYYY-YY"),
        Check("season", "is not the season of game_date", season_mismatch),
        team_code("team"),
        team_code("opponent"),
        Check("opponent", "plays against itself", lambda t: pc.equal(t["team"], t["opponent"])),
        *(required_if_played(c) for c in NEEDED_STATS),
        *(zero_unless_played(c) for c in NEEDED_STATS),
        in_range("minutes", 0, 80),
        in_range("points", 0, 120),
        *at_least_zero("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "tov", *_OTHER_STATS),
        Check("points", "is not 2 fgm + fg3m + ftm", points_do_not_add_up),
    ),
)

PROP_LINES = FileContract(
    LINES_FILE,
    (
        *_columns("home_team away_team player_name bookmaker", Kind.TEXT),
        *_columns("game_date", Kind.DATE),
        *_columns("line", Kind.NUMBER),
        *_columns("is_main", Kind.BOOL),
        *_columns("player_id over_price under_price", Kind.INTEGER, optional=True),
        *_columns("snapshot_time_utc commence_time_utc", Kind.INSTANT, optional=True),
        *_columns("game_id", Kind.GAME_ID, optional=True),
        *_columns("book_type snapshot_precision source team", Kind.TEXT, optional=True),
    ),
    (
        *not_null("game_date", "home_team", "away_team", "player_name", "bookmaker", "line", "is_main"),
        team_code("home_team"),
        team_code("away_team"),
        Check("away_team", "plays against itself", lambda t: pc.equal(t["home_team"], t["away_team"])),
        among("book_type", "sportsbook", "dfs"),
        among("snapshot_precision", "quote", "requested", "date"),
        in_range("line", 0.5, 100),
        multiple_of_half("line"),
        Check(
            "snapshot_time_utc",
            "is null although the precision is not 'date'",
            lambda t: pc.and_(
                pc.not_equal(t["snapshot_precision"], "date"), pc.is_null(t["snapshot_time_utc"])
            ),
        ),
        Check(
            "snapshot_time_utc",
            "is an instant although the precision is 'date'",
            lambda t: pc.and_(pc.equal(t["snapshot_precision"], "date"), pc.is_valid(t["snapshot_time_utc"])),
        ),
        american_odds("over_price"),
        american_odds("under_price"),
    ),
    optional=True,
)

INJURY_REPORT = FileContract(
    INJURY_FILE,
    (
        *_columns("game_id", Kind.GAME_ID),
        *_columns("player_name team status", Kind.TEXT),
        *_columns("game_date", Kind.DATE),
        *_columns("player_id", Kind.INTEGER, optional=True),
        *_columns("reported_at_utc", Kind.INSTANT),
    ),
    (
        *not_null("game_date", "game_id", "player_name", "team", "status", "reported_at_utc"),
        team_code("team"),
        Check("status", f"expected one of {', '.join(STATUSES)}, or words that mean one", _unknown_status),
        repeated("game_date", "game_id", "player_id", "reported_at_utc"),
    ),
    optional=True,
)

FILES = (GAMES, PLAYER_GAME_LOGS, PROP_LINES, INJURY_REPORT)
