"""Import files of feeds: read each once, resolve, check all of it, then write."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from shared.application.feeds.raw_file import FeedError
from shared.application.feeds.registry import BY_NAME, FEEDS, feed_of
from shared.application.feeds.rows import FeedNote, RowKind
from shared.application.importing.quote_batches import QuoteBatch, QuoteSpiller, resolve_batch
from shared.application.importing.reference import REFERENCE_KINDS, ResolvedReference
from shared.application.importing.resolve import Origin, PlayerIds
from shared.application.importing.sources import FileSource
from shared.application.importing.spill import Spill
from shared.application.importing.tables import NAMES, FileOfRow, absent_columns, file_of_row
from shared.application.ingestion.file_contracts import GAMES, PROP_LINES, FileContract
from shared.application.ingestion.load import CheckedFolder, LoadFolder, LoadResult, SourceRows
from shared.application.ingestion.player_matching import match_players
from shared.application.ingestion.problems import Note, Problem, format_value, raise_problems
from shared.application.ingestion.reading import check_rows
from shared.application.messaging.events import Progress
from shared.application.players.add_aliases import AddAliases
from shared.application.players.aliases import ID, PlayerAliases
from shared.application.players.directory import PlayerDirectory
from shared.domain.findings import Severity
from shared.errors import Rejected
from shared.ports import Clock, Warehouse
from shared.schemas.reference import PLAYER_ALIASES, PLAYER_POINTS_PROPS, PLAYERS

LABEL = "import"
"""How errors on rows of several files name their source."""

RANK = {feed.name: i for i, feed in enumerate(FEEDS)}
"""NBA.com first: its value counts where feeds differ in one that may differ."""

MAX_ERRORS = 20
"""Unreadable files that a message lists; it counts the rest."""


@dataclass(frozen=True)
class FileResult:
    """What a file gave: its feed, rows by kind, and notes on rows that its reader left out."""

    name: str
    feed: str
    rows: dict[str, int]
    notes: tuple[FeedNote, ...] = ()


@dataclass(frozen=True)
class ImportResult:
    """Files in the order of reading, rows and changes by table, and notes.

    ``unresolved``: names without a player in this import. A dry run changes nothing: ``changed`` is empty.
    """

    files: tuple[FileResult, ...]
    read: dict[str, int]
    changed: dict[str, int]
    notes: tuple[Note, ...]
    replaced: int = 0
    unresolved: int = 0
    dry_run: bool = False


@dataclass(frozen=True)
class _Part:
    """Rows of one kind from one file, on disk."""

    origin: Origin
    rows: Spill


class ImportFiles:
    """Adds files of feeds to the warehouse; importing the same files again changes nothing.

    Every file is read and checked before the first row is written. One batch of quotes is in memory;
    games, box scores and reports are checked against each other, so all of an import are.
    """

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock
        self._load = LoadFolder(warehouse, clock)
        self._directory = PlayerDirectory(warehouse)

    def __call__(
        self,
        sources: Sequence[FileSource],
        feed: str | None = None,
        dry_run: bool = False,
        progress: Progress = lambda *_: None,
    ) -> ImportResult:
        """Import ``sources``; ``feed`` names their feed, which is recognised otherwise.

        Raises ``Rejected`` with every file that cannot be read, or with all problems of the rows.
        """
        with tempfile.TemporaryDirectory(prefix="props-import-") as name:
            quotes = QuoteSpiller(Path(name))
            results, parts = self._read(sources, feed, Path(name), quotes, progress)
            return self._import(results, parts, quotes, dry_run, progress)

    def _read(
        self,
        sources: Sequence[FileSource],
        feed: str | None,
        folder: Path,
        quotes: QuoteSpiller,
        progress: Progress,
    ) -> tuple[list[FileResult], dict[RowKind, list[_Part]]]:
        """Read every file, its rows to disk; parts other than quotes are in the order of the feeds."""
        results: list[FileResult] = []
        parts: dict[RowKind, list[_Part]] = {}
        errors: list[str] = []
        for count, source in enumerate(sources, 1):
            try:
                raw = source.read()
                found = BY_NAME[feed] if feed is not None else feed_of(raw)
                rows = found.read(raw)
            except FeedError as exc:
                errors.append(str(exc))
                continue
            counts = {kind.value: table.num_rows for kind, table in rows.tables.items()}
            results.append(FileResult(source.name, found.name, counts, tuple(rows.notes)))
            origin = Origin(source.name, found.name, found.id_space)
            for kind, table in rows.tables.items():
                if kind is RowKind.QUOTES:
                    quotes.add(origin, table)
                    continue
                spill = Spill.write(folder / f"{count}-{kind.name}.arrow", table)
                parts.setdefault(kind, []).append(_Part(origin, spill))
            progress("files read", count, len(sources))
        if errors:
            shown = [
                *errors[:MAX_ERRORS],
                *([f"and {len(errors) - MAX_ERRORS} more"] if errors[MAX_ERRORS:] else []),
            ]
            raise Rejected(
                "\n  ".join([f"{len(errors)} of {len(sources)} files, nothing was imported", *shown])
            )
        quotes.flush()
        for kind_parts in parts.values():
            kind_parts.sort(key=lambda p: RANK[p.origin.feed])
        return results, parts

    def _import(
        self,
        results: Sequence[FileResult],
        parts: Mapping[RowKind, Sequence[_Part]],
        quotes: QuoteSpiller,
        dry_run: bool,
        progress: Progress,
    ) -> ImportResult:
        """Check everything, then write: games, box scores and reports first, then quotes in batches."""
        resolved = ResolvedReference.of(
            {kind: [(p.origin, p.rows.read()) for p in parts.get(kind, ())] for kind in REFERENCE_KINDS},
            self._warehouse,
            self._player_ids(parts),
        )
        checked = self._checked(resolved)
        left_out = list(resolved.notes)
        batches: list[tuple[Spill, tuple[Note, ...]]] = []
        for batch in self._checked_quotes(quotes.batches, resolved, left_out):
            table = {t.name: rows for t, rows in batch.tables}[PLAYER_POINTS_PROPS.name]
            batches.append((Spill.write(quotes.folder / f"checked-{len(batches)}.arrow", table), batch.notes))
        if dry_run:
            notes = [*left_out, *checked.notes, *(n for _, of_batch in batches for n in of_batch)]
            return self._dry_run(results, checked, [b.num_rows for b, _ in batches], notes)
        loaded = [self._write_players(parts)]
        if checked.tables:
            loaded.append(self._load.write(checked, LABEL, progress))
        for spill, batch_notes in batches:
            batch = CheckedFolder(((PLAYER_POINTS_PROPS, spill.read()),), batch_notes)
            loaded.append(self._load.write(batch, LABEL, progress))
        return _result(results, loaded, left_out)

    def _player_ids(self, parts: Mapping[RowKind, Sequence[_Part]]) -> PlayerIds:
        """Return NBA.com ids by those of other sources: stored ones, then those of this import."""
        ids = {
            (a.source, a.alias): a.player_id
            for a in PlayerAliases(self._warehouse).all()
            if a.kind == ID and not a.is_void
        }
        for part in parts.get(RowKind.PLAYER_IDS, ()):
            columns = ("source", "source_player_id", "player_id")
            rows = zip(*(part.rows.read()[c].to_pylist() for c in columns), strict=True)
            ids = {(source, text): player for source, text, player in rows} | ids
        return ids

    def _write_players(self, parts: Mapping[RowKind, Sequence[_Part]]) -> LoadResult:
        """Store lists of players and tables of ids; ids of unknown players are left out with a note."""
        now = self._clock.now()
        read: Counter[str] = Counter()
        changed: Counter[str] = Counter()
        notes: list[Note] = []
        for part in parts.get(RowKind.PLAYERS, ()):
            read[PLAYERS.name] += part.rows.num_rows
            changed[PLAYERS.name] += self._directory.write(part.rows.read(), part.origin.feed, now)
        for part in parts.get(RowKind.PLAYER_IDS, ()):
            written = AddAliases(self._warehouse).ids(part.rows.read(), part.origin.feed, now)
            read[PLAYER_ALIASES.name] += written.read
            changed[PLAYER_ALIASES.name] += written.changed
            notes += [
                Note(Severity.INFO, part.origin.file, n.reason, n.rows, n.example) for n in written.left_out
            ]
        return LoadResult(dict(read), dict(changed), tuple(notes))

    def _checked(self, resolved: ResolvedReference) -> CheckedFolder:
        """Check games, box scores and reports as one folder; without rows return no tables."""
        has_rows = any(rows.num_rows for rows in resolved.tables.values())
        if not has_rows and not resolved.problems:
            return CheckedFolder((), ())
        checked = self._inspect(resolved.tables, resolved)
        return CheckedFolder(tuple((t, rows) for t, rows in checked.tables if rows.num_rows), checked.notes)

    def _checked_quotes(
        self, batches: Sequence[QuoteBatch], resolved: ResolvedReference, notes: list[Note]
    ) -> Iterator[CheckedFolder]:
        """Yield the checked quotes of each batch; add to ``notes`` what is left out."""
        for batch in batches:
            parts, left_out = resolve_batch(batch, resolved.finder, resolved.player_ids)
            notes += left_out
            quotes = pa.concat_tables([p.rows for p in parts], promote_options="permissive")
            tables = {GAMES: resolved.tables[GAMES], PROP_LINES: quotes.unify_dictionaries()}
            yield self._inspect(tables, resolved, {PROP_LINES: file_of_row(parts, quotes)})

    def _inspect(
        self,
        tables: Mapping[FileContract, pa.Table],
        resolved: ResolvedReference,
        origins: Mapping[FileContract, FileOfRow] | None = None,
    ) -> CheckedFolder:
        """Check rows as one folder; raise ``Rejected`` with the files that bad rows came from."""
        places = resolved.origins | {c.name: o for c, o in (origins or {}).items()}
        problems = list(resolved.problems)
        files, absent = {}, {}
        for contract, rows in tables.items():
            files[contract.name], found = check_rows(contract, rows)
            absent[contract.name] = absent_columns(rows, contract)
            problems += found
        inspected = self._load.inspect(SourceRows(LABEL, files, absent, problems))
        if isinstance(inspected, CheckedFolder):
            return inspected
        raise_problems("import", [_shown(p, places) for p in inspected])
        raise AssertionError

    def _dry_run(
        self,
        results: Sequence[FileResult],
        checked: CheckedFolder,
        quotes: Sequence[int],
        notes: Sequence[Note],
    ) -> ImportResult:
        match_players(self._warehouse, checked.tables, LABEL)
        read = {t.name: rows.num_rows for t, rows in checked.tables}
        if quotes:
            read[PLAYER_POINTS_PROPS.name] = sum(quotes)
        return ImportResult(tuple(results), read, {}, tuple(map(_shown_note, notes)), dry_run=True)


def _shown(problem: Problem, places: Mapping[str, FileOfRow]) -> Problem:
    """Name the file that a problem came from; the number of a row means nothing to its reader."""
    name = NAMES.get(problem.file, problem.file)
    if problem.row is None:
        return replace(problem, file=name)
    file = places[problem.file](problem.row) if problem.file in places else None
    count = f" ({problem.rows:,} rows)" if problem.rows > 1 else ""
    reason = f"{name}: {problem.column} {format_value(problem.value)}: {problem.reason}{count}"
    return Problem(file or LABEL, reason)


def _shown_note(note: Note) -> Note:
    return replace(note, file=NAMES.get(note.file, note.file))


def _result(
    results: Sequence[FileResult], loaded: Sequence[LoadResult], notes: Sequence[Note]
) -> ImportResult:
    """Add up the loads of an import; notes of one kind become one."""
    read: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    unresolved: set[str] = set()
    grouped: dict[tuple[str, str, str], Note] = {}
    for load in loaded:
        read.update(load.read)
        changed.update(load.changed)
        unresolved |= load.unmatched_names
        for note in map(_shown_note, load.notes):
            key = (note.severity.value, note.file, note.reason)
            rows = note.rows + (grouped[key].rows if key in grouped else 0)
            grouped[key] = replace(grouped.get(key, note), rows=rows)
    return ImportResult(
        tuple(results),
        dict(read),
        dict(changed),
        (*notes, *grouped.values()),
        sum(load.replaced for load in loaded),
        len(unresolved),
    )
