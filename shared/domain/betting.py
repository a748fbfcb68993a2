"""What a bet on a probability would be worth at the quoted prices. Information, never an order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.lines import payout

Floats = NDArray[np.float64]

KELLY_SHARE = 0.25
"""Share of the stake that would make a bankroll grow fastest, which forgives no error of P(OVER)."""

MOST_STAKE = 0.02
"""Of the bankroll."""

LEAST_VALUE = 0.02
"""Expected value under which a bet lies within the error of the probability."""

AGAINST = ("no_line", "no_price", "no_value", "points_disagree", None)
"""Reasons against a bet: of those that hold the first is told."""

NOTHING = AGAINST.index(None)


@dataclass(frozen=True)
class Bets:
    """The better side of each of n lines.

    ``value``: expected profit per unit staked, pushes out; NaN where no side has a price. ``stake``: share of
    the bankroll, 0 where there is a reason against. ``against``: that reason, None for a bet.
    """

    value: Floats
    stake: Floats
    against: tuple[str | None, ...]


def bets(over: Floats, edge: Floats, over_price: Floats, under_price: Floats) -> Bets:
    """``over``: P(OVER) 0-1, NaN without a line. ``edge``: predicted points less the line.

    Reasons against: ``no_line``, ``no_price``, ``no_value`` (under ``LEAST_VALUE``), and
    ``points_disagree`` where the points lie on the other side of the line than the better bet.
    """
    chance = np.array([over, 1.0 - over])
    profit = payout(np.array([over_price, under_price]))
    values = chance * profit - (1.0 - chance)
    ranked = np.where(np.isnan(values), -np.inf, values)
    under = ranked[1] > ranked[0]
    value = np.where(under, values[1], values[0])
    disagree = np.where(under, edge > 0, edge < 0)
    holds = np.array([np.isnan(over), np.isnan(value), value < LEAST_VALUE, disagree, np.ones_like(under)])
    against = holds.argmax(axis=0)
    full = np.where(against == NOTHING, value / np.where(under, profit[1], profit[0]), 0.0)
    stake = np.minimum(KELLY_SHARE * full, MOST_STAKE)
    return Bets(value, stake, tuple([AGAINST[i] for i in against.tolist()]))
