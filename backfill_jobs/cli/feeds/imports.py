"""``props import``: files of feeds into the warehouse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backfill_jobs.cli.dates import End, Start, date_option
from backfill_jobs.cli.framework import FINDING, DryRun, Json, connect_backend
from backfill_jobs.cli.output import show, show_table
from backfill_jobs.cli.progress import Bars
from shared.errors import NotFound

if TYPE_CHECKING:
    from shared.application.feeds.rows import FeedNote
    from shared.application.importing.import_files import ImportResult
    from shared.application.importing.sources import FileSource


def import_files(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FEED] PATH...", help="Files and folders; a feed's name before them is optional."
        ),
    ] = None,
    day: Annotated[
        date | None, date_option("Game date of files that state none; else the one in their name.", "--date")
    ] = None,
    player: Annotated[str | None, typer.Option(help="Player of a game log that names none.")] = None,
    from_raw: Annotated[
        bool, typer.Option("--from-raw", help="Import what props fetch stored, of one FEED or all, again.")
    ] = False,
    start_date: Start = None,
    end_date: End = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Import files of feeds: recognise and read them, find games and players, and add the rows.

    If a file cannot be read or a row is invalid, nothing is changed. Importing a file again changes nothing.
    Exit code 1 if a file is refused, or if rows must be reviewed.
    """
    from shared.application.feeds.registry import BY_NAME
    from shared.application.fetching.fetch import stored_files
    from shared.application.importing.import_files import ImportFiles
    from shared.application.importing.sources import files_of

    if not from_raw and (start_date or end_date):
        raise typer.BadParameter("--start-date and --end-date belong to --from-raw")
    paths = list(arguments or ())
    feed = paths.pop(0) if paths and paths[0] in BY_NAME and not Path(paths[0]).exists() else None
    if bool(paths) is from_raw:
        raise typer.BadParameter("expected one or more files or folders, or --from-raw without any")
    backend = connect_backend()
    sources: Sequence[FileSource]
    skipped: list[Path] = []
    if from_raw:
        first, last = _span(start_date, end_date)
        sources = stored_files(backend.raw, first, last, feed)
        if not sources:
            raise NotFound(f"no stored response from {first} to {last}, expected one that props fetch stored")
    else:
        sources, skipped = files_of(map(Path, paths), day, player)
    with Bars() as bars:
        result = ImportFiles(backend.warehouse, backend.clock)(sources, feed, dry_run, bars)
    show(as_json, import_value(result, skipped), import_lines(result, skipped))
    if any(note.is_finding for note in result.notes) or result.unresolved:
        raise typer.Exit(FINDING)


def _span(first: date | None, last: date | None) -> tuple[date, date]:
    from shared.domain.game_dates import FIRST, LAST

    return first or FIRST, last or LAST


def list_feeds(as_json: Json = False) -> None:
    """List the feeds that ``props import`` reads."""
    from shared.application.feeds.registry import FEEDS

    rows = [(feed.name, feed.title) for feed in FEEDS]
    value = {"feeds": [{"name": name, "title": title} for name, title in rows]}
    show_table(as_json, value, ("feed", "files"), rows, "no feeds")


def import_value(result: ImportResult, skipped: Sequence[Path] = ()) -> dict[str, object]:
    return {
        "files": [
            {"name": f.name, "feed": f.feed, "rows": f.rows, "notes": [vars(n) for n in f.notes]}
            for f in result.files
        ],
        "skipped": [str(path) for path in skipped],
        "read": result.read,
        "changed": result.changed,
        "notes": [{k: v for k, v in vars(note).items() if k != "dates"} for note in result.notes],
        "replaced": result.replaced,
        "unresolved": result.unresolved,
        "dry_run": result.dry_run,
    }


def import_lines(result: ImportResult, skipped: Sequence[Path] = ()) -> list[str]:
    """Return the files of each feed together, then rows by table, then what to look at."""
    lines = []
    for feed in dict.fromkeys(f.feed for f in result.files):
        files = [f for f in result.files if f.feed == feed]
        rows: Counter[str] = Counter()
        for file in files:
            rows.update(file.rows)
        found = ", ".join(counted(n, kind.removesuffix("s")) for kind, n in rows.items() if n) or "no rows"
        lines.append(f"{feed}: {counted(len(files), 'file')}, {found}")
        lines += _note_lines([(Path(f.name).name, note) for f in files for note in f.notes])
    if skipped:
        lines.append(f"{counted(len(skipped), 'file')} not read: {', '.join(p.name for p in skipped[:3])}")
    for table, count in result.read.items():
        changes = "" if result.dry_run else f", {result.changed[table]:,} new or changed"
        lines.append(f"{table}: {counted(count, 'row')}{changes}")
    if result.replaced:
        lines.append(f"{result.replaced:,} rows replaced; their earlier versions are in nba_raw.row_versions")
    lines += map(str, result.notes)
    if result.unresolved:
        lines.append(f"{counted(result.unresolved, 'name')} without a player -> props players unresolved")
    if result.dry_run:
        lines.append("dry run: nothing was written")
    return lines


def _note_lines(notes: list[tuple[str, FeedNote]]) -> list[str]:
    """Return one line for each kind of note, with the first file that has it."""
    rows: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for file, note in notes:
        rows[note.reason] += note.rows
        examples.setdefault(note.reason, f"{file}, {note.example}" if note.example else file)
    return [
        f"  {reason}{f': {count:,}' if count else ''}; the first: {examples[reason]}"
        for reason, count in rows.items()
    ]


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
