from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.market.betting import KELLY_SHARE, MAX_STAKE, Bets, bets, no_bet_reason, sides_and_bets
from shared.domain.market.recommendation import NO_LINE, OVER, PASS, SIDES, UNDER

NAN = float("nan")


def one(over: float, edge: float, over_price: float, under_price: float) -> Bets:
    return bets(*(np.array([v]) for v in (over, edge, over_price, under_price)))


def test_the_better_side_at_its_price() -> None:
    found = one(0.58, 1.2, -110, -110)
    assert found.against == (None,)
    assert found.value[0] == pytest.approx(0.58 * 100 / 110 - 0.42)
    assert found.stake[0] == pytest.approx(min(KELLY_SHARE * found.value[0] / (100 / 110), MAX_STAKE))
    under = one(0.42, -1.2, -110, -110)
    assert under.value[0] == pytest.approx(found.value[0])
    only_under = one(0.42, -1.2, NAN, 120)
    assert only_under.value[0] == pytest.approx(0.58 * 1.2 - 0.42)


@pytest.mark.parametrize(
    ("over", "edge", "over_price", "under_price", "why"),
    [
        (NAN, NAN, NAN, NAN, "no_line"),
        (0.6, 1.0, NAN, NAN, "no_price"),
        (0.5, 0.1, -110, -110, "no_value"),
        (0.53, 0.3, -110, -110, "no_value"),
        (0.6, -0.1, -110, -110, "points_disagree"),
    ],
)
def test_no_stake_without_a_reason_to_bet(
    over: float, edge: float, over_price: float, under_price: float, why: str
) -> None:
    found = one(over, edge, over_price, under_price)
    assert found.against == (why,)
    assert found.stake[0] == 0.0


@given(st.floats(0.01, 0.99), st.integers(-400, -101), st.integers(101, 400))
def test_a_stake_is_small_and_never_taken_at_a_loss(over: float, minus: int, plus: int) -> None:
    found = one(over, 1.0 if over > 0.5 else -1.0, minus, plus)
    assert 0.0 <= found.stake[0] <= MAX_STAKE
    assert (found.stake[0] > 0) == (found.against[0] is None)
    assert found.stake[0] == 0.0 or found.value[0] > 0


@pytest.mark.parametrize(
    ("side", "over", "edge", "prices", "kept", "why"),
    [
        (OVER, 0.58, 1.2, (-110, -110), OVER, None),
        (OVER, 0.54, 1.2, (-140, 110), PASS, "no_value"),  # the price is too poor for 54 %
        (UNDER, 0.40, -1.2, (NAN, NAN), PASS, "no_price"),
        (OVER, 0.53, 1.2, (-140, 130), PASS, "points_disagree"),  # the better bet is on the other side
        (PASS, 0.60, 0.6, (-110, -110), PASS, "no_side"),  # an edge below the minimum is no bet
        (NO_LINE, NAN, NAN, (NAN, NAN), NO_LINE, "no_line"),
    ],
)
def test_a_side_is_a_bet_and_a_bet_is_a_side(
    side: int, over: float, edge: float, prices: tuple[float, float], kept: int, why: str | None
) -> None:
    arrays = (np.array([v]) for v in (over, edge, *prices))
    sides, found = sides_and_bets(np.array([side]), *arrays)
    assert (sides.tolist(), found.against) == ([kept], (why,))
    assert (found.stake[0] > 0) == (why is None)


price = st.one_of(st.integers(-400, -101), st.integers(101, 400), st.just(NAN))


@given(st.sampled_from((PASS, OVER, UNDER)), st.floats(0.01, 0.99), st.floats(0.01, 9), price, price)
def test_a_side_and_a_reason_against_it_never_stand_together(
    side: int, over: float, size: float, over_price: float, under_price: float
) -> None:
    edge = -size if side == UNDER else size
    values = (np.array([v]) for v in (over, edge, over_price, under_price))
    sides, found = sides_and_bets(np.array([side]), *values)
    assert (sides[0] in (OVER, UNDER)) == (found.against[0] is None) == (found.stake[0] > 0)
    assert sides[0] in (side, PASS)


def test_a_row_of_before_keeps_its_side_and_shows_no_reason_next_to_it() -> None:
    shown = {side: no_bet_reason(side, "no_value") for side in SIDES}
    assert shown == {"NO_LINE": "no_value", "PASS": "no_value", "OVER": None, "UNDER": None}
