"""The sample league as tables, complete or as of a morning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shared.embedded.sample_league.calendar import DEMO_DATE, LAST_SEASON, Game, games, season_name
from shared.embedded.sample_league.market import quotes
from shared.embedded.sample_league.people import TEAMS, players
from shared.embedded.sample_league.simulate import SOURCE, Season, simulate_games

SEED = 20250324
SEASONS = 4
LINED_SEASONS = 2
MILLIS = pa.timestamp("ms", tz="UTC")

_COUNTS = (
    "points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb", "ast", "stl", "blk", "tov",
    "pf", "plus_minus",
)  # fmt: skip
_ZONES = ["paint_fga", "paint_fgm", "mid_range_fga", "mid_range_fgm"]
LOG_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("season", "season_type", "game_id")),
        ("game_date", pa.date32()),
        ("player_id", pa.int64()),
        *((name, pa.string()) for name in ("player_name", "team", "opponent")),
        *((name, pa.bool_()) for name in ("is_home", "starter", "did_play")),
        ("dnp_reason", pa.string()),
        ("minutes", pa.float32()),
        ("minutes_exact", pa.bool_()),
        *((name, pa.int16()) for name in _COUNTS),
        *((name, pa.float32()) for name in ("usage_pct", "off_rating", "def_rating")),
        ("source", pa.string()),
        *((name, pa.int16()) for name in _ZONES),
        ("birth_date", pa.date32()),
    ]
)
INJURY_SCHEMA = pa.schema(
    [
        ("game_date", pa.date32()),
        ("game_id", pa.string()),
        ("player_id", pa.int64()),
        *((name, pa.string()) for name in ("player_name", "team", "status")),
        ("reported_at_utc", MILLIS),
    ]
)


@dataclass(frozen=True)
class League:
    """Four tables with the columns of the files that ``props load`` reads."""

    games: pa.Table
    player_game_logs: pa.Table
    prop_lines: pa.Table
    injury_report: pa.Table


@lru_cache(maxsize=4)
def generate(seed: int = SEED, seasons: int = SEASONS) -> League:
    """Generate the league up to the demo's date and a week of schedule; equal for equal seeds."""
    rng = np.random.default_rng(seed)
    calendar = games(rng, seasons)
    played = simulate_games(rng, [g for g in calendar if g.day <= DEMO_DATE], players(rng))
    first_season = LAST_SEASON + 1 - LINED_SEASONS
    market = quotes(rng, [e for e in played.expectations if e.game.season >= first_season])
    logs = [{**row, "reb": row["oreb"] + row["dreb"]} if row["did_play"] else row for row in played.logs]
    return League(
        _games(calendar, played),
        pa.Table.from_pylist(logs, schema=LOG_SCHEMA),
        market,
        pa.Table.from_pylist(played.injuries, schema=INJURY_SCHEMA),
    )


def league_before(league: League, game_date: date) -> League:
    """Return the league on that morning: quotes and injury reports of the date, but no results."""
    is_past = pc.less(league.games["game_date"], game_date)
    games = league.games
    for name in ("home_points", "away_points"):
        index = games.column_names.index(name)
        games = games.set_column(index, name, pc.if_else(is_past, games[name], pa.scalar(None, pa.int16())))
    return League(
        games,
        league.player_game_logs.filter(pc.less(league.player_game_logs["game_date"], game_date)),
        league.prop_lines.filter(pc.less_equal(league.prop_lines["game_date"], game_date)),
        league.injury_report.filter(pc.less_equal(league.injury_report["game_date"], game_date)),
    )


def results_of(league: League, game_date: date) -> League:
    """Return only the scores and box scores of that date."""

    def on_date(table: pa.Table) -> pa.Table:
        return table.filter(pc.equal(table["game_date"], game_date))

    return League(
        on_date(league.games),
        on_date(league.player_game_logs),
        league.prop_lines.slice(0, 0),
        league.injury_report.slice(0, 0),
    )


def write_parquet(league: League, folder: Path) -> None:
    """Write the four Parquet files; creates the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in vars(league).items():
        pq.write_table(table, folder / f"{name}.parquet", compression="zstd")


def _games(calendar: list[Game], played: Season) -> pa.Table:
    scores: list[tuple[Any, Any]] = [played.scores.get(g.id, (None, None)) for g in calendar]
    n = len(calendar)
    nulls = pa.nulls(n, pa.float32())
    return pa.table(
        {
            "season": [season_name(g.season) for g in calendar],
            "season_type": ["Regular Season"] * n,
            "game_id": [g.id for g in calendar],
            "game_date": pa.array([g.day for g in calendar], pa.date32()),
            "start_time_utc": pa.array([g.tipoff for g in calendar], MILLIS),
            "home_team": [TEAMS[g.home] for g in calendar],
            "away_team": [TEAMS[g.away] for g in calendar],
            "home_points": pa.array([s[0] for s in scores], pa.int16()),
            "away_points": pa.array([s[1] for s in scores], pa.int16()),
            "home_spread": nulls,
            "total_line": nulls,
            "home_moneyline": nulls,
            "away_moneyline": nulls,
            "lines_source": [SOURCE] * n,
        }
    )
