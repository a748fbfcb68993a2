"""CSV files that users make of The Odds API: one outcome a row, or both prices on a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa

from shared.application.feeds.quotes import (
    ALTERNATE,
    POINTS,
    SPORT,
    Event,
    Listing,
    Pairs,
    Sides,
    check_book,
    check_lines,
    check_prices,
    encoded,
    instant,
    numbers,
    other_markets,
    pair,
    quote_rows,
    teams_of,
)
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows
from shared.domain.arrays import Bools, Floats, Ints

FLATTENED = {
    "player": "outcomes_description",
    "market": "bookmakers.markets.key",
    "bookmaker": "bookmakers.key",
    "side": "outcomes_name",
    "line": "outcomes_point",
    "price": "outcomes_price",
    "home_team": "home_team",
    "away_team": "away_team",
    "commence_time": "commence_time",
    "event_id": "id",
}
"""Columns of the API's answer as pandas flattens it, by the names of ``NAMED``."""

_BOTH = ("player", "market", "bookmaker", "line")
NAMED = {c: c for c in (*_BOTH, "side", "price", "home_team", "away_team", "commence_time", "game_id")}
"""Columns of a row for each side. ``game_id`` is the event's id of the odds feed, not the league's."""

WIDE = {c: c for c in (*_BOTH, "game", "game_time", "over_odds", "under_odds")}
"""Columns of a row for both sides. The older form has no ``event_id``."""

OPTIONAL = {
    "event_id": "event_id",
    "sport_key": "sport_key",
    "market_last_update": "last_update",
    "bookmakers.markets.last_update": "last_update",
}
"""Columns that a file may have, with their names here."""

EVENT = ("event_id", "game_id", "home_team", "away_team", "game", "commence_time", "game_time")


@dataclass(frozen=True)
class _Quotes:
    """The rows of points by the names above. ``rows``: positions in the file; ``headers``: its names."""

    file: str
    headers: dict[str, str]
    table: pa.Table
    rows: Ints

    def place(self, row: int) -> str:
        return f"line {self.rows[row] + 2}"

    def texts(self, column: str) -> tuple[Ints, list[str]]:
        """Return codes and distinct values of a column; raise ``FeedError`` for an empty cell."""
        codes, values = encoded(self.table[column])
        if (codes < 0).any():
            place = self.place(int(np.argmax(codes < 0)))
            raise FeedError(self.file, f"an empty {self.headers[column]}", "a value", place)
        return codes, values

    def numbers(self, column: str) -> Floats:
        return numbers(self.file, self.headers[column], self.table[column], self.place)

    def lines(self) -> Floats:
        lines = self.numbers("line")
        check_lines(self.file, lines, self.place)
        return lines

    def is_alternate(self) -> Bools:
        codes, values = self.texts("market")
        return np.array([value == ALTERNATE for value in values], np.bool_)[codes]


def recognises_long(raw: RawFile) -> bool:
    header = set(raw.header)
    return _is_flattened(raw) or ({"market", "bookmaker"} <= header and bool({"side", "price"} & header))


def recognises_wide(raw: RawFile) -> bool:
    header = set(raw.header)
    return {"market", "bookmaker"} <= header and bool({"over_odds", "under_odds"} & header)


def read_long(raw: RawFile) -> FeedRows:
    """Return the quotes of points of a file with a row for each side."""
    quotes, notes = _points(raw, FLATTENED if _is_flattened(raw) else NAMED)
    if not len(quotes.rows):
        return FeedRows({}, notes)
    side, sides = quotes.texts("side")
    for i, value in enumerate(sides):
        if value not in ("Over", "Under"):
            place = quotes.place(int(np.argmax(side == i)))
            raise FeedError(raw.name, f"{quotes.headers['side']} {value!r}", "Over or Under", place)
    is_under = np.array([value == "Under" for value in sides], np.bool_)[side]
    prices = quotes.numbers("price")
    check_prices(raw.name, prices, quotes.place)
    listing, listings = _listings(quotes)
    player, players = quotes.texts("player")
    outcomes = Sides(listing, player, quotes.lines(), prices, is_under, quotes.is_alternate())
    return quote_rows(listings, pa.array(players, pa.string()), pair(outcomes), notes)


def read_wide(raw: RawFile) -> FeedRows:
    """Return the quotes of points of a file with both prices on a row."""
    quotes, notes = _points(raw, WIDE)
    if not len(quotes.rows):
        return FeedRows({}, notes)
    over, under = quotes.numbers("over_odds"), quotes.numbers("under_odds")
    check_prices(raw.name, np.concatenate([over, under]), lambda i: quotes.place(i % len(over)))
    listing, listings = _listings(quotes)
    player, players = quotes.texts("player")
    pairs = Pairs(listing, player, quotes.lines(), over, under, quotes.is_alternate())
    return quote_rows(listings, pa.array(players, pa.string()), pairs, notes)


def _is_flattened(raw: RawFile) -> bool:
    return sum(name.startswith(("outcomes_", "bookmakers.")) for name in raw.header) >= 3


def _points(raw: RawFile, needed: dict[str, str]) -> tuple[_Quotes, list[FeedNote]]:
    """Return the rows of points, and the note on rows of other markets."""
    raw.need(tuple(needed.values()))
    headers = {**{name: header for header, name in OPTIONAL.items() if header in raw.header}, **needed}
    twice = [header for header in headers.values() if raw.header.count(header) > 1]
    if twice:
        raise FeedError(raw.name, f"column {', '.join(twice)} twice", "each column once")
    table = raw.csv().select(list(headers.values())).rename_columns(list(headers))
    quotes = _Quotes(raw.name, headers, table, np.arange(table.num_rows))
    if "sport_key" in headers:
        codes, sports = quotes.texts("sport_key")
        for i, sport in enumerate(sports):
            if sport != SPORT:
                place = quotes.place(int(np.argmax(codes == i)))
                raise FeedError(raw.name, f"sport_key {sport}", SPORT, place)
    codes, markets = quotes.texts("market")
    counts = np.bincount(codes, minlength=len(markets)).tolist()
    are_points = np.array([market in (POINTS, ALTERNATE) for market in markets], np.bool_)
    others = {m: n for m, n in zip(markets, counts, strict=True) if m not in (POINTS, ALTERNATE)}
    notes = other_markets(others) if markets else [FeedNote("no rows below the header", 0)]
    rows = np.flatnonzero(are_points[codes])
    return _Quotes(raw.name, headers, table.take(pa.array(rows)), rows), notes


def _listings(quotes: _Quotes) -> tuple[Ints, list[Listing]]:
    """Return the listing of each row, and the listings."""
    columns = [c for c in (*EVENT, "bookmaker") if c in quotes.headers]
    parts = {c: quotes.texts(c) for c in columns}
    if "last_update" in quotes.headers:
        parts["last_update"] = encoded(quotes.table["last_update"])
    keys = reduce(
        lambda key, part: key * (len(part[1]) + 1) + part[0] + 1,
        parts.values(),
        np.zeros(len(quotes.rows), np.int64),
    )
    _, first, listing = np.unique(keys, return_index=True, return_inverse=True)
    listings = []
    for row in first.tolist():
        values = {c: values[code[row]] if code[row] >= 0 else None for c, (code, values) in parts.items()}
        listings.append(_listing(quotes, values, quotes.place(row)))
    return listing.astype(np.int64), listings


def _listing(quotes: _Quotes, values: dict[str, str | None], place: str) -> Listing:
    file, headers = quotes.file, quotes.headers
    book = check_book(file, str(values["bookmaker"]), place)
    start = "commence_time" if "commence_time" in values else "game_time"
    tipoff = instant(file, headers[start], str(values[start]), place)
    if "game" in values:
        away, home = teams_of(file, str(values["game"]), place)
    else:
        home, away = str(values["home_team"]), str(values["away_team"])
    event = Event(values.get("event_id") or values.get("game_id"), home, away, tipoff)
    updated = values.get("last_update")
    if updated is None:
        return Listing(event, book, None, "date")
    return Listing(event, book, instant(file, headers["last_update"], updated, place), "quote")


FEEDS: tuple[Feed, ...] = (
    Feed("odds-csv-long", "The Odds API as CSV, a row for each side", recognises_long, read_long),
    Feed("odds-csv-wide", "The Odds API as CSV, both prices on a row", recognises_wide, read_wide),
)
