"""What a bet on a probability would be worth at the quoted prices. Information, never an order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.market.lines import payout
from shared.domain.market.recommendation import PASS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KELLY_SHARE = 0.25
"""Share of the stake that would make a bankroll grow fastest, which forgives no error of P(OVER)."""

MAX_STAKE = 0.02
"""Of the bankroll."""

MIN_VALUE = 0.02
"""Expected value under which a bet lies within the error of the probability."""

AGAINST = ("no_line", "no_price", "no_value", "points_disagree", "no_side", None)
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


def sides_and_bets(
    side: Ints, over: Floats, edge: Floats, over_price: Floats, under_price: Floats
) -> tuple[Ints, Bets]:
    """Return the sides of a system that gives probabilities, and the bets that they stand for.

    ``side``: positions in ``SIDES`` by edge and confidence alone. A side is kept where its bet is worth
    something at the quoted price and is PASS elsewhere, so that a side and a reason against the bet never
    stand in one row, nor PASS and a stake.
    """
    found = bets(over, edge, over_price, under_price, side == PASS)
    refused = (side > PASS) & (found.stake == 0.0)
    return np.where(refused, PASS, side), found


def no_bet_reason(recommendation: str, reason: str | None) -> str | None:
    """Return the reason against a bet that may be shown next to a recommendation.

    Rows stored before sides looked at prices can hold a side and a reason: the side is what was graded,
    and what its bet was worth is in ``expected_value``.
    """
    return None if recommendation in ("OVER", "UNDER") else reason


def bets(
    over: Floats,
    edge: Floats,
    over_price: Floats,
    under_price: Floats,
    passed: NDArray[np.bool_] | None = None,
) -> Bets:
    """``over``: P(OVER) 0-1, NaN without a line. ``edge``: predicted points less the line.

    Reasons against: ``no_line``, ``no_price``, ``no_value`` (under ``MIN_VALUE``),
    ``points_disagree`` where the points lie on the other side of the line than the better bet, and
    ``no_side`` where the system ``passed``: its edge or its confidence is below its minimum.
    """
    chance = np.array([over, 1.0 - over])
    profit = payout(np.array([over_price, under_price]))
    values = chance * profit - (1.0 - chance)
    ranked = np.where(np.isnan(values), -np.inf, values)
    under = ranked[1] > ranked[0]
    value = np.where(under, values[1], values[0])
    disagree = np.where(under, edge > 0, edge < 0)
    no_side = np.zeros_like(under) if passed is None else passed
    unknown = np.isnan(over), np.isnan(value)
    holds = np.array([*unknown, value < MIN_VALUE, disagree, no_side, np.ones_like(under)])
    against = holds.argmax(axis=0)
    full = np.where(against == NOTHING, value / np.where(under, profit[1], profit[0]), 0.0)
    stake = np.minimum(KELLY_SHARE * full, MAX_STAKE)
    return Bets(value, stake, tuple([AGAINST[i] for i in against.tolist()]))
