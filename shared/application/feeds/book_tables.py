"""Tables of quotes by book, as JSON: book, game, market, player and line, down to a text of prices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np
import pyarrow as pa

from shared.application.feeds.quotes import (
    Event,
    Listing,
    Pairs,
    american,
    check_lines,
    check_prices,
    other_markets,
    quote_rows,
    teams_of,
)
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows
from shared.domain.market.bookmakers import book_key, book_type

BOOKS = {
    "pn": "pinnacle",
    "kambi": "betrivers",
    "mgm": "betmgm",
    "fd": "fanduel",
    "dk": "draftkings",
    "cz": "williamhill_us",
    "espn": "espnbet",
    "bet365": "bet365",
}
"""The books by the names that these files give them. The odds of Kambi are those of BetRivers."""

POINTS = "pts"
SCREEN = {"EV Book", "Player", "Prop", "O/U"}

_WORD = re.compile(r"[a-z0-9]+")


@dataclass
class _Found:
    """Quotes of points in the order of the file, and counts of what is left out."""

    listings: list[Listing] = field(default_factory=list)
    players: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[int, int, float, float, float]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    without_line: list[str] = field(default_factory=list)


def recognises(raw: RawFile) -> bool:
    if set(raw.header) >= SCREEN:
        return True
    return bool(raw.keys) and (_all_games(raw.keys) or _are_books(raw))


def read(raw: RawFile) -> FeedRows:
    """Return the quotes of points. The file's day is the date of the games, or the day before it."""
    if not raw.is_json:
        came = "a screen of props, on which a single price is of Over or of Under and a game has no date"
        raise FeedError(raw.name, came, "the JSON tables of the books")
    if raw.day is None:
        raise FeedError(raw.name, "no date in the file or its name", "--date")
    found = _Found()
    for book, games, place in _books(raw):
        _need_table(raw, games, place)
        for game, markets in games.items():
            where = f"{place}[{game!r}]"
            _need_table(raw, markets, where)
            away, home = teams_of(raw.name, game, where)
            event = Event(None, home, away, day=raw.day, days_later=1)
            _add_game(raw, found, Listing(event, book, None, "date"), markets, where)
    return _feed_rows(raw, found)


def _feed_rows(raw: RawFile, found: _Found) -> FeedRows:
    notes = other_markets(found.others)
    if found.without_line:
        reason = f"entries of {POINTS} without a line, which are not of a player"
        notes.append(FeedNote(reason, len(found.without_line), found.without_line[0]))
    if not found.rows:
        return FeedRows({}, notes or [FeedNote("games without quotes", 0)])
    listing, player, line, over, under = (np.array(column) for column in zip(*found.rows, strict=True))
    check_lines(raw.name, line, found.places.__getitem__)
    check_prices(raw.name, np.concatenate([over, under]), lambda i: found.places[i % len(over)])
    pairs = Pairs(listing, player, line, over, under, np.zeros(len(line), np.bool_))
    return quote_rows(found.listings, pa.array(list(found.players), pa.string()), pairs, notes)


def _all_games(names: frozenset[str]) -> bool:
    return all(" @ " in name for name in names)


def _are_books(raw: RawFile) -> bool:
    if not all(_book(name) for name in raw.keys):
        return False
    tables = [games for games in raw.json.values() if isinstance(games, dict) and games]
    return bool(tables) and all(_all_games(frozenset(games)) for games in tables)


def _book(name: str) -> str | None:
    """Return the key of a book's name, None if it is of no listed book."""
    if name in BOOKS:
        return BOOKS[name]
    is_listed = bool(_WORD.search(name.lower())) and book_type(book_key(name)) is not None
    return book_key(name) if is_listed else None


def _books(raw: RawFile) -> Iterator[tuple[str, Any, str]]:
    """Yield the key, the games and the place of each book; of a file of one book its name gives the key."""
    if not _all_games(raw.keys):
        for name, games in raw.json.items():
            yield str(_book(name)), games, f"$.{name}"
        return
    words = _WORD.findall(PurePath(raw.name).stem.lower())
    named = {book for book in map(_book, words) if book}
    if len(named) != 1:
        came = f"{len(named)} names of a book in the name of the file" if named else "no name of a book"
        raise FeedError(raw.name, came, "the name of one, such as draftkings.json")
    yield named.pop(), raw.json, "$"


def _need_table(raw: RawFile, value: Any, place: str) -> None:
    if not isinstance(value, dict):
        raise FeedError(raw.name, type(value).__name__, "an object", place)


def _add_game(raw: RawFile, found: _Found, listing: Listing, markets: dict[str, Any], place: str) -> None:
    number = len(found.listings)
    found.listings.append(listing)
    for market, entries in markets.items():
        if market != POINTS:
            rows = len(entries) if isinstance(entries, dict) else 1
            found.others[market] = found.others.get(market, 0) + rows
    points = markets.get(POINTS, {})
    _need_table(raw, points, f"{place}.{POINTS}")
    for player, lines in points.items():
        where = f"{place}.{POINTS}[{player!r}]"
        if isinstance(lines, str):
            found.without_line.append(player)
            continue
        _need_table(raw, lines, where)
        for line, prices in lines.items():
            spot = f"{where}[{line!r}]"
            over, under = _prices(raw, prices, spot)
            code = found.players.setdefault(player, len(found.players))
            found.rows.append((number, code, _line(raw, line, spot), over, under))
            found.places.append(spot)


def _line(raw: RawFile, text: str, place: str) -> float:
    try:
        return float(text)
    except ValueError as exc:
        raise FeedError(raw.name, f"line {text!r}", "a number", place) from exc


def _prices(raw: RawFile, prices: Any, place: str) -> tuple[float, float]:
    """Return both prices of ``over/under``, ``over`` or ``over/``, NaN for the side that is absent."""
    if not isinstance(prices, str) or prices.count("/") > 1:
        raise FeedError(raw.name, f"prices {prices!r}", "over/under", place)
    over, _, under = prices.partition("/")
    first, second = (american(raw.name, t, place) if t.strip() else np.nan for t in (over, under))
    return first, second


FEEDS: tuple[Feed, ...] = (
    Feed("book-table", "Points by book, game, player and line (JSON)", recognises, read),
)
