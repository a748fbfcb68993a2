"""Games, box scores and injury reports of all files, resolved and with one row for each key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from shared.application.feeds.rows import RowKind
from shared.application.importing.games import GameFinder
from shared.application.importing.merge import Part
from shared.application.importing.resolve import Origin, PlayerIds, resolve
from shared.application.importing.tables import (
    FileOfRow,
    empty_rows,
    file_of_row,
    merged_box_scores,
    merged_games,
)
from shared.application.ingestion.file_contracts import GAMES, INJURY_REPORT, PLAYER_GAME_LOGS, FileContract
from shared.application.ingestion.problems import Note, Problem
from shared.application.ingestion.schedule import Schedule
from shared.ports import Warehouse
from shared.warehouse.schedule import scheduled_games

REFERENCE_KINDS = (RowKind.GAMES, RowKind.BOX_SCORES, RowKind.INJURIES)

Files = Sequence[tuple[Origin, pa.Table]]


@dataclass(frozen=True)
class ResolvedReference:
    """Rows by the file of a load that would hold them, always with games; ``finder`` finds games of both.

    ``origins``: the source file of a row, by the file of a load.
    """

    tables: dict[FileContract, pa.Table]
    notes: tuple[Note, ...]
    problems: tuple[Problem, ...]
    origins: dict[str, FileOfRow]
    finder: GameFinder
    player_ids: PlayerIds

    @staticmethod
    def of(files: Mapping[RowKind, Files], warehouse: Warehouse, player_ids: PlayerIds) -> ResolvedReference:
        """Resolve games first; box scores and reports find theirs among these and the stored ones."""
        build = _Builder(warehouse, player_ids)
        build.add_games(files[RowKind.GAMES])
        build.add_box_scores(files[RowKind.BOX_SCORES])
        build.add_injuries(files[RowKind.INJURIES])
        return ResolvedReference(
            build.tables, tuple(build.notes), tuple(build.problems), build.origins, build.finder, player_ids
        )


class _Builder:
    def __init__(self, warehouse: Warehouse, player_ids: PlayerIds) -> None:
        self._warehouse, self._player_ids = warehouse, player_ids
        self._stored = scheduled_games(warehouse)
        self.tables: dict[FileContract, pa.Table] = {GAMES: empty_rows(GAMES)}
        self.notes: list[Note] = []
        self.problems: list[Problem] = []
        self.origins: dict[str, FileOfRow] = {}
        self.finder = GameFinder(Schedule.of(self.tables[GAMES], self._stored))

    def add_games(self, files: Files) -> None:
        """Resolve games with an id first: those of a feed without ids are found among them."""
        files = sorted(files, key=lambda f: "game_id" not in f[1].column_names)
        parts: list[Part] = []
        feeds: list[str] = []
        for origin, rows in files:
            parts.append(self._resolved(RowKind.GAMES, origin, rows))
            feeds.append(origin.feed)
            merged = merged_games(parts, feeds, self._warehouse)
            if merged.rows is not None and "start_time_utc" in merged.rows.column_names:
                self.finder = GameFinder(Schedule.of(merged.rows, self._stored))
        if parts:
            merged = merged_games(parts, feeds, self._warehouse)
            assert merged.rows is not None
            self._add(GAMES, merged.rows, parts, merged.problems)

    def add_box_scores(self, files: Files) -> None:
        parts = [self._resolved(RowKind.BOX_SCORES, origin, rows) for origin, rows in files]
        merged = merged_box_scores(parts, self._warehouse)
        self.notes += merged.notes
        if merged.rows is not None:
            self._add(PLAYER_GAME_LOGS, merged.rows, parts, merged.problems)

    def add_injuries(self, files: Files) -> None:
        parts = [self._resolved(RowKind.INJURIES, origin, rows) for origin, rows in files]
        if parts:
            rows = pa.concat_tables([p.rows for p in parts], promote_options="permissive")
            self._add(INJURY_REPORT, rows, parts)

    def _resolved(self, kind: RowKind, origin: Origin, rows: pa.Table) -> Part:
        resolved = resolve(kind, rows, origin, self.finder, self._player_ids)
        self.notes += resolved.notes
        return Part(origin.file, resolved.rows)

    def _add(
        self, contract: FileContract, rows: pa.Table, parts: Sequence[Part], problems: Sequence[Problem] = ()
    ) -> None:
        self.tables[contract] = rows
        self.problems += problems
        self.origins[contract.name] = file_of_row(parts, rows)
