"""Store earlier versions of loaded rows before a later load replaces them."""

from __future__ import annotations

import secrets
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion.player_changes import apply_player_changes, find_player_changes
from shared.application.players.aliases import KnownAliases
from shared.domain.arrays import Bools
from shared.domain.market.lines import no_vig_over
from shared.ports import Warehouse
from shared.schemas.reference import (
    INJURY_REPORT,
    NBA_SCHEDULE,
    PLAYER_GAME_SUMMARY,
    PLAYER_POINTS_PROPS,
)
from shared.schemas.table import Table
from shared.warehouse.history import bools, date_span, floats, with_column
from shared.warehouse.row_versions import store_versions
from shared.warehouse.statements import statement

STORED_ROWS = {
    NBA_SCHEDULE.name: "stored_games",
    PLAYER_GAME_SUMMARY.name: "stored_box_scores",
    PLAYER_POINTS_PROPS.name: "stored_quotes",
    INJURY_REPORT.name: "stored_injury_reports",
}
"""The statement that reads the rows of each loaded table."""

SNAPSHOT_KEY = ("game_date", "game_id", "bookmaker", "book_type", "captured_at", "source")
"""Columns that identify, with the player, one book's quotes at one instant."""

FAR_FROM_EVEN = 0.15
"""No-vig probability of OVER, from one half, beyond which a quote replaces no main line."""


class RowHistory:
    """Writes rows of a load over the stored ones, NULL included, and stores the earlier versions.

    Use one object per load: every earlier version gets its ``load_id`` and ``replaced_at``.
    """

    def __init__(self, warehouse: Warehouse, now: datetime) -> None:
        self._warehouse, self._now = warehouse, now
        self.load_id = secrets.token_hex(6)
        self.stored_versions = 0
        """Earlier versions stored so far."""

    def write(self, table: Table, rows: pa.Table) -> int:
        """Write rows of a loaded table; return the number of rows that are new or changed.

        The earlier versions are stored first. A load that stops in between and is repeated stores them twice.
        """
        if rows.num_rows == 0:
            return 0
        if table is PLAYER_POINTS_PROPS:
            rows = rows.append_column("withdrawn_at", pa.nulls(rows.num_rows, pa.timestamp("us", "UTC")))
        self._store_versions(table, replaced_rows(table, self._stored(table, rows), rows))
        return self._warehouse.upsert(table, rows, replace=True)

    def withdraw_quotes(self, rows: pa.Table) -> int:
        """Mark stored quotes that ``rows``, all quotes of a load, replace; return how many."""
        if rows.num_rows == 0:
            return 0
        withdrawn = withdrawn_quotes(self._stored(PLAYER_POINTS_PROPS, rows), rows)
        if withdrawn.num_rows == 0:
            return 0
        self._store_versions(PLAYER_POINTS_PROPS, withdrawn)
        times = pa.array([self._now] * withdrawn.num_rows, pa.timestamp("us", "UTC"))
        marked = with_column(withdrawn, "withdrawn_at", times)
        return self._warehouse.upsert(PLAYER_POINTS_PROPS, marked, replace=True)

    def change_players(self, table: Table, rows: pa.Table, aliases: KnownAliases) -> int:
        """Give stored rows the player that ``rows``, all of a load, have for their name; return how many.

        See ``player_changes``. Call it before ``write``, which then finds the rows under their new key.
        """
        changes = find_player_changes(self._warehouse, table, rows, aliases)
        if not changes:
            return 0
        self._store_versions(table, pa.concat_tables([c.stored for c in changes]))
        return apply_player_changes(self._warehouse, table, changes)

    def _stored(self, table: Table, rows: pa.Table) -> pa.Table:
        first, last = date_span(rows)
        return self._warehouse.query(statement(STORED_ROWS[table.name], first=first, last=last))

    def _store_versions(self, table: Table, versions: pa.Table) -> None:
        store_versions(self._warehouse, table, versions.to_pylist(), self.load_id, self._now)
        self.stored_versions += versions.num_rows


def replaced_rows(table: Table, stored: pa.Table, rows: pa.Table) -> pa.Table:
    """Return the stored rows that differ from the row of the same key in ``rows``, in a column of both."""
    before, after = _pairs(stored, rows, table.key)
    differs = np.zeros(before.num_rows, dtype=np.bool_)
    for column in rows.column_names:
        if column not in table.key and column not in table.stamps:
            differs |= _differs(before[column], after[column])
    return before.filter(pa.array(differs))


def withdrawn_quotes(stored: pa.Table, rows: pa.Table) -> pa.Table:
    """Return the stored quotes that ``rows`` replaces: same book, player, game and instant, and not repeated.

    A main line replaces a main line; another line only a quote of the same line. Quotes without an instant
    replace nothing, since both of two such quotes may have been valid.
    """
    stored = stored.filter(pc.is_null(stored["withdrawn_at"]))
    repeated = pc.is_in(stored["quote_id"], value_set=rows["quote_id"].combine_chunks())
    candidates = stored.filter(pc.and_(pc.invert(repeated), pc.is_valid(stored["captured_at"])))
    if candidates.num_rows == 0:
        return candidates
    instants = rows["captured_at"].combine_chunks().cast(candidates["captured_at"].type)
    candidates = candidates.filter(pc.is_in(candidates["captured_at"], value_set=instants))
    if candidates.num_rows == 0:
        return candidates
    rows = rows.filter(pc.is_in(instants, value_set=candidates["captured_at"].combine_chunks()))
    snapshots = pa.array(_snapshots(candidates))
    return candidates.filter(pc.is_in(snapshots, value_set=pa.array(sorted(set(_snapshots(rows))))))


def _snapshots(quotes: pa.Table) -> list[str]:
    """Return one text for each quote: its snapshot, and its line unless it is the main one.

    A quote far from even is an alternate line, even if its source marks it as main.
    """
    players = pc.coalesce(pc.cast(quotes["player_id"], pa.string()), quotes["player_lookup"])
    columns = [players.to_pylist(), *(quotes[c].to_pylist() for c in (*SNAPSHOT_KEY, "points_line"))]
    over, under = floats(quotes["over_price"]), floats(quotes["under_price"])
    is_far = np.abs(no_vig_over(over, under) - 0.5) > FAR_FROM_EVEN
    main = (bools(quotes["is_main"]) & ~is_far).tolist()
    return [repr((*key, "main" if m else line)) for *key, line, m in zip(*columns, main, strict=True)]


def _pairs(stored: pa.Table, rows: pa.Table, key: tuple[str, ...]) -> tuple[pa.Table, pa.Table]:
    """Return the stored and the incoming rows of the same keys, in the same order."""
    left = stored.select(list(key)).append_column("before", pa.array(np.arange(stored.num_rows)))
    right = rows.select(list(key)).append_column("after", pa.array(np.arange(rows.num_rows)))
    left = left.cast(
        pa.schema([right.schema.field(k).with_nullable(True) for k in key] + [left.field("before")])
    )
    both = left.join(right, list(key), join_type="inner").sort_by("before")
    return stored.take(both["before"]), rows.take(both["after"])


def _differs(before: pa.ChunkedArray, after: pa.ChunkedArray) -> Bools:
    """(n,) whether two columns differ; NULL equals NULL only."""
    only_one_null = pc.xor(pc.is_null(before), pc.is_null(after))
    unequal = pc.fill_null(pc.not_equal(before, after.cast(before.type)), False)
    return np.asarray(pc.or_(only_one_null, unequal).to_numpy(), dtype=np.bool_)
