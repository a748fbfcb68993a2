"""The Odds API, version 4, as JSON: odds of one event or of many, live and historical."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, cast

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
from shared.domain.arrays import Bools, Floats, Ints

_ABSENT = msgspec.Raw(b"null")


class _Outcome(msgspec.Struct, gc=False):
    name: str | None = None
    description: str | None = None
    price: int | float | None = None
    point: float | None = None


class _Price(msgspec.Struct, gc=False):
    price: int | float | None = None


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
_OUTCOMES, _OTHERS = msgspec.json.Decoder(list[_Outcome]), msgspec.json.Decoder(list[_Price])
_TEXT = msgspec.json.Decoder(str | None)


@dataclass
class _Markets:
    """Markets of points of a file, and what was left out."""

    listings: dict[Listing, int] = field(default_factory=dict)
    places: list[str] = field(default_factory=list)
    outcomes: list[bytes] = field(default_factory=list)
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
    if all(body == b"[]" for body in markets.outcomes):
        return FeedRows({}, notes or [FeedNote("no quotes of points in the file", 0)])
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
            if market.key not in (POINTS, ALTERNATE):
                prices = _decoded(raw, _OTHERS, market.outcomes, f"{where}.outcomes")
                _add_other(markets, str(market.key), [p.price for p in prices], taken, tipoff)
                continue
            _need(raw, event, ("home_team", "away_team"), place)
            game = Event(event.id, str(event.home_team), str(event.away_team), tipoff)
            listing = Listing(game, check_book(raw.name, str(book.key), where), taken, precision)
            markets.listing.append(markets.listings.setdefault(listing, len(markets.listings)))
            markets.is_alternate.append(market.key == ALTERNATE)
            markets.places.append(f"{where}.outcomes")
            markets.outcomes.append(bytes(market.outcomes))


def _need(raw: RawFile, part: msgspec.Struct, names: tuple[str, ...], place: str) -> None:
    missing = [name for name in names if getattr(part, name) in (None, _ABSENT)]
    if missing:
        raise FeedError(raw.name, f"no {', '.join(missing)}", "all of them", place)


def _add_other(
    markets: _Markets, key: str, prices: list[float | None], taken: datetime | None, tipoff: datetime
) -> None:
    markets.others[key] += len(prices)
    markets.other_prices.extend(price for price in prices if price is not None)
    if taken is not None and taken >= tipoff:
        markets.others_in_play += len(prices)


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
    columns = _regular_columns(markets.outcomes) or _any_columns(raw, markets)
    place = partial(_place, markets.places, np.cumsum(columns.lengths))
    if "" in columns.players:
        row = int(np.argmax(columns.player == columns.players.index("")))
        raise FeedError(raw.name, "an empty description", "a player's name", place(row))
    check_prices(raw.name, columns.price, place)
    check_lines(raw.name, columns.line, place)
    listing = np.repeat(np.array(markets.listing, np.int64), columns.lengths)
    alternate = np.repeat(np.array(markets.is_alternate, np.bool_), columns.lengths)
    sides = Sides(listing, columns.player, columns.line, columns.price, columns.is_under, alternate)
    return sides, pa.array(columns.players, pa.string())


def _place(places: list[str], ends: Ints, row: int) -> str:
    market = int(np.searchsorted(ends, row, "right"))
    return f"{places[market]}[{row - (int(ends[market - 1]) if market else 0)}]"


class _Columns(NamedTuple):
    """Outcomes of all markets, and how many each market has; ``player`` is a position in ``players``."""

    lengths: Ints
    is_under: Bools
    player: Ints
    players: list[str]
    price: Floats
    line: Floats


def _any_columns(raw: RawFile, markets: _Markets) -> _Columns:
    """Decode the outcomes of every market, with keys in any order and any other keys."""
    lengths, outcomes = [], []
    for body, place in zip(markets.outcomes, markets.places, strict=True):
        decoded = _decoded(raw, _OUTCOMES, body, place)
        for i, o in enumerate(decoded):
            if o.name is None or o.description is None or o.price is None or o.point is None:
                _need(raw, o, ("name", "description", "price", "point"), f"{place}[{i}]")
            if o.name not in ("Over", "Under"):
                raise FeedError(raw.name, f"outcome {o.name!r}", "Over or Under", f"{place}[{i}]")
        lengths.append(len(decoded))
        outcomes.extend(decoded)
    is_under = np.array([o.name == "Under" for o in outcomes], np.bool_)
    player, players = encoded(pa.array([o.description for o in outcomes], pa.string()))
    price = np.array([o.price for o in outcomes], np.float64)
    line = np.array([o.point for o in outcomes], np.float64)
    return _Columns(np.array(lengths, np.int64), is_under, player, players, price, line)


class _Numbers(dict[int, float]):
    """The number at the start of each word of eight bytes, parsed once; NaN where there is none."""

    def __init__(self, end: bytes) -> None:
        self.pattern = re.compile(rb"(-?(?:0|[1-9]\d*)(?:\.\d+)?)" + re.escape(end))

    def __missing__(self, word: int) -> float:
        match = self.pattern.match(word.to_bytes(8, "little"))
        number = float(match[1]) if match else np.nan
        if len(self) < 65536:
            self[word] = number
        return number


_MARKS = 12
_OVER, _UNDER = (f'"name":"{side}","description":"'.encode() for side in ("Over", "Under"))
_PRICE, _POINT = b'","price":', b'"point":'
"""Texts of an outcome as the API writes it; they begin at its quotation marks 0, 7 and 10."""

_PRICES, _POINTS = _Numbers(b","), _Numbers(b"}")


def _regular_columns(bodies: list[bytes]) -> _Columns | None:
    """Read outcomes that are all written as the API writes them, compact and in its order; else return None.

    Several times faster than one object an outcome: the quotation marks are found with numpy. With no escaped
    character and twelve marks an outcome, equal text at three of them proves the shape of every outcome. A
    number is taken with what follows it as a word of eight bytes, and each distinct word is parsed once.
    """
    bodies = [b"" if body == b"[]" else body for body in bodies]
    text = b"".join([*bodies, bytes(32)])
    found = np.flatnonzero(np.frombuffer(text, np.uint8) == ord('"'))
    if not len(found) or len(found) % _MARKS or b"\\" in text or len(text) > 2**31 - 1:
        return None
    marks = found.reshape(-1, _MARKS)
    starts = marks[:, 0]
    side, tail, point = (_words(text, marks[:, mark], n) for mark, n in ((0, 4), (7, 3), (10, 2)))
    is_under = _begins(side, _UNDER)
    if not ((is_under | _begins(side, _OVER)) & _begins(tail, _PRICE) & _begins(point, _POINT)).all():
        return None
    price_of, price, _ = _parsed(tail[:, 1] >> 16 | tail[:, 2] << 48, _PRICES)
    point_of, line, words = _parsed(point[:, 1], _POINTS)
    names = _names(marks, text)
    if names is None or np.isnan(price_of).any() or np.isnan(point_of).any():
        return None
    brace = np.array([word.to_bytes(8, "little").find(b"}") for word in words])
    ends = marks[:, 10] + len(_POINT) + brace[line]
    between = starts[1:] - ends[:-1]
    if starts[0] != 2 or ends[-1] != len(text) - 34 or ((between < 3) | (between > 4)).any():
        return None
    rows = np.searchsorted(starts, np.cumsum([len(body) for body in bodies])).tolist()
    lengths = np.array([end - start for start, end in pairwise([0, *rows])], np.int64)
    return _Columns(lengths, is_under, *names, price_of[price], point_of[line])


def _words(text: bytes, positions: Ints, number: int) -> Any:
    """Return so many words of eight bytes from each position on."""
    size = 8 * number
    every = np.ndarray((len(text) - size + 1,), f"V{size}", text, strides=(1,))
    return every[positions].view("<u8").reshape(-1, number)


def _begins(words: Any, text: bytes) -> Any:
    """Return whether each row of words begins with a text."""
    same = np.True_
    for i in range(0, len(text), 8):
        part = text[i : i + 8]
        mask = np.uint64(256 ** len(part) - 1)
        same = same & (words[:, i // 8] & mask == np.uint64(int.from_bytes(part, "little")))
    return same


def _parsed(words: Any, numbers: _Numbers) -> tuple[Floats, Ints, list[int]]:
    """Return distinct numbers at the start of words, the position of each word's, and the distinct words."""
    coded = pa.array(words).dictionary_encode()
    distinct = np.asarray(coded.dictionary).tolist()
    values = np.array(list(map(numbers.__getitem__, distinct)), np.float64)
    return values, np.asarray(coded.indices), distinct


def _names(marks: Ints, text: bytes) -> tuple[Ints, list[str]] | None:
    """Return codes and distinct descriptions, None if one is no UTF-8."""
    offsets = np.ascontiguousarray(marks[:, 6:8].ravel().astype(np.int32))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    texts = pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)
    coded = texts.take(pa.array(np.arange(0, len(offsets), 2))).dictionary_encode()
    try:
        players = [name[1:].decode() for name in coded.dictionary.to_pylist()]
    except UnicodeDecodeError:
        return None
    return np.asarray(coded.indices).astype(np.int64), players


FEEDS: tuple[Feed, ...] = (
    Feed("odds-api", "The Odds API: odds of events, live and historical (JSON)", recognises, read),
)
