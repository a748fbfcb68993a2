"""Games, quotes and injury reports of a slate, as of each game's cut-off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.domain import instants
from shared.domain.arrays import Bools, Floats, Ints
from shared.domain.assignment import Assignment, Mention, assign
from shared.domain.features.compute import Targets
from shared.domain.instants import to_micros
from shared.domain.market import lines
from shared.domain.players.roster import Candidate, slate_roster
from shared.domain.vocabulary import RunMode
from shared.ports import Warehouse
from shared.warehouse import history as past
from shared.warehouse.statements import statement

RISK = {"available": 0.0, "probable": 1.0, "questionable": 2.0, "doubtful": 3.0, "out": 3.0}


@dataclass(frozen=True)
class SlateInputs:
    """Quotes and injury reports of the games at ``rows``; ``as_of``: each game's cut-off, at most now."""

    past: past.Past
    rows: Ints
    as_of: Ints
    quotes: Quotes
    injuries: Injuries

    @staticmethod
    def read(warehouse: Warehouse, first: date, last: date, now: datetime, mode: RunMode) -> SlateInputs:
        played = past.read_history(warehouse, first, last)
        games = played.history.games
        rows = np.flatnonzero(games.day >= instants.to_day(first))
        as_of = np.minimum(instants.cut_offs(games.day, games.tipoff), to_micros(now))
        row_of = {str(games.game_id[r]): int(r) for r in rows}
        quotes = Quotes.read(warehouse, first, last, row_of, as_of, mode)
        injuries = Injuries.read(warehouse, first, last, row_of, as_of)
        return SlateInputs(played, rows, as_of, quotes, injuries.without_withdrawn(quotes.newest_capture))

    @cached_property
    def assignments(self) -> dict[tuple[int, int], Assignment]:
        """Game and side of every quoted or reported player, by (day, player)."""
        mentions = [*self.quotes.mentions(), *self.injuries.mentions()]
        return assign(self.past.history, mentions, self.as_of)

    def roster(self, min_minutes: float) -> list[Candidate]:
        return slate_roster(
            self.past.history,
            self.rows,
            self.as_of[self.rows],
            self.assignments,
            self.injuries.players_out(),
            min_minutes,
        )

    def spellings(self, row: Ints, player: Ints) -> list[str]:
        """Return each player's spelling as of the game at ``row``: from the newest box score, else a quote
        or an injury report."""
        day = self.past.history.games.day[row]
        played = self.past.spellings(player, day, self.as_of[row])
        reported = self.injuries.lookups | self.quotes.lookups if None in played else {}
        return [name or reported.get(p, str(p)) for name, p in zip(played, player.tolist(), strict=True)]

    def targets(self, row: Ints, player: Ints, home: Bools) -> tuple[Targets, Ints]:
        """Return the player-games to compute and the position of each one's quote, -1 without one."""
        games = self.past.history.games
        current, opening = self.quotes.of(row, player)
        targets = Targets(
            player=player,
            team=np.where(home, games.home[row], games.away[row]),
            opponent=np.where(home, games.away[row], games.home[row]),
            is_home=home,
            playoffs=games.playoffs[row],
            day=games.day[row],
            season=games.season[row],
            as_of=self.as_of[row],
            line=self.quotes.values(current),
            opening=self.quotes.values(opening),
            opening_exact=(opening != current) & (opening >= 0),
            injury_risk=self.injuries.risk(row, player),
        )
        return targets, current


@dataclass(frozen=True)
class Quotes:
    """Main quotes: game ``row``, ``player`` and ``line`` of each. ``keys`` numbers (row, player) pairs; the
    arrays from ``current`` on hold, by that number, the position of a pair's quote, -1 without one."""

    table: pa.Table
    row: Ints
    player: Ints
    line: Floats
    keys: dict[tuple[int, int], int]
    current: Ints
    opening: Ints
    newest: Ints
    newest_with_team: Ints

    @staticmethod
    def read(
        warehouse: Warehouse, first: date, last: date, row_of: dict[str, int], as_of_row: Ints, mode: RunMode
    ) -> Quotes:
        table = warehouse.query(statement("quotes_between", first=first, last=last))
        games = table["game_id"].to_pylist()
        is_on_slate = np.array([g in row_of for g in games], dtype=np.bool_)
        table = table.filter(pa.array(is_on_slate))
        row = np.array([row_of[g] for g in games if g in row_of], dtype=np.int64)
        player = past.ints(table["player_id"])
        pairs = list(zip(row.tolist(), player.tolist(), strict=True))
        keys = {pair: i for i, pair in enumerate(dict.fromkeys(pairs))}
        group = np.array([keys[pair] for pair in pairs], dtype=np.int64)
        rank = lines.book_rank(past.strings(table["bookmaker"]), past.strings(table["book_type"]))
        captured, as_of = past.micros(table["captured_at"]), as_of_row[row] if len(row) else row
        undated, line = mode is RunMode.BACKFILL, past.floats(table["points_line"])
        prices = past.floats(table["over_price"]), past.floats(table["under_price"])
        evenness = lines.by_evenness(line, *prices)
        current, opening = lines.choose(group, rank, captured, as_of, undated, len(keys), evenness)
        usable = lines.usable(captured, as_of, undated) & lines.fresh(captured, as_of)
        with_team = np.asarray(pc.is_valid(table["team_abbr"]).to_numpy(), dtype=np.bool_)
        newest, newest_with_team = (
            lines.newest(group, captured, np.flatnonzero(selected), len(keys))
            for selected in (usable, usable & with_team)
        )
        return Quotes(table, row, player, line, keys, current, opening, newest, newest_with_team)

    @cached_property
    def lookups(self) -> dict[int, str]:
        """A spelling of each quoted player, the first in alphabetical order where books differ."""
        spellings = self.table["player_lookup"].to_pylist()
        return dict(sorted(zip(self.player.tolist(), spellings, strict=True), reverse=True))

    @cached_property
    def newest_capture(self) -> dict[tuple[int, int], int]:
        """Instant of the newest usable quote by (game row, player), ``UNKNOWN`` if only its day is known."""
        captured = past.micros(self.table["captured_at"])
        return {key: int(captured[self.newest[i]]) for key, i in self.keys.items() if self.newest[i] >= 0}

    def mentions(self) -> list[Mention]:
        """Return each player's newest usable quote in each game, with the team of the newest that has one."""
        teams = ["", *pc.fill_null(self.table["team_abbr"], "").to_pylist()]
        team = {key: teams[self.newest_with_team[i] + 1] for key, i in self.keys.items()}
        return [Mention(*key, team[key], at, is_quote=True) for key, at in self.newest_capture.items()]

    def of(self, row: Ints, player: Ints) -> tuple[Ints, Ints]:
        """Return the current and the opening quote of each pair, -1 without one."""
        key = np.array(
            [self.keys.get(pair, -1) for pair in zip(row.tolist(), player.tolist(), strict=True)],
            dtype=np.int64,
        )
        if not len(self.current):
            return np.full(len(key), -1), np.full(len(key), -1)
        return np.where(key >= 0, self.current[key], -1), np.where(key >= 0, self.opening[key], -1)

    def values(self, quote: Ints) -> Floats:
        if not len(self.line):
            return np.full(len(quote), np.nan)
        return np.where(quote >= 0, self.line[quote], np.nan)


@dataclass(frozen=True)
class Report:
    """The player's entry in the latest injury report that names the player in a game."""

    status: str
    team: str
    at: int


@dataclass(frozen=True)
class Injuries:
    """Latest report by (game row, player), and the games whose date has a report.

    ``latest_of_team``: instant of the latest report by (game row, team), for any player.
    """

    reports: dict[tuple[int, int], Report]
    reported: set[int]
    latest_of_team: dict[tuple[int, str], int]
    lookups: dict[int, str]

    @staticmethod
    def read(warehouse: Warehouse, first: date, last: date, row_of: dict[str, int], as_of: Ints) -> Injuries:
        table = warehouse.query(statement("injuries_between", first=first, last=last))
        reports: dict[tuple[int, int], Report] = {}
        latest: dict[tuple[int, str], int] = {}
        days: set[str] = set()
        columns = ("game_id", "player_id", "injury_status", "team_abbr")
        for game, player, status, team, at in zip(
            *(table[c].to_pylist() for c in columns), past.micros(table["reported_at"]).tolist(), strict=True
        ):
            row = row_of.get(game)
            if row is not None and at < as_of[row]:
                reports[row, player] = Report(status, team, at)
                latest[row, team] = max(at, latest.get((row, team), at))
                days.add(game[:8])
        lookups = dict(zip(table["player_id"].to_pylist(), table["player_lookup"].to_pylist(), strict=True))
        return Injuries(reports, {row for game, row in row_of.items() if game[:8] in days}, latest, lookups)

    def mentions(self) -> list[Mention]:
        return [
            Mention(row, player, r.team, r.at, is_quote=False) for (row, player), r in self.reports.items()
        ]

    def without_withdrawn(self, newest_capture: Mapping[tuple[int, int], int]) -> Injuries:
        """Return the reports without withdrawn absences.

        A later report of the same game and team that does not name the player withdraws the absence, if a
        usable quote on the player was captured after the report of the absence.
        """

        def is_withdrawn(key: tuple[int, int], report: Report) -> bool:
            is_missing_later = self.latest_of_team[key[0], report.team] > report.at
            is_quoted_since = newest_capture.get(key, instants.UNKNOWN) > report.at
            return report.status == "out" and is_missing_later and is_quoted_since

        return replace(self, reports={k: r for k, r in self.reports.items() if not is_withdrawn(k, r)})

    def players_out(self) -> dict[int, set[int]]:
        """Return the players reported out, by game row."""
        players_out: dict[int, set[int]] = {}
        for (row, player), report in self.reports.items():
            if report.status == "out":
                players_out.setdefault(row, set()).add(player)
        return players_out

    def statuses(self, row: Ints, player: Ints) -> list[str]:
        pairs = zip(row.tolist(), player.tolist(), strict=True)
        return [r.status if (r := self.reports.get(pair)) else "" for pair in pairs]

    def risk(self, row: Ints, player: Ints) -> Floats:
        """Return 0 to 3; without a report 0 if the date has any report, else NaN."""
        healthy = [0.0 if r in self.reported else np.nan for r in row.tolist()]
        statuses = self.statuses(row, player)
        return np.array(
            [RISK[status] if status else default for status, default in zip(statuses, healthy, strict=True)],
            dtype=np.float64,
        )
