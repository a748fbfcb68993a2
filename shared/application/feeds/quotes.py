"""Rules that all feeds of odds share: pairs of Over and Under, main lines, American odds, times and dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from shared.application.feeds.raw_file import SHOWN, FeedError
from shared.application.feeds.rows import FeedNote, FeedRows, RowKind, feed_table
from shared.domain.arrays import Bools, Floats, Ints
from shared.domain.instants import UNKNOWN, eastern_date, to_day, to_micros
from shared.domain.market.bookmakers import PICKEM, book_key, book_type
from shared.domain.market.lines import by_evenness

POINTS, ALTERNATE = "player_points", "player_points_alternate"
"""Keys of The Odds API: the market of points, and its additional lines, of which none is a main line."""

SPORT = "basketball_nba"

Place = Callable[[int], str]
"""Returns where in its file a value of an array is."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class Event(NamedTuple):
    """A game in a feed's words. Without ``tipoff`` it is on ``day`` or at most ``days_later`` after it."""

    event_id: str | None
    home_team: str
    away_team: str
    tipoff: datetime | None = None
    day: date | None = None
    days_later: int = 0


class Listing(NamedTuple):
    """One book's prices for an event at one time; ``precision`` is quote, requested or date."""

    event: Event
    bookmaker: str
    taken_at: datetime | None
    precision: str


@dataclass(frozen=True)
class Sides:
    """Outcomes in the order of the file. ``listing`` and ``player`` are positions in lists of their own."""

    listing: Ints
    player: Ints
    line: Floats
    price: Floats
    is_under: Bools
    is_alternate: Bools


@dataclass(frozen=True)
class Pairs:
    """Quotes: both prices of a line, NaN for a side that is not offered."""

    listing: Ints
    player: Ints
    line: Floats
    over: Floats
    under: Floats
    is_alternate: Bools

    def select(self, rows: Ints | Bools) -> Pairs:
        return Pairs(
            self.listing[rows],
            self.player[rows],
            self.line[rows],
            self.over[rows],
            self.under[rows],
            self.is_alternate[rows],
        )


def pair(sides: Sides) -> Pairs:
    """Pair the first Over of a listing, market, player and line with the first Under, and so on.

    A side without its other side leaves that price NaN. The pairs are in the order of ``_quote_keys``.
    """
    if not len(sides.line):
        return Pairs(sides.listing, sides.player, sides.line, sides.price, sides.price, sides.is_alternate)
    keys = _quote_keys(sides) * 2 + sides.is_alternate
    order = np.argsort(keys * 2 + sides.is_under, kind="stable")
    under, keys = sides.is_under[order], keys[order]
    repetition = _position_in_run(_starts(keys * 2 + under))
    if repetition.any():
        again = np.lexsort((under, repetition, keys))
        order, under, keys, repetition = order[again], under[again], keys[again], repetition[again]
    first = np.flatnonzero(_starts(keys) | (np.diff(repetition, prepend=-1) != 0))
    last = np.append(first[1:], len(order)) - 1
    price = sides.price[order]
    rows = order[first]
    return Pairs(
        sides.listing[rows],
        sides.player[rows],
        sides.line[rows],
        np.where(under[first], np.nan, price[first]),
        np.where(under[last], price[last], np.nan),
        sides.is_alternate[rows],
    )


def first_of_each(pairs: Pairs) -> tuple[Pairs, Ints]:
    """Return one quote of each listing, player and line, sorted by them, and rows that have other prices.

    The first in input order counts, one of the market of points before one of the additional lines.
    """
    keys = _quote_keys(pairs)
    order = np.argsort(keys * 2 + pairs.is_alternate, kind="stable")
    starts = _starts(keys[order])
    if starts.all():
        return pairs.select(order), np.array([], np.int64)
    kept = order[starts][np.cumsum(starts) - 1]
    same = np.ones(len(order), np.bool_)
    for prices in (pairs.over, pairs.under):
        ours, others = prices[kept], prices[order]
        same &= (ours == others) | (np.isnan(ours) & np.isnan(others))
    return pairs.select(order[starts]), order[~same]


def main_lines(pairs: Pairs) -> Bools:
    """Return whether each quote is its book's main line for the player; ``pairs`` as of ``first_of_each``.

    Main is the quote with both prices that is nearest to even, the lower line on a tie. A quote with one
    price, or with none, is main only as the single quote of its book for the player. An additional line is
    never main.
    """
    main = np.zeros(len(pairs.line), np.bool_)
    rows = np.flatnonzero(~pairs.is_alternate)
    starts = _starts(pairs.listing[rows] * (pairs.player.max(initial=0) + 1) + pairs.player[rows])
    group = np.cumsum(starts) - 1
    single = np.bincount(group)[group] == 1
    main[rows[single]] = True
    rows, group = rows[~single], group[~single]
    if len(rows):
        uneven, _ = by_evenness(pairs.line[rows], pairs.over[rows], pairs.under[rows])
        begins = _starts(group)
        least = np.minimum.reduceat(uneven, np.flatnonzero(begins))[np.cumsum(begins) - 1]
        nearest = np.flatnonzero((uneven == least) & (uneven < 1.0))
        main[rows[nearest[_starts(group[nearest])]]] = True
    return main


def quote_rows(
    listings: Sequence[Listing], players: pa.Array, pairs: Pairs, notes: Sequence[FeedNote] = ()
) -> FeedRows:
    """Return the table of the quotes that count, and ``notes`` with those on quotes that are left out."""
    kept, others = first_of_each(pairs)

    def example(pairs: Pairs, row: int) -> str:
        book = listings[pairs.listing[row]].bookmaker
        return f"{players[int(pairs.player[row])]} {pairs.line[row]:g} at {book}"

    found = list(notes)
    if len(others):
        reason = "quotes were listed twice with other prices; the first counts"
        found.append(FeedNote(reason, len(others), example(pairs, int(others[0]))))
    in_play = np.array([_is_in_play(listing) for listing in listings], np.bool_)[kept.listing]
    unpriced = np.isnan(kept.over) & np.isnan(kept.under)
    unpriced &= np.array([_type(x.bookmaker) != PICKEM for x in listings], np.bool_)[kept.listing]
    for reason, left_out in (
        ("quotes taken at or after the tip-off", in_play),
        ("quotes without a price", unpriced & ~in_play),
    ):
        if left_out.any():
            rows = np.flatnonzero(left_out)
            found.append(FeedNote(reason, len(rows), example(kept, int(rows[0]))))
    kept = kept.select(~(in_play | unpriced))
    if not len(kept.line):
        return FeedRows({}, found)
    return FeedRows({RowKind.QUOTES: _table(listings, players, kept)}, found)


def _table(listings: Sequence[Listing], players: pa.Array, pairs: Pairs) -> pa.Table:
    rows, events = pairs.listing, [listing.event for listing in listings]
    days = np.array([to_day(_game_date(e)) for e in events], np.int32)
    taken = [UNKNOWN if x.taken_at is None else to_micros(x.taken_at) for x in listings]
    micros = np.array(taken, np.int64)[rows]
    return feed_table(
        RowKind.QUOTES,
        {
            "event_id": _texts([e.event_id for e in events], rows),
            "game_date": pa.array(days[rows]).view(pa.date32()),
            "days_later": pa.array(np.array([e.days_later for e in events], np.int64)[rows]),
            "home_team": _texts([e.home_team for e in events], rows),
            "away_team": _texts([e.away_team for e in events], rows),
            "player_name": pa.DictionaryArray.from_arrays(pa.array(pairs.player.astype(np.int32)), players),
            "bookmaker": _texts([x.bookmaker for x in listings], rows),
            "book_type": _texts([_type(x.bookmaker) for x in listings], rows),
            "line": pa.array(pairs.line),
            "over_price": _integers(pairs.over),
            "under_price": _integers(pairs.under),
            "is_main": pa.array(main_lines(pairs)),
            "snapshot_time_utc": _masked(micros, micros == UNKNOWN).view(pa.timestamp("us", "UTC")),
            "snapshot_precision": _texts([x.precision for x in listings], rows),
        },
    )


def _texts(values: Sequence[str | None], rows: Ints) -> pa.Array:
    """Return ``values`` of ``rows``, dictionary-encoded. Plain Python: a file has few listings."""
    distinct = [value for value in dict.fromkeys(values) if value is not None]
    numbers = {value: i for i, value in enumerate(distinct)}
    codes = np.array([-1 if value is None else numbers[value] for value in values], np.int32)[rows]
    indices = _masked(codes, codes < 0) if None in values else pa.array(codes)
    return pa.DictionaryArray.from_arrays(indices, pa.array(distinct, pa.string()))


def _masked(values: Any, missing: Bools) -> pa.Array:
    return pa.array(values, mask=missing) if missing.any() else pa.array(values)


def other_markets(counts: dict[str, int]) -> list[FeedNote]:
    """Return the note on rows that are not of points, by market."""
    if not counts:
        return []
    ordered = sorted(counts.items(), key=lambda x: (-x[1], x[0]))
    named = ", ".join(f"{name} {n}" for name, n in ordered[:SHOWN])
    if len(ordered) > SHOWN:
        named += f" and {len(ordered) - SHOWN} more"
    return [FeedNote(f"rows of other markets: {named}", sum(counts.values()))]


def check_prices(file: str, prices: Floats, place: Place) -> None:
    """Raise ``FeedError`` for the first price, NaN apart, that is not American."""
    size = np.abs(prices)
    wrong = ~(np.isnan(prices) | ((size >= 100) & (size < 1e9) & (prices == np.rint(prices))))
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    given = prices[~np.isnan(prices)]
    if ((given > 1) & (given < 100)).all():
        raise FeedError(file, f"price {prices[row]:g}, decimal odds", "American odds", place(row))
    expected = "American odds, a whole number of at least 100 or at most -100"
    raise FeedError(file, f"price {prices[row]:g}", expected, place(row))


def check_lines(file: str, lines: Floats, place: Place) -> None:
    """Raise ``FeedError`` for the first line that is not a positive multiple of one half."""
    wrong = ~((lines > 0) & (lines < 1000) & (lines * 2 == np.rint(lines * 2)))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise FeedError(file, f"line {lines[row]:g}", "a positive multiple of 0.5", place(row))


def american(file: str, text: str, place: str) -> float:
    """Return the number of a price in text, ``+100`` or ``-120.0``, not checked any further."""
    if not _NUMBER.fullmatch(text.strip()):
        raise FeedError(file, f"price {text!r}", "American odds such as -110 or +100", place)
    return float(text)


def numbers(file: str, column: str, texts: pa.ChunkedArray, place: Place) -> Floats:
    """Return the numbers of a column of text, NaN for an empty cell."""
    codes, values = encoded(texts)
    parsed = np.full(len(values) + 1, np.nan)
    for i, value in enumerate(values):
        if not _NUMBER.fullmatch(value.strip()):
            row = int(np.argmax(codes == i))
            raise FeedError(file, f"{column} {value!r}", "a number", place(row))
        parsed[i] = float(value)
    return parsed[codes]


def encoded(texts: pa.Array | pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Return codes, -1 for null, and the distinct texts in the order of their first row."""
    array = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    coded = array.dictionary_encode()
    indices = coded.indices.fill_null(-1) if coded.null_count else coded.indices
    return np.asarray(indices).astype(np.int64), coded.dictionary.to_pylist()


def instant(file: str, column: str, text: str, place: str) -> datetime:
    """Return an instant of ISO text with a zone, in UTC."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FeedError(file, f"{column} {text!r}", "a time such as 2025-01-31T00:10:00Z", place)
    return moment.astimezone(UTC)


def teams_of(file: str, game: str, place: str) -> tuple[str, str]:
    """Return the away and the home team of ``away @ home``."""
    parts = [part.strip() for part in game.split("@")]
    if len(parts) != 2 or not all(parts):
        raise FeedError(file, f"game {game!r}", "away @ home", place)
    return parts[0], parts[1]


def check_book(file: str, name: str, place: str) -> str:
    """Return the name of a book that has a key; raise ``FeedError`` for another."""
    try:
        book_key(name)
    except ValueError as exc:
        raise FeedError(file, f"bookmaker {name!r}", "a name with a letter or digit", place) from exc
    return name


def _type(bookmaker: str) -> str | None:
    return book_type(book_key(bookmaker))


def _is_in_play(listing: Listing) -> bool:
    tipoff, taken = listing.event.tipoff, listing.taken_at
    return tipoff is not None and taken is not None and taken >= tipoff


def _game_date(event: Event) -> date:
    """Return the Eastern date of the tip-off, or the day that the file gives."""
    if event.tipoff is not None:
        return eastern_date(event.tipoff)
    if event.day is None:
        raise ValueError(f"{event!r} has no time and no day")
    return event.day


def _integers(prices: Floats) -> pa.Array:
    missing = np.isnan(prices)
    return _masked(np.where(missing, 0, prices).astype(np.int64), missing)


def _quote_keys(quotes: Sides | Pairs) -> Ints:
    """Return a number for each row, equal for the same listing, player and line, and in their order."""
    halves: Ints = (quotes.line * 2).astype(np.int64)
    people, most = quotes.player.max(initial=0) + 1, halves.max(initial=0) + 1
    keys: Ints = (quotes.listing * people + quotes.player) * most + halves
    return keys


def _starts(sorted_keys: Ints) -> Bools:
    """Return whether each of some sorted numbers is the first of its value."""
    starts: Bools = np.ones(len(sorted_keys), np.bool_)
    np.not_equal(sorted_keys[1:], sorted_keys[:-1], out=starts[1:])
    return starts


def _position_in_run(starts: Bools) -> Ints:
    positions = np.arange(len(starts))
    latest: Ints = np.maximum.accumulate(np.where(starts, positions, 0))
    return positions - latest
