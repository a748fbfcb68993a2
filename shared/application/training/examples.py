"""Player-games that were played, to learn from and to be judged by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.application.features.slate_inputs import Mode, SlateInputs
from shared.domain import instants
from shared.domain.features.compute import FeatureRows, Targets, compute
from shared.domain.features.context import context
from shared.domain.features.contract import REQUIRED
from shared.domain.features.past import Past
from shared.domain.market import lines
from shared.domain.systems.base import Batch
from shared.ports import Warehouse
from shared.warehouse.history import floats, micros, strings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Market:
    """What the books said of each of n player-games before its cut-off, NaN where they said nothing.

    ``line``: the most frequent main line. ``over``: no-vig probability of OVER, the mean of sportsbooks
    that quoted that very line both ways. ``over_price``, ``under_price``: American odds of the book that
    the cascade prefers among those on that line. ``precision``: of that book's quote, "" without one.
    """

    line: Floats
    over: Floats
    over_price: Floats
    under_price: Floats
    precision: NDArray[np.str_]


@dataclass(frozen=True)
class Examples:
    """Every player-game played in a range, by date.

    ``context``: (n, 29) further inputs of a forecast without a line. ``earlier``: games before it within
    three years. ``minutes_last_10``: mean of the last ten.
    """

    targets: Targets
    features: FeatureRows
    context: Floats
    points: Floats
    minutes: Floats
    day: Ints
    earlier: Ints
    minutes_last_10: Floats
    market: Market
    known: SlateInputs

    def __len__(self) -> int:
        return len(self.points)

    def with_recent(self, rows: Ints) -> FeatureRows:
        """The features of some rows, their past games included."""
        return compute(self.known.past.history, self.targets.take(rows))

    def between(self, first: date, last: date) -> Bools:
        """(n,) whether a game lies within the dates."""
        return (self.day >= instants.to_day(first)) & (self.day <= instants.to_day(last))

    def batch(self, rows: Ints) -> Batch:
        """What the systems are given for some rows, the line being the market's main one."""
        f = self.with_recent(rows)
        return Batch(
            features=f.values,
            quality=f.quality,
            league_def_rating=f.league_def_rating,
            recent=f.recent,
            days_rest=f.days_rest,
            context=self.context[rows],
            line=self.market.line[rows],
            market=self.market.over[rows],
        )


def complete(examples: Examples) -> Bools:
    """(n,) whether every required feature is there."""
    return ~np.asarray(np.isnan(examples.features.values[:, list(REQUIRED)]).any(axis=-1))


def read_examples(warehouse: Warehouse, first: date, last: date, now: datetime) -> Examples:
    """Every game played from ``first`` to ``last``, each as of its own cut-off."""
    known = SlateInputs.read(warehouse, first, last, now, Mode.BACKFILL)
    h = known.past.history
    at = np.flatnonzero(h.day >= instants.to_day(first))
    at = at[np.lexsort((h.players.entity[at], h.games.game_id[h.game[at]], h.day[at]))]
    player = h.player_ids[h.players.entity[at]]
    targets, _ = known.targets(h.game[at], player, h.is_home[at])
    past = Past.of(h, player, targets.day, targets.as_of, targets.season)
    return Examples(
        targets=targets,
        features=compute(h, targets, with_recent=False),
        context=context(h, targets),
        points=h.stats["points"][at],
        minutes=h.stats["minutes"][at],
        day=h.day[at],
        earlier=past.end - past.start,
        minutes_last_10=past.last(10).mean(h.stats["minutes"]),
        market=_market(known, h.game[at], player),
        known=known,
    )


def _market(known: SlateInputs, game: Ints, player: Ints) -> Market:
    quotes = known.quotes.table
    row = known.quotes.row
    where = {pair: i for i, pair in enumerate(zip(game.tolist(), player.tolist(), strict=True))}
    pairs = zip(row.tolist(), known.quotes.player.tolist(), strict=True)
    group = np.array([where.get(pair, -1) for pair in pairs], dtype=np.int64)
    captured = micros(quotes["captured_at"])
    undated = captured == instants.UNKNOWN
    usable = (group >= 0) & (undated | (captured < known.as_of[row] if len(row) else undated))
    book, kind = strings(quotes["bookmaker"]), strings(quotes["book_type"])
    rank = lines.book_rank(book, kind)
    order = np.flatnonzero(usable)
    uneven, line = lines.by_evenness(
        *(floats(quotes[c]) for c in ("points_line", "over_price", "under_price"))
    )
    order = order[
        np.lexsort(
            (-line[order], -uneven[order], captured[order], ~undated[order], rank[order], group[order])
        )
    ]
    last = np.ones(
        len(order), np.bool_
    )  # of each player-game and book the latest quote, dated before undated
    last[:-1] = (group[order][1:] != group[order][:-1]) | (rank[order][1:] != rank[order][:-1])
    kept = order[last]
    return _summed(quotes.take(pa.array(kept)), group[kept], kind[kept] == "sportsbook", len(game))


def _summed(quotes: pa.Table, group: Ints, sportsbook: Bools, n: int) -> Market:
    """One line per group, and what the books on that line ask for it; quotes come in the cascade's order."""
    line = floats(quotes["points_line"])
    over, under = floats(quotes["over_price"]), floats(quotes["under_price"])
    seen, code = np.unique(group, return_inverse=True)
    modal = np.full(n, np.nan)
    modal[seen] = lines.modal_line(code, line, len(seen))
    on_it = line == modal[group]
    counted = on_it & sportsbook
    count = np.bincount(group[counted], minlength=n)
    total = np.bincount(group[counted], weights=lines.no_vig_over(over, under)[counted], minlength=n)
    first, at = np.unique(group[on_it], return_index=True)
    prices = {name: np.full(n, np.nan) for name in ("over", "under")}
    precision = np.full(n, "", dtype="<U9")
    prices["over"][first], prices["under"][first] = over[on_it][at], under[on_it][at]
    precision[first] = strings(quotes["captured_precision"])[on_it][at]
    return Market(
        line=modal,
        over=np.where(count > 0, total / np.maximum(count, 1), np.nan),
        over_price=prices["over"],
        under_price=prices["under"],
        precision=precision.astype(np.str_),
    )
