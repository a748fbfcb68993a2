"""The Odds API, version 4, as JSON: odds of one event or of many, live and historical."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, cast

import msgspec
import numpy as np
import pyarrow as pa

from shared.application.feeds.quotes import (
    ALTERNATE,
    POINTS,
    SPORT,
    Event,
    Listing,
    Sides,
    check_book,
    check_lines,
    check_prices,
    encoded,
    instant,
    other_markets,
    pair,
    quote_rows,
)
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows

_ABSENT = msgspec.Raw(b"null")


class _Outcome(msgspec.Struct, gc=False):
    name: str | None = None
    description: str | None = None
    price: int | float | None = None
    point: float | None = None


class _Market(msgspec.Struct, gc=False):
    key: str | None = None
    last_update: str | None = None
    outcomes: msgspec.Raw = _ABSENT


class _Book(msgspec.Struct, gc=False):
    key: str | None = None
    markets: list[_Market] | None = None


class _Event(msgspec.Struct, gc=False):
    id: str | None = None
    sport_key: str | None = None
    commence_time: str | None = None
    home_team: str | None = None
    away_team: str | None = None
    bookmakers: list[_Book] | None = None


_EVENT, _EVENTS = msgspec.json.Decoder(_Event), msgspec.json.Decoder(list[_Event])
_TEXT, _OUTCOMES = msgspec.json.Decoder(str | None), msgspec.json.Decoder(list[_Outcome])


@dataclass
class _Markets:
    """Markets of points of a file, and what was left out."""

    listings: dict[Listing, int] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    outcomes: list[list[_Outcome]] = field(default_factory=list)
    listing: list[int] = field(default_factory=list)
    is_alternate: list[bool] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    other_prices: list[float] = field(default_factory=list)
    others_in_play: int = 0
    without_books: list[str] = field(default_factory=list)


def recognises(raw: RawFile) -> bool:
    keys = raw.keys | raw.first_keys
    is_envelope = {"timestamp", "data"} <= keys and bool({"previous_timestamp", "next_timestamp"} & keys)
    return is_envelope or {"sport_key", "commence_time"} <= keys


def read(raw: RawFile) -> FeedRows:
    """Return the quotes of points; a list of events or scores has none, which a note says."""
    markets = _Markets()
    for place, event, timestamp in _events(raw):
        _add_event(raw, markets, place, event, timestamp)
    notes = _notes(markets)
    if not markets.outcomes:
        return FeedRows({}, notes or [FeedNote("no events in the file", 0)])
    sides, players = _sides(raw, markets)
    return quote_rows(list(markets.listings), players, pair(sides), notes)


def _events(raw: RawFile) -> Iterator[tuple[str, _Event, str | None]]:
    """Yield place, event and the envelope's timestamp of each event."""
    body, timestamp, place = raw.json_bytes, None, "$"
    if "data" in raw.keys:
        parts = cast(dict[str, msgspec.Raw], raw.json_parts)
        timestamp, place = _decoded(raw, _TEXT, parts["timestamp"], "$.timestamp"), "$.data"
        body = parts["data"]
    if bytes(memoryview(body)[:1]) != b"[":
        yield place, _decoded(raw, _EVENT, body, place), timestamp
        return
    for i, event in enumerate(_decoded(raw, _EVENTS, body, place)):
        yield f"{place}[{i}]", event, timestamp


def _decoded(raw: RawFile, decoder: msgspec.json.Decoder[Any], body: Any, place: str) -> Any:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        detail, _, inner = str(exc).partition(" - at `$")
        where = place + inner.rstrip("`")
        raise FeedError(raw.name, detail, "the types of The Odds API, version 4", where) from exc


def _add_event(raw: RawFile, markets: _Markets, place: str, event: _Event, timestamp: str | None) -> None:
    _need(raw, event, ("id", "sport_key", "commence_time"), place)
    if event.sport_key != SPORT:
        raise FeedError(raw.name, f"sport_key {event.sport_key}", SPORT, f"{place}.sport_key")
    if event.bookmakers is None:
        markets.without_books.append(str(event.id))
        return
    tipoff = instant(raw.name, "commence_time", str(event.commence_time), f"{place}.commence_time")
    requested = instant(raw.name, "timestamp", timestamp, "$.timestamp") if timestamp is not None else None
    for b, book in enumerate(event.bookmakers):
        _need(raw, book, ("key", "markets"), f"{place}.bookmakers[{b}]")
        for m, market in enumerate(book.markets or ()):
            where = f"{place}.bookmakers[{b}].markets[{m}]"
            _need(raw, market, ("key", "outcomes"), where)
            taken, precision = requested, "requested" if requested else "date"
            if market.last_update is not None:
                updated = instant(raw.name, "last_update", market.last_update, f"{where}.last_update")
                taken, precision = updated, "quote"
            outcomes = _decoded(raw, _OUTCOMES, market.outcomes, f"{where}.outcomes")
            if market.key not in (POINTS, ALTERNATE):
                _add_other(markets, str(market.key), outcomes, taken, tipoff)
                continue
            _need(raw, event, ("home_team", "away_team"), place)
            game = Event(event.id, str(event.home_team), str(event.away_team), tipoff)
            listing = Listing(game, check_book(raw.name, str(book.key), where), taken, precision)
            markets.listing.append(markets.listings.setdefault(listing, len(markets.listings)))
            markets.is_alternate.append(market.key == ALTERNATE)
            markets.places.append(f"{where}.outcomes")
            markets.outcomes.append(outcomes)


def _need(raw: RawFile, part: msgspec.Struct, names: tuple[str, ...], place: str) -> None:
    missing = [name for name in names if getattr(part, name) in (None, _ABSENT)]
    if missing:
        raise FeedError(raw.name, f"no {', '.join(missing)}", "all of them", place)


def _add_other(
    markets: _Markets, key: str, outcomes: list[_Outcome], taken: datetime | None, tipoff: datetime
) -> None:
    markets.others[key] += len(outcomes)
    markets.other_prices.extend(o.price for o in outcomes if o.price is not None)
    if taken is not None and taken >= tipoff:
        markets.others_in_play += len(outcomes)


def _notes(markets: _Markets) -> list[FeedNote]:
    notes = other_markets(markets.others)
    if markets.without_books:
        reason = "events without bookmakers, as in lists of events and of scores: no quotes"
        notes.append(FeedNote(reason, len(markets.without_books), markets.without_books[0]))
    if markets.outcomes:
        return notes
    if markets.others_in_play:
        reason = "rows of other markets taken at or after the tip-off"
        notes.append(FeedNote(reason, markets.others_in_play))
    prices = markets.other_prices
    if prices and all(1 < price < 100 for price in prices):
        reason = "rows of other markets with decimal odds, expected American odds"
        notes.append(FeedNote(reason, len(prices), f"price {prices[0]:g}"))
    return notes


def _sides(raw: RawFile, markets: _Markets) -> tuple[Sides, pa.Array]:
    """Return the outcomes as arrays, checked, and the names of the players."""
    outcomes = [outcome for market in markets.outcomes for outcome in market]
    lengths = [len(market) for market in markets.outcomes]
    place = partial(_place, markets.places, np.cumsum(lengths))
    names = [o.name for o in outcomes]
    players = [o.description for o in outcomes]
    prices = [o.price for o in outcomes]
    points = [o.point for o in outcomes]
    for i in (
        range(len(outcomes)) if None in names or None in players or None in prices or None in points else ()
    ):
        _need(raw, outcomes[i], ("name", "description", "price", "point"), place(i))
    side, values = encoded(pa.chunked_array([pa.array(names, pa.string())]))
    for value in values:
        if value not in ("Over", "Under"):
            raise FeedError(raw.name, f"outcome {value!r}", "Over or Under", place(names.index(value)))
    is_under = np.array([value == "Under" for value in values], np.bool_)[side]
    player, people = encoded(pa.chunked_array([pa.array(players, pa.string())]))
    if "" in people:
        raise FeedError(raw.name, "an empty description", "a player's name", place(players.index("")))
    price, line = np.array(prices, np.float64), np.array(points, np.float64)
    check_prices(raw.name, price, place)
    check_lines(raw.name, line, place)
    listing = np.repeat(np.array(markets.listing, np.int64), lengths)
    alternate = np.repeat(np.array(markets.is_alternate, np.bool_), lengths)
    return Sides(listing, player, line, price, is_under, alternate), pa.array(people, pa.string())


def _place(places: list[str], ends: Any, row: int) -> str:
    market = int(np.searchsorted(ends, row, "right"))
    return f"{places[market]}[{row - (ends[market - 1] if market else 0)}]"


FEEDS: tuple[Feed, ...] = (
    Feed("odds-api", "The Odds API: odds of events, live and historical (JSON)", recognises, read),
)
