"""What stands in the warehouse about the games of some dates, as of each game's instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.domain import instants, lines
from shared.domain.features.compute import Targets
from shared.domain.instants import to_micros
from shared.domain.roster import Candidate, slate_roster
from shared.ports import Warehouse
from shared.warehouse import history as past
from shared.warehouse.statements import statement

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RISK = {"available": 0.0, "probable": 1.0, "questionable": 2.0, "doubtful": 3.0, "out": 3.0}


class Mode(StrEnum):
    """A live run predicts games that have not started, a backfill any date as of its own cut-off."""

    LIVE = "LIVE"
    BACKFILL = "BACKFILL"


@dataclass(frozen=True)
class Known:
    """What stands in the warehouse about the games at ``rows``; ``as_of`` an instant for every game."""

    past: past.Past
    rows: Ints
    as_of: Ints
    quotes: Quotes
    injuries: Injuries

    @staticmethod
    def read(warehouse: Warehouse, first: date, last: date, now: datetime, mode: Mode) -> Known:
        known = past.read_history(warehouse, first, last)
        games = known.history.games
        rows = np.flatnonzero(games.day >= instants.to_day(first))
        as_of = np.minimum(instants.cut_offs(games.day, games.tipoff), to_micros(now))
        row_of = {str(games.game_id[r]): int(r) for r in rows}
        return Known(
            known,
            rows,
            as_of,
            Quotes.read(warehouse, first, last, row_of, as_of, mode),
            Injuries.read(warehouse, first, last, row_of, as_of),
        )

    def roster(self, min_minutes: float) -> list[Candidate]:
        return slate_roster(
            self.past.history,
            self.rows,
            self.as_of[self.rows],
            self.quotes.lined_players(),
            self.injuries.out(),
            min_minutes,
        )

    def targets(self, row: Ints, player: Ints, home: NDArray[np.bool_]) -> tuple[Targets, Ints]:
        """The player-games to compute and the position of each one's quote, -1 without one."""
        games = self.past.history.games
        chosen, opening = self.quotes.of(row, player)
        targets = Targets(
            player=player,
            team=np.where(home, games.home[row], games.away[row]),
            opponent=np.where(home, games.away[row], games.home[row]),
            is_home=home,
            playoffs=games.playoffs[row],
            day=games.day[row],
            season=games.season[row],
            as_of=self.as_of[row],
            line=self.quotes.values(chosen),
            opening=self.quotes.values(opening),
            opening_exact=(opening != chosen) & (opening >= 0),
            injury_risk=self.injuries.risk(row, player),
        )
        return targets, chosen


@dataclass(frozen=True)
class Quotes:
    """Main quotes of the dates, one each by game ``row`` and ``player``, and which of them stands."""

    table: pa.Table
    row: Ints
    player: Ints
    line: Floats
    keys: dict[tuple[int, int], int]
    current: Ints
    opening: Ints

    @staticmethod
    def read(
        warehouse: Warehouse, first: date, last: date, row_of: dict[str, int], as_of_row: Ints, mode: Mode
    ) -> Quotes:
        table = warehouse.query(statement("quotes_between", first=first, last=last))
        games = table["game_id"].to_pylist()
        keep = np.array([g in row_of for g in games], dtype=np.bool_)
        table = table.filter(pa.array(keep))
        row = np.array([row_of[g] for g in games if g in row_of], dtype=np.int64)
        player = past.ints(table["player_id"])
        pairs = list(zip(row.tolist(), player.tolist(), strict=True))
        keys = {pair: i for i, pair in enumerate(dict.fromkeys(pairs))}
        group = np.array([keys[pair] for pair in pairs], dtype=np.int64)
        rank = lines.book_rank(past.strings(table["bookmaker"]), past.strings(table["book_type"]))
        line = past.floats(table["points_line"])
        current, opening = lines.choose(
            group,
            rank,
            past.micros(table["captured_at"]),
            as_of_row[row] if len(row) else row,
            mode is Mode.BACKFILL,
            len(keys),
            lines.by_evenness(line, past.floats(table["over_price"]), past.floats(table["under_price"])),
        )
        return Quotes(table, row, player, line, keys, current, opening)

    def lined_players(self) -> dict[int, set[int]]:
        lined: dict[int, set[int]] = {}
        for (row, player), i in self.keys.items():
            if self.current[i] >= 0:
                lined.setdefault(row, set()).add(player)
        return lined

    def of(self, row: Ints, player: Ints) -> tuple[Ints, Ints]:
        """Current and opening quote of each pair, -1 without one."""
        at = np.array(
            [self.keys.get(pair, -1) for pair in zip(row.tolist(), player.tolist(), strict=True)],
            dtype=np.int64,
        )
        if not len(self.current):
            return np.full(len(at), -1), np.full(len(at), -1)
        return np.where(at >= 0, self.current[at], -1), np.where(at >= 0, self.opening[at], -1)

    def values(self, quote: Ints) -> Floats:
        if not len(self.line):
            return np.full(len(quote), np.nan)
        return np.where(quote >= 0, self.line[quote], np.nan)


@dataclass(frozen=True)
class Injuries:
    """Latest status by (game row, player), and the games on whose date a report was known."""

    status: dict[tuple[int, int], str]
    reported: set[int]

    @staticmethod
    def read(warehouse: Warehouse, first: date, last: date, row_of: dict[str, int], as_of: Ints) -> Injuries:
        reports = warehouse.query(statement("injuries_between", first=first, last=last))
        status: dict[tuple[int, int], str] = {}
        days: set[str] = set()
        for game, player, word, at in zip(
            reports["game_id"].to_pylist(),
            reports["player_id"].to_pylist(),
            reports["injury_status"].to_pylist(),
            past.micros(reports["reported_at"]).tolist(),
            strict=True,
        ):
            row = row_of.get(game)
            if row is not None and at < as_of[row]:
                status[row, player] = word
                days.add(game[:8])
        return Injuries(status, {row for game, row in row_of.items() if game[:8] in days})

    def out(self) -> dict[int, set[int]]:
        """Players reported out, by game row."""
        out: dict[int, set[int]] = {}
        for (row, player), word in self.status.items():
            if word == "out":
                out.setdefault(row, set()).add(player)
        return out

    def words(self, row: Ints, player: Ints) -> list[str]:
        pairs = zip(row.tolist(), player.tolist(), strict=True)
        return [self.status.get(pair, "") for pair in pairs]

    def risk(self, row: Ints, player: Ints) -> Floats:
        """0 to 3; without a report 0 where the date has reports at all, NaN where it has none."""
        healthy = [0.0 if r in self.reported else np.nan for r in row.tolist()]
        words = self.words(row, player)
        return np.array(
            [RISK[word] if word else none for word, none in zip(words, healthy, strict=True)],
            dtype=np.float64,
        )
