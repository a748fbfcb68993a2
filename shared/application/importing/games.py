"""Which game a row of a feed belongs to: by NBA.com's id, else by date and the two teams in either order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from shared.application.ingestion.groups import groups_of
from shared.application.ingestion.schedule import Game, Schedule
from shared.domain.team_names import season_start, team_candidates


@dataclass
class GameFinder:
    """Finds games of a schedule; ``unknown_teams`` collects the words that no team has."""

    schedule: Schedule
    unknown_teams: dict[str, None] = field(default_factory=dict)

    def teams(self, text: str | None, day: date | None) -> tuple[str, ...]:
        """Return the codes that a team's name can mean in the season of ``day``."""
        if text is None:
            return ()
        season = None if day is None else season_start(day.year, day.month)
        found = team_candidates(text, season)
        code = text.strip().upper()
        if not found and code in self.schedule.codes:
            return (code,)
        if not found:
            self.unknown_teams[text] = None
        return found

    def by_teams(
        self, day: date | None, first: str | None, second: str | None, days_later: int = 0
    ) -> Game | None:
        """Return the game of two teams on ``day``, or on the first of ``days_later`` days after it.

        None without exactly one such game on the day.
        """
        if day is None or first is None or second is None:
            return None
        pairs = {frozenset((a, b)) for a in self.teams(first, day) for b in self.teams(second, day)}
        for later in range(days_later + 1):
            games = [self.schedule.by_teams.get((day + timedelta(later), pair)) for pair in pairs]
            found = [g for g in games if g is not None]
            if found:
                return found[0] if len(found) == 1 else None
        return None


KEY = ("game_id", "game_date")
"""Columns by which a row names its game, with two columns of teams and ``days_later``."""


@dataclass(frozen=True)
class RowGames:
    """The games of a table's rows: ``games`` and ``words`` by group, ``group`` of each row.

    ``words``: the values of the other columns that were asked for.
    """

    games: list[Game | None]
    words: list[tuple[Any, ...]]
    group: pa.Array


def games_of_rows(
    rows: pa.Table, teams: tuple[str, str], finder: GameFinder, words: Sequence[str] = ()
) -> RowGames:
    """Return the game of each row: by the source's id if it has one, else by date and ``teams``."""
    groups = groups_of(rows, (*KEY, *teams, "days_later", *words))
    games = []
    for source_id, day, first, second, later, *_ in groups.values:
        by_id = None if source_id is None else finder.schedule.by_source.get(source_id)
        games.append(by_id if source_id is not None else finder.by_teams(day, first, second, later or 0))
    return RowGames(games, [key[5:] for key in groups.values], groups.indices)
