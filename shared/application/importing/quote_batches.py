"""Quotes of many files in batches on disk: read from each file once, resolved and checked together."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from shared.application.feeds.raw_file import FeedError
from shared.application.feeds.rows import RowKind
from shared.application.importing.games import GameFinder
from shared.application.importing.merge import Part
from shared.application.importing.resolve import Origin, PlayerIds, Resolved, resolve
from shared.application.importing.spill import Spill
from shared.application.ingestion.problems import Note

BATCH_ROWS = 150_000
"""Quotes that are held, checked and written together; a file is never split."""


@dataclass(frozen=True)
class QuoteBatch:
    """Rows of one feed's files, one file after the other; ``sizes``: the rows of each file."""

    origins: tuple[Origin, ...]
    sizes: tuple[int, ...]
    rows: Spill

    def parts(self) -> list[tuple[Origin, pa.Table]]:
        """Return the rows of each file."""
        rows, start, parts = self.rows.read(), 0, []
        for origin, size in zip(self.origins, self.sizes, strict=True):
            parts.append((origin, rows.slice(start, size)))
            start += size
        return parts


@dataclass
class QuoteSpiller:
    """Collects the quotes of files, and writes them to disk when there are enough or the feed changes."""

    folder: Path
    batches: list[QuoteBatch] = field(default_factory=list)
    _held: list[tuple[Origin, pa.Table]] = field(default_factory=list)

    def add(self, origin: Origin, rows: pa.Table) -> None:
        if self._held and self._held[-1][0].feed != origin.feed:
            self.flush()
        self._held.append((origin, rows))
        if sum(rows.num_rows for _, rows in self._held) >= BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        if not self._held:
            return
        origins, tables = zip(*self._held, strict=True)
        rows = pa.concat_tables(tables, promote_options="permissive").unify_dictionaries()
        spill = Spill.write(self.folder / f"quotes-{len(self.batches)}.arrow", rows)
        self.batches.append(QuoteBatch(origins, tuple(t.num_rows for t in tables), spill))
        self._held = []


def resolve_batch(
    batch: QuoteBatch, finder: GameFinder, player_ids: PlayerIds
) -> tuple[list[Part], list[Note]]:
    """Return the quotes of a batch with their games, and notes on those that are left out.

    All files at once; where something is wrong, each file alone, so that messages name the file.
    """
    together = Origin(f"{len(batch.origins)} files", batch.origins[0].feed, batch.origins[0].id_space)
    try:
        found = resolve(RowKind.QUOTES, batch.rows.read(), together, finder, player_ids)
    except FeedError:
        if len(batch.origins) == 1:
            raise
        found = None
    if found is not None and not found.notes:
        return _split(batch, found), []
    parts: list[Part] = []
    notes: list[Note] = []
    for origin, rows in batch.parts():
        alone = resolve(RowKind.QUOTES, rows, origin, finder, player_ids)
        parts.append(Part(origin.file, alone.rows))
        notes += alone.notes
    return parts, notes


def _split(batch: QuoteBatch, resolved: Resolved) -> list[Part]:
    start, parts = 0, []
    for origin, size in zip(batch.origins, batch.sizes, strict=True):
        parts.append(Part(origin.file, resolved.rows.slice(start, size)))
        start += size
    return parts
