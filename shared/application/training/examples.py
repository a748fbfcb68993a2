"""Played player-games, for training and evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa

from shared.application.features.slate_inputs import SlateInputs
from shared.domain import instants
from shared.domain.arrays import Bools, Floats, Ints, Strings
from shared.domain.features.compute import FeatureRows, Targets, compute
from shared.domain.features.context import context
from shared.domain.features.contract import REQUIRED
from shared.domain.features.past import Past
from shared.domain.market import lines
from shared.domain.systems.base import Batch
from shared.domain.vocabulary import RunMode
from shared.ports import Warehouse
from shared.warehouse.history import floats, micros, strings


@dataclass(frozen=True)
class Market:
    """Quotes of n player-games before their cut-offs; NaN without a quote.

    ``line``: the most frequent main line. ``over``: no-vig probability of OVER, the mean of sportsbooks
    with both prices on exactly that line. ``over_price``, ``under_price``: American odds of the preferred
    book on that line (``book_rank``). ``precision``: timestamp precision of its quote, "" without a quote.
    """

    line: Floats
    over: Floats
    over_price: Floats
    under_price: Floats
    precision: Strings


@dataclass(frozen=True)
class Examples:
    """Every player-game played in a range, by date.

    ``context``: (n, 29) further inputs of a forecast without a line. ``earlier``: number of games in the
    three years before. ``minutes_last_10``: mean minutes of the last ten games.
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
    slate_inputs: SlateInputs

    def __len__(self) -> int:
        return len(self.points)

    def with_recent(self, rows: Ints) -> FeatureRows:
        """Return the features of some rows, including their recent games."""
        return compute(self.slate_inputs.past.history, self.targets.take(rows))

    def between(self, first: date, last: date) -> Bools:
        """Return (n,) whether a game is within the dates."""
        return (self.day >= instants.to_day(first)) & (self.day <= instants.to_day(last))

    def batch(self, rows: Ints) -> Batch:
        """Return the system inputs of some rows, with the market's main line."""
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


def complete_rows(examples: Examples) -> Bools:
    """Return (n,) whether no required feature is missing."""
    return ~np.asarray(np.isnan(examples.features.values[:, list(REQUIRED)]).any(axis=-1))


def read_examples(warehouse: Warehouse, first: date, last: date, now: datetime) -> Examples:
    """Return every game played from ``first`` to ``last``, each as of its own cut-off."""
    slate_inputs = SlateInputs.read(warehouse, first, last, now, RunMode.BACKFILL)
    h = slate_inputs.past.history
    at = np.flatnonzero(h.day >= instants.to_day(first))
    at = at[np.lexsort((h.players.entity[at], h.games.game_id[h.game[at]], h.day[at]))]
    player = h.player_ids[h.players.entity[at]]
    targets, _ = slate_inputs.targets(h.game[at], player, h.is_home[at])
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
        market=_market(slate_inputs, h.game[at], player),
        slate_inputs=slate_inputs,
    )


def _market(slate_inputs: SlateInputs, game: Ints, player: Ints) -> Market:
    quotes = slate_inputs.quotes.table
    row = slate_inputs.quotes.row
    row_of_pair = {pair: i for i, pair in enumerate(zip(game.tolist(), player.tolist(), strict=True))}
    pairs = zip(row.tolist(), slate_inputs.quotes.player.tolist(), strict=True)
    group = np.array([row_of_pair.get(pair, -1) for pair in pairs], dtype=np.int64)
    captured = micros(quotes["captured_at"])
    undated = captured == instants.UNKNOWN
    usable = (group >= 0) & (undated | (captured < slate_inputs.as_of[row] if len(row) else undated))
    book, kind = strings(quotes["bookmaker"]), strings(quotes["book_type"])
    rank = lines.book_rank(book, kind)
    order = np.flatnonzero(usable)
    unevenness, line = lines.by_evenness(
        *(floats(quotes[c]) for c in ("points_line", "over_price", "under_price"))
    )
    order = order[
        np.lexsort(
            (-line[order], -unevenness[order], captured[order], ~undated[order], rank[order], group[order])
        )
    ]
    # the latest quote of each player-game and book; quotes with a time come before those without
    last = np.ones(len(order), np.bool_)
    last[:-1] = (group[order][1:] != group[order][:-1]) | (rank[order][1:] != rank[order][:-1])
    latest = order[last]
    return _summarize(quotes.take(pa.array(latest)), group[latest], kind[latest] == "sportsbook", len(game))


def _summarize(quotes: pa.Table, group: Ints, sportsbook: Bools, n: int) -> Market:
    """Return one line per group, with the prices of the books on it; quotes are ordered by preference."""
    line = floats(quotes["points_line"])
    over, under = floats(quotes["over_price"]), floats(quotes["under_price"])
    quoted, code = np.unique(group, return_inverse=True)
    modal = np.full(n, np.nan)
    modal[quoted] = lines.modal_line(code, line, len(quoted))
    on_modal_line = line == modal[group]
    counted = on_modal_line & sportsbook
    count = np.bincount(group[counted], minlength=n)
    total = np.bincount(group[counted], weights=lines.no_vig_over(over, under)[counted], minlength=n)
    first, at = np.unique(group[on_modal_line], return_index=True)
    prices = {name: np.full(n, np.nan) for name in ("over", "under")}
    precision = np.full(n, "", dtype="<U9")
    prices["over"][first], prices["under"][first] = over[on_modal_line][at], under[on_modal_line][at]
    precision[first] = strings(quotes["captured_precision"])[on_modal_line][at]
    return Market(
        line=modal,
        over=np.where(count > 0, total / np.maximum(count, 1), np.nan),
        over_price=prices["over"],
        under_price=prices["under"],
        precision=precision.astype(np.str_),
    )
