"""Expected value of a bet on a probability at the quoted prices. Information, never an order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Bools, Floats, Ints
from shared.domain.market.lines import payout
from shared.domain.market.recommendation import PASS
from shared.domain.vocabulary import Side

KELLY_SHARE = 0.25
"""Share of the full Kelly stake, which is too high if P(OVER) is wrong."""

MAX_STAKE = 0.02
"""Maximum share of the bankroll."""

MIN_VALUE = 0.02
"""Minimum expected value; less is within the error of the probability."""

AGAINST = ("no_line", "no_price", "no_value", "points_disagree", "no_side", None)
"""Reasons against a bet, in order of precedence: the first that applies is reported."""

NO_REASON = AGAINST.index(None)


@dataclass(frozen=True)
class Bets:
    """The better side of each of n lines.

    ``value``: expected profit per unit staked, pushes excluded; NaN where no side has a price. ``stake``:
    share of the bankroll, 0 if there is a reason against. ``against``: that reason, None for a bet.
    """

    value: Floats
    stake: Floats
    against: tuple[str | None, ...]


def sides_and_bets(
    side: Ints, over: Floats, edge: Floats, over_price: Floats, under_price: Floats
) -> tuple[Ints, Bets]:
    """Return the sides of a system that gives probabilities, and the bets on them.

    ``side``: positions in ``SIDES`` by edge and confidence alone. A side whose bet has no value at the
    quoted price becomes PASS, so that no row has a side and a reason against the bet, or PASS and a
    stake.
    """
    side_bets = bets(over, edge, over_price, under_price, side == PASS)
    is_rejected = (side < PASS) & (side_bets.stake == 0.0)
    return np.where(is_rejected, PASS, side), side_bets


def no_bet_reason(recommendation: str, reason: str | None) -> str | None:
    """Return the reason against a bet that may be shown next to a recommendation.

    Rows stored before sides depended on prices can have a side and a reason: grading uses the side, and
    ``expected_value`` has the value of its bet.
    """
    return None if recommendation in (Side.OVER, Side.UNDER) else reason


def bets(
    over: Floats, edge: Floats, over_price: Floats, under_price: Floats, passed: Bools | None = None
) -> Bets:
    """Return bets. ``over``: P(OVER) 0-1, NaN without a line. ``edge``: predicted points less the line.

    Reasons against: ``no_line``, ``no_price``, ``no_value`` (under ``MIN_VALUE``),
    ``points_disagree`` if predicted points and better bet are on different sides of the line, and
    ``no_side`` where the system ``passed``: its edge or its confidence is below its minimum.
    """
    probability = np.array([over, 1.0 - over])
    profit = payout(np.array([over_price, under_price]))
    values = probability * profit - (1.0 - probability)
    ranked = np.where(np.isnan(values), -np.inf, values)
    is_under = ranked[1] > ranked[0]
    value = np.where(is_under, values[1], values[0])
    disagree = np.where(is_under, edge > 0, edge < 0)
    no_side = np.zeros_like(is_under) if passed is None else passed
    is_missing = np.isnan(over), np.isnan(value)
    applies = np.array([*is_missing, value < MIN_VALUE, disagree, no_side, np.ones_like(is_under)])
    against = applies.argmax(axis=0)
    full_kelly = np.where(against == NO_REASON, value / np.where(is_under, profit[1], profit[0]), 0.0)
    stake = np.minimum(KELLY_SHARE * full_kelly, MAX_STAKE)
    return Bets(value, stake, tuple([AGAINST[i] for i in against.tolist()]))
