"""The games available to a load: those of the folder, then those of the warehouse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa

from shared.domain.arrays import Ints
from shared.domain.instants import UNKNOWN
from shared.domain.players.names import game_id
from shared.warehouse.history import day_numbers, micros


@dataclass(frozen=True)
class Game:
    """A scheduled game. ``tipoff``: microseconds since 1970, ``UNKNOWN`` if missing."""

    game_id: str
    source_id: str | None
    day: date
    season: str
    tipoff: int
    away: str
    home: str
    in_folder: bool

    @property
    def teams(self) -> frozenset[str]:
        return frozenset((self.away, self.home))


@dataclass
class Schedule:
    """Games by our id, the source's id, and date and teams; those of the folder go before stored ones."""

    games: dict[str, Game] = field(default_factory=dict)
    by_source: dict[str, Game] = field(default_factory=dict)
    by_teams: dict[tuple[date, frozenset[str]], Game] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)

    @staticmethod
    def of(folder: pa.Table, stored: pa.Table) -> Schedule:
        """``folder``: columns of ``games.parquet``; ``stored``: rows of ``scheduled_games``."""
        schedule = Schedule()
        schedule._add(_games_of(folder, _FILE_COLUMNS, in_folder=True))
        schedule._add(_games_of(stored, _TABLE_COLUMNS, in_folder=False))
        return schedule

    def _add(self, games: Iterable[Game]) -> None:
        for game in games:
            self.games.setdefault(game.game_id, game)
            self.by_teams.setdefault((game.day, game.teams), game)
            self.codes |= game.teams
            if game.source_id is not None:
                self.by_source.setdefault(game.source_id, game)


_FILE_COLUMNS = ("game_id", "game_date", "season", "start_time_utc", "away_team", "home_team")
_TABLE_COLUMNS = (
    "nba_game_id", "game_date", "season", "game_start_utc", "away_team_tricode", "home_team_tricode",
)  # fmt: skip


def _games_of(table: pa.Table, columns: tuple[str, ...], *, in_folder: bool) -> Iterable[Game]:
    source, day, season, tipoff, away_column, home_column = columns
    tipoffs = micros(table[tipoff]).tolist()
    rows = zip(*(table[c].to_pylist() for c in (source, day, season, away_column, home_column)), strict=True)
    for (source_id, when, year, visitor, host), start in zip(rows, tipoffs, strict=True):
        if None in (when, visitor, host):
            continue
        yield Game(game_id(when, visitor, host), source_id, when, str(year), start, visitor, host, in_folder)


def tipoffs_of(schedule: Schedule, game_ids: pa.Array | pa.ChunkedArray) -> Ints:
    """Return the tip-off of each row's game, ``UNKNOWN`` without the game or its tip-off."""
    coded = game_ids.dictionary_encode()
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    tipoffs = [g.tipoff if (g := schedule.games.get(w)) else UNKNOWN for w in coded.dictionary.to_pylist()]
    table = np.array([*tipoffs, UNKNOWN], dtype=np.int64)
    return table[np.asarray(coded.indices.fill_null(len(tipoffs)).to_numpy(zero_copy_only=False), np.int64)]


def days_of(column: pa.Array | pa.ChunkedArray) -> Ints:
    """Return days since 1970, 0 where null."""
    chunked = column if isinstance(column, pa.ChunkedArray) else pa.chunked_array([column])
    return day_numbers(chunked.fill_null(date(1970, 1, 1)))
