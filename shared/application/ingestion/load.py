"""Load a folder of files in the product's own columns: check all of it before writing any of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion import quotes as quote_rules
from shared.application.ingestion import schedule_checks, warehouse_tables
from shared.application.ingestion.file_contracts import GAMES_FILE, INJURY_FILE, LINES_FILE, LOGS_FILE
from shared.application.ingestion.history import RowHistory
from shared.application.ingestion.moved_games import MovedGame, apply_schedule_changes, find_schedule_changes
from shared.application.ingestion.player_matching import PLAYER_TABLES, match_players
from shared.application.ingestion.problems import Note, Problem, raise_problems
from shared.application.ingestion.reading import absent_columns, file_names, read_folder
from shared.application.ingestion.reconciliation import date_spans, load_notes, record_load, unmatched_rows
from shared.application.ingestion.schedule import Schedule
from shared.application.ingestion.team_codes import resolve_team_codes, two_codes_of_one_team
from shared.application.ingestion.warehouse_tables import FILE_OF, Tables
from shared.application.messaging.events import Progress
from shared.ports import Clock, Warehouse
from shared.schemas.reference import INJURY_REPORT, NBA_SCHEDULE, PLAYER_GAME_SUMMARY, PLAYER_POINTS_PROPS
from shared.warehouse.schedule import refresh_game_status, scheduled_games

CHUNK = 50_000


@dataclass(frozen=True)
class LoadResult:
    """Rows read and rows that were new or changed, by table, with notes.

    ``moved``: games with a new date or game id. ``replaced``: rows whose earlier version was stored.
    ``unmatched_names``: lookups of players for whom no id was found.
    """

    read: dict[str, int]
    changed: dict[str, int]
    notes: tuple[Note, ...] = ()
    moved: tuple[MovedGame, ...] = ()
    replaced: int = 0
    unmatched_names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CheckedFolder:
    """A folder that may be written: rows by table, in the order of writing, and notes."""

    tables: Tables
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class SourceRows:
    """Rows by file in the types of its contract, with the problems that reading them found.

    ``label`` names the source in errors; ``absent``: columns that each file lacks, whose stored values stay.
    ``names``: what a problem calls a file, if not by the name of its contract.
    """

    label: str
    files: dict[str, pa.Table]
    absent: dict[str, frozenset[str]]
    problems: Sequence[Problem] = ()
    names: Mapping[str, str] = field(default_factory=dict)


class LoadFolder:
    """Adds the files of a folder to the warehouse; loading the same folder again changes nothing."""

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    def __call__(self, folder: Path, progress: Progress = lambda *_: None) -> LoadResult:
        """Load ``folder``; raise ``NotFound`` without a required file, ``Rejected`` with all problems."""
        files, problems = read_folder(folder)
        absent = {} if problems else absent_columns(folder)
        names = file_names(folder)
        checked = self.check(SourceRows(str(folder), files, absent, problems, names))
        loaded = self.write(checked, str(folder), progress)
        notes = (replace(note, file=names.get(note.file, note.file)) for note in loaded.notes)
        return replace(loaded, notes=tuple(notes))

    def write(self, checked: CheckedFolder, label: str, progress: Progress = lambda *_: None) -> LoadResult:
        """Write checked rows and the derived ones; raise ``Rejected`` before the first for a player."""
        now = self._clock.now()
        matched = match_players(self._warehouse, checked.tables, label)
        schedule_changes = find_schedule_changes(
            self._warehouse, {t.name: rows for t, rows in matched.tables}.get(NBA_SCHEDULE.name)
        )
        history = RowHistory(self._warehouse, now)
        changed = {}
        for table, rows in matched.tables:
            changed[table.name] = 0
            if table is PLAYER_POINTS_PROPS:
                changed[table.name] = history.withdraw_quotes(rows)
            elif table in (PLAYER_GAME_SUMMARY, INJURY_REPORT):
                changed[table.name] = history.change_players(table, rows, matched.aliases)
            for start in range(0, rows.num_rows, CHUNK):
                with self._warehouse.shared_connection():  # a chunk at a time: others may need the file
                    changed[table.name] += history.write(table, rows.slice(start, CHUNK))
                progress(table.name, min(start + CHUNK, rows.num_rows), rows.num_rows)
        with self._warehouse.shared_connection():
            apply_schedule_changes(self._warehouse, schedule_changes, now)
            refresh_game_status(self._warehouse, now)
            unmatched = self._reconcile(matched.tables, checked.notes, now)
        return LoadResult(
            {t.name: r.num_rows for t, r in matched.tables},
            changed,
            (*checked.notes, *matched.notes, *unmatched),
            schedule_changes.moved,
            history.stored_versions,
            _unmatched_names(matched.tables),
        )

    def _reconcile(self, tables: Tables, notes: Sequence[Note], now: datetime) -> list[Note]:
        """Store the notes for ``validate-daily``; return notes on unmatched rows of the loaded dates."""
        by_file = {FILE_OF[table.name]: rows for table, rows in tables}
        record_load(self._warehouse, now, by_file, notes)
        spans = date_spans(by_file).values()
        if not spans:
            return []
        return load_notes(unmatched_rows(self._warehouse, min(f for f, _ in spans), max(t for _, t in spans)))

    def check(self, source: SourceRows) -> CheckedFolder:
        """Return the rows by table; raise ``Rejected`` with all problems."""
        checked = self.inspect(source)
        if isinstance(checked, CheckedFolder):
            return checked
        raise_problems(source.label, [replace(p, file=source.names.get(p.file, p.file)) for p in checked])
        raise AssertionError

    def inspect(self, source: SourceRows) -> CheckedFolder | list[Problem]:
        """Check every file alone, with the others, the schedule and the clock; return rows or problems."""
        now = self._clock.now()
        files, problems = source.files, list(source.problems)
        if any(p.file == GAMES_FILE and p.column in SCHEDULE_COLUMNS for p in problems):
            return problems  # the other files cannot be checked without the games
        games, midnight_notes = schedule_checks.without_midnight_tipoffs(files[GAMES_FILE])
        games, score_notes = schedule_checks.without_empty_scores(games)
        schedule = Schedule.of(games, scheduled_games(self._warehouse))
        files, code_notes, code_problems = resolve_team_codes(files | {GAMES_FILE: games}, schedule)
        if LINES_FILE in files:
            files[LINES_FILE] = quote_rules.fill_type_and_precision(files[LINES_FILE])
        problems += [*code_problems, *problems_with_the_schedule(files, schedule, now)]
        if problems:
            return problems
        tables, quote_notes = _tables(files, schedule, source.absent)
        return CheckedFolder(tables, (*midnight_notes, *score_notes, *code_notes, *quote_notes))


def _unmatched_names(tables: Tables) -> frozenset[str]:
    """Return the lookups of rows without an id, and of those with the negative id of a name."""
    names: set[str] = set()
    for table, rows in tables:
        if table.name in PLAYER_TABLES:
            no_id = pc.fill_null(pc.less(rows["player_id"], 0), True)
            names.update(pc.unique(rows["player_lookup"].filter(no_id)).to_pylist())
    return frozenset(names)


SCHEDULE_COLUMNS = (None, "game_date", "home_team", "away_team")
"""Columns of the games that the checks of other files need; None: the file could not be read."""


def problems_with_the_schedule(
    files: dict[str, pa.Table], schedule: Schedule, now: datetime
) -> list[Problem]:
    """Return the problems of each present file, checked against the games and the clock."""
    problems = schedule_checks.problems_of_games(files[GAMES_FILE], now)
    problems += two_codes_of_one_team(files[GAMES_FILE], schedule)
    if LOGS_FILE in files:
        problems += schedule_checks.problems_of_logs(files[LOGS_FILE], schedule, now)
    if LINES_FILE in files:
        problems += quote_rules.problems_of_book_types(files[LINES_FILE])
        problems += schedule_checks.problems_of_quotes(files[LINES_FILE], schedule)
    if INJURY_FILE in files:
        problems += schedule_checks.problems_of_injuries(files[INJURY_FILE], schedule)
    return problems


def _tables(
    files: dict[str, pa.Table], schedule: Schedule, absent: dict[str, frozenset[str]]
) -> tuple[Tables, list[Note]]:
    """Return rows by table, in the order of writing, and notes on quotes."""
    tables = [
        (table, warehouse_tables.without_absent_columns(rows_of(files[file]), absent[file]))
        for table, rows_of, file in (
            (NBA_SCHEDULE, warehouse_tables.schedule_rows, GAMES_FILE),
            (PLAYER_GAME_SUMMARY, warehouse_tables.box_score_rows, LOGS_FILE),
        )
        if file in files
    ]
    notes: list[Note] = []
    if LINES_FILE in files:
        team, team_notes = quote_rules.teams_of_players(files[LINES_FILE])
        rows, main_notes = quote_rules.with_one_main_quote(
            warehouse_tables.quote_rows(files[LINES_FILE], team)
        )
        tables.append((PLAYER_POINTS_PROPS, rows))
        notes = [*team_notes, *main_notes]
    if INJURY_FILE in files:
        tables.append((INJURY_REPORT, warehouse_tables.injury_rows(files[INJURY_FILE], schedule)))
    return tuple(tables), notes
