"""Quotes of the points market: the line of a player, and the probability of its prices."""

from __future__ import annotations

import numpy as np

from shared.domain.arrays import Bools, Floats, Ints, Strings
from shared.domain.instants import SECOND, UNKNOWN

BOOK_CASCADE = ("draftkings", "fanduel", "betmgm", "williamhill_us", "pointsbetus")
"""Books in order of preference; after them other sportsbooks by name, then pick'em sites by name."""

MAX_QUOTE_AGE = 96 * 3600 * SECOND
"""An older quote, as of the game, is not the line. Books post a game one to three days ahead
(the oldest that was still the newest of its book, of 9,012 real player-games, was 76 hours old)."""


def book_rank(book: Strings, book_type: Strings) -> Ints:
    """Return the position of each quote's book in the cascade; equal only for the same book."""
    kinds = dict(zip(book.tolist(), book_type.tolist(), strict=True))

    def sort_key(name: str) -> tuple[int, int, str]:
        position = BOOK_CASCADE.index(name) if name in BOOK_CASCADE else len(BOOK_CASCADE)
        return (kinds[name] != "sportsbook", position, name)

    ranks = {name: i for i, name in enumerate(sorted(kinds, key=sort_key))}
    return np.array([ranks[name] for name in book.tolist()], dtype=np.int64)


def usable(captured: Ints, as_of: Ints, allow_undated: bool) -> Bools:
    """Return whether each quote was captured before ``as_of``; a quote without a time only if allowed."""
    return np.where(captured != UNKNOWN, captured < as_of, allow_undated)


def fresh(captured: Ints, as_of: Ints, max_age: int = MAX_QUOTE_AGE) -> Bools:
    """Return whether each quote is new enough to be the line; a quote without a time always is."""
    return np.asarray((captured == UNKNOWN) | (captured >= as_of - max_age))


def newest(group: Ints, captured: Ints, rows: Ints, groups: int) -> Ints:
    """Return the quote of ``rows`` that was captured last in each of ``groups``, -1 without one."""
    latest = np.full(groups, -1, np.int64)
    order = rows[np.lexsort((rows, captured[rows], group[rows]))]
    latest[group[order]] = order
    return latest


def choose(
    group: Ints,
    rank: Ints,
    captured: Ints,
    as_of: Ints,
    allow_undated: bool,
    groups: int,
    evenness: tuple[Floats, Floats] | None = None,
    max_age: int = MAX_QUOTE_AGE,
) -> tuple[Ints, Ints]:
    """Return the current and the opening quote of each of ``groups`` player-games, -1 without one.

    ``captured``, ``as_of``: microseconds, one per quote; ``captured`` is ``UNKNOWN`` for an undated quote,
    which has a day only. A quote is usable if captured before its game's ``as_of``; an undated one counts
    as captured at the cut-off and is usable only with ``allow_undated``. Current is the latest usable quote
    of the best-ranked book, dated before undated ones, none older than ``max_age``; opening is that book's
    earliest. Of several quotes of one book and instant the first by ``evenness`` is used, which is
    ``by_evenness`` of all quotes.
    """
    dated = captured != UNKNOWN
    allowed = usable(captured, as_of, allow_undated)
    zeros = np.zeros(len(group))
    uneven, line = evenness or (zeros, zeros)
    current = np.full(groups, -1, np.int64)
    opening = np.full(groups, -1, np.int64)
    rows = np.flatnonzero(allowed & fresh(captured, as_of, max_age))
    latest = np.where(dated, -captured, 1)[rows]
    order = rows[np.lexsort((rows, line[rows], uneven[rows], latest, ~dated[rows], rank[rows], group[rows]))]
    first = np.ones(len(order), np.bool_)
    first[1:] = group[order][1:] != group[order][:-1]
    current[group[order[first]]] = order[first]
    rows = np.flatnonzero(allowed & (current[group] >= 0)) if groups else rows
    same_book = rows[rank[rows] == rank[current[group[rows]]]]
    earliest = np.where(dated, captured, 0)[same_book]
    keys = (same_book, line[same_book], uneven[same_book], earliest, ~dated[same_book], group[same_book])
    order = same_book[np.lexsort(keys)][::-1]
    opening[group[order]] = order
    return current, opening


def by_evenness(line: Floats, over_price: Floats, under_price: Floats) -> tuple[Floats, Floats]:
    """Return two sort keys of quotes: how far the market is from even on the line, and the line.

    The main line of a book is the one on which OVER is nearest to a probability of one half, margin
    removed; between two equally near lines, the lower one. A quote without both prices comes last.
    """
    distance = np.abs(no_vig_over(over_price, under_price) - 0.5)
    return np.where(np.isnan(distance), 1.0, distance.round(9)), line


def main_quotes(
    group: Ints, line: Floats, over_price: Floats, under_price: Floats, other_books: Floats
) -> Bools:
    """Mark one quote of each group, the nearest to even by ``by_evenness``.

    Of equally near quotes the one nearest to ``other_books`` is main, the median line of the player's other
    books, NaN without any; then the lower line, then the first in input order.
    """
    uneven, lower = by_evenness(line, over_price, under_price)
    distance = np.nan_to_num(np.abs(line - other_books))
    order = np.lexsort((np.arange(len(group)), lower, distance, uneven, group))
    main = np.zeros(len(group), np.bool_)
    main[order[np.flatnonzero(np.diff(group[order], prepend=-1))]] = True
    return main


def modal_line(group: Ints, line: Floats, groups: int) -> Floats:
    """Return each group's most frequent main line; on ties the nearest to the median, then the lower."""
    modal = np.full(groups, np.nan)
    for g in np.unique(group):
        values, counts = np.unique(line[group == g], return_counts=True)
        best = values[counts == counts.max()]
        middle = np.median(line[group == g])
        modal[g] = best[np.argmin(np.abs(best - middle))]
    return modal


def no_vig_over(over_price: Floats, under_price: Floats) -> Floats:
    """Return the market's probability 0-1 of OVER from both prices in American odds, margin removed."""
    over, under = _implied(np.array([over_price, under_price]))
    return np.asarray(over / (over + under))


def payout(price: Floats) -> Floats:
    """Return the profit on a stake of 1 at American odds."""
    return np.where(price > 0, price / 100.0, 100.0 / np.abs(price))


def _implied(price: Floats) -> Floats:
    size = np.abs(price)
    return np.where(price < 0, size, 100.0) / (size + 100.0)
