"""Columns derived from quotes: book type, precision, and the one main quote of a book and instant."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion.file_contracts import LINES_FILE
from shared.application.ingestion.groups import group_numbers
from shared.application.ingestion.problems import Note, Problem, problems_of
from shared.domain.arrays import Floats, Ints
from shared.domain.findings import Severity
from shared.domain.market.bookmakers import book_type
from shared.domain.market.lines import main_quotes
from shared.warehouse.history import bools, date_span, floats, with_column


def fill_type_and_precision(quotes: pa.Table) -> pa.Table:
    """Fill a null ``book_type`` by the book, a null ``snapshot_precision`` by whether there is an instant.

    The precision is 'quote' with an instant and 'date' without one. The type of a book that is not listed in
    ``shared.domain.market.bookmakers`` stays null.
    """
    coded = pc.dictionary_encode(quotes["bookmaker"]).combine_chunks()
    by_book = pa.array([book_type(w) for w in coded.dictionary.to_pylist()], pa.string()).take(coded.indices)
    by_instant = pc.if_else(pc.is_valid(quotes["snapshot_time_utc"]), "quote", "date")
    for name, values in (("book_type", by_book), ("snapshot_precision", by_instant)):
        quotes = with_column(quotes, name, pc.coalesce(quotes[name], values))
    return quotes


def problems_of_book_types(quotes: pa.Table) -> list[Problem]:
    unknown = pc.and_(pc.is_null(quotes["book_type"]), pc.is_valid(quotes["bookmaker"]))
    reason = "has no book_type and is not a known book, expected sportsbook or dfs"
    return problems_of(LINES_FILE, "bookmaker", quotes["bookmaker"], unknown, reason)


def with_one_main_quote(quotes: pa.Table) -> tuple[pa.Table, list[Note]]:
    """Return quotes with at most one main quote of each game, player, book and instant.

    If the source marks several as main, ``main_quotes`` selects one: price nearest to even without margin,
    then line nearest to the player's other books, then the lower line. The others become alternate quotes.
    """
    candidate = np.flatnonzero(bools(quotes["is_main"]))
    if not len(candidate):
        return quotes, []
    key = ("game_id", "player_lookup", "player_id", "bookmaker", "captured_at")
    keys = quotes.select(key).take(pa.array(candidate))
    group = group_numbers(keys)
    line, over, under = (floats(quotes[c])[candidate] for c in ("points_line", "over_price", "under_price"))
    is_selected = main_quotes(group, line, over, under, _lines_of_other_books(keys, group, line))
    demoted = candidate[~is_selected]
    if not len(demoted):
        return quotes, []
    is_main = bools(quotes["is_main"]).copy()
    is_main[demoted] = False
    row = demoted[0]
    book, player, line = (quotes[c][row].as_py() for c in ("bookmaker", "player_lookup", "points_line"))
    note = Note(
        Severity.WARNING,
        LINES_FILE,
        "one of several main lines of a book, player and instant, kept as an alternate: the line nearest to "
        "even is the main one, at equal prices the one nearest to other books",
        len(demoted),
        f"{book}, {player}, line {line:g}",
        date_span(quotes.take(pa.array(demoted))),
    )
    return with_column(quotes, "is_main", pa.array(is_main)), [note]


def _lines_of_other_books(keys: pa.Table, group: Ints, line: Floats) -> Floats:
    """Return the median line of the player's other books; NaN without any, or if a quote has no rival."""
    medians = np.full(len(line), np.nan)
    contested = np.bincount(group)[group] > 1
    player = group_numbers(keys.select(("game_id", "player_lookup", "player_id")))
    book = group_numbers(keys.select(("bookmaker",)))
    order = np.argsort(player, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(player[order])) + 1):
        for row in rows[contested[rows]]:
            others = line[rows[book[rows] != book[row]]]
            if len(others):
                medians[row] = np.median(others)
    return medians


def teams_of_players(quotes: pa.Table) -> tuple[pa.Array, list[Note]]:
    """Return the player's team of each quote; null, with a note, where it does not play in the game."""
    team = quotes["team"]
    plays = pc.or_(pc.equal(team, quotes["home_team"]), pc.equal(team, quotes["away_team"]))
    is_other_team = pc.and_(pc.is_valid(team), pc.invert(pc.fill_null(plays, False)))
    count = pc.sum(is_other_team).as_py() or 0
    if not count:
        return team, []
    row = pc.index(is_other_team, True).as_py()
    example = f"row {row}, {quotes['player_name'][row].as_py()}, {team[row].as_py()}"
    reason, dates = "team does not play in this game, left out", date_span(quotes.filter(is_other_team))
    note = Note(Severity.WARNING, LINES_FILE, reason, count, example, dates)
    return pc.if_else(is_other_team, None, team), [note]
